//! What every AWS client of a process shares: region, credentials, HTTP client, endpoint.

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use aws_types::region::Region;
use kernel::{Error, Result};
use std::sync::Arc;
use std::time::Duration;

use crate::Env;

/// The roots that AWS endpoints chain to (Amazon Trust Services): five certificates instead of the system's hundred and forty,
/// whose scan takes most of a cold start.
const ROOTS: &[u8] = include_bytes!("roots.pem");

/// The shared configuration of all AWS clients.
#[derive(Clone, Debug)]
pub struct Connection {
    config: Arc<SdkConfig>,
}

impl Connection {
    /// From the environment that Lambda gives: region, static credentials, and `AWS_ENDPOINT_URL` for emulators.
    pub fn from_env(env: &Env) -> Result<Self> {
        let credentials = Credentials::new(
            env.need("AWS_ACCESS_KEY_ID")?,
            env.need("AWS_SECRET_ACCESS_KEY")?,
            env.find("AWS_SESSION_TOKEN"),
            None,
            "environment",
        );
        Self::new(&env.need("AWS_REGION")?, credentials, env.find("AWS_ENDPOINT_URL"))
    }

    /// To an endpoint on this machine that checks no signature.
    pub fn loopback(endpoint: &str) -> Result<Self> {
        let credentials = Credentials::new("local", "local", None, None, "loopback");
        Self::new("us-east-1", credentials, Some(endpoint.to_owned()))
    }

    fn new(region: &str, credentials: Credentials, endpoint: Option<String>) -> Result<Self> {
        let mut config = SdkConfig::builder()
            .behavior_version(aws_smithy_runtime_api::client::behavior_version::BehaviorVersion::latest())
            .region(Region::new(region.to_owned()))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .http_client(http_client()?)
            .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
            .retry_config(RetryConfig::standard().with_max_attempts(3).with_initial_backoff(Duration::from_millis(50)))
            .timeout_config(
                TimeoutConfig::builder()
                    .connect_timeout(Duration::from_millis(1500))
                    .operation_attempt_timeout(Duration::from_secs(5))
                    .build(),
            );
        config.set_endpoint_url(endpoint);
        Ok(Self { config: Arc::new(config.build()) })
    }

    /// For building a client.
    pub fn config(&self) -> &SdkConfig {
        &self.config
    }

    /// The same without retries and with more patience, for calls that must not be repeated blindly: sending.
    pub fn once(&self) -> SdkConfig {
        self.config
            .to_builder()
            .retry_config(RetryConfig::disabled())
            .timeout_config(
                TimeoutConfig::builder()
                    .connect_timeout(Duration::from_secs(3))
                    .operation_attempt_timeout(Duration::from_secs(20))
                    .build(),
            )
            .build()
    }
}

fn http_client() -> Result<SharedHttpClient> {
    let roots = TrustStore::empty().with_pem_certificate(ROOTS);
    let tls = TlsContext::builder()
        .with_trust_store(roots)
        .build()
        .map_err(|error| Error::internal(format!("the trust store cannot be used: {error}")))?;
    Ok(aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::AwsLc)).tls_context(tls).build_https())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bundled_roots_are_certificates() {
        let text = std::str::from_utf8(ROOTS).unwrap();
        assert_eq!(text.matches("BEGIN CERTIFICATE").count(), 5);
        assert!(Connection::loopback("http://127.0.0.1:1").is_ok());
    }

    #[test]
    fn a_missing_credential_is_named() {
        let env = Env::of([("AWS_REGION", "eu-west-1".to_owned())]);
        let error = Connection::from_env(&env).unwrap_err();
        assert!(format!("{error:?}").contains("AWS_ACCESS_KEY_ID"));
    }
}
