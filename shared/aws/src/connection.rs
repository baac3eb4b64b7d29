//! What every AWS client of a process shares: region, credentials, HTTP client, endpoint.

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use aws_types::region::Region;
use kernel::Result;
use std::sync::Arc;
use std::time::Duration;

use crate::Env;
use crate::client::Pools;

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
        Ok(Self::new(&env.need("AWS_REGION")?, credentials, env.find("AWS_ENDPOINT_URL")))
    }

    /// To an endpoint on this machine that checks no signature.
    pub fn loopback(endpoint: &str) -> Self {
        let credentials = Credentials::new("local", "local", None, None, "loopback");
        Self::new("us-east-1", credentials, Some(endpoint.to_owned()))
    }

    fn new(region: &str, credentials: Credentials, endpoint: Option<String>) -> Self {
        let mut config = SdkConfig::builder()
            .behavior_version(aws_smithy_runtime_api::client::behavior_version::BehaviorVersion::latest())
            .region(Region::new(region.to_owned()))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .http_client(Pools::default())
            .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
            .retry_config(RetryConfig::standard().with_max_attempts(3).with_initial_backoff(Duration::from_millis(50)))
            .timeout_config(
                TimeoutConfig::builder()
                    .connect_timeout(Duration::from_millis(1500))
                    .operation_attempt_timeout(Duration::from_secs(5))
                    .build(),
            );
        config.set_endpoint_url(endpoint);
        Self { config: Arc::new(config.build()) }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_credential_is_named() {
        let env = Env::of([("AWS_REGION", "eu-west-1".to_owned())]);
        let error = Connection::from_env(&env).unwrap_err();
        assert!(format!("{error:?}").contains("AWS_ACCESS_KEY_ID"));
    }
}
