//! The network: SES and SMTP. Retries are off; every error is sorted by the one question that matters, whether the message can
//! have left.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use aws::Connection;
use aws_sdk_sesv2::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sesv2::primitives::Blob;
use aws_sdk_sesv2::types::{Destination, EmailContent, MessageTag, RawMessage};
use kernel::crypto::sha256;
use lettre::address::Envelope;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::{AsyncSmtpTransport, PoolConfig};
use lettre::{Address, AsyncTransport, Tokio1Executor};
use providers::{Call, Reply, Security, SesCall, SmtpCall};

type Smtp = AsyncSmtpTransport<Tokio1Executor>;

/// Most SMTP servers that connections are kept to.
const SERVERS: usize = 50;
/// How long one step of an SMTP exchange may take.
const PATIENCE: Duration = Duration::from_secs(15);

/// Clients, built when first used.
#[derive(Clone)]
pub struct Wire {
    connection: Option<Connection>,
    configuration_set: Option<String>,
    inward: bool,
    ses: Arc<OnceLock<aws_sdk_sesv2::Client>>,
    smtp: Arc<Mutex<BTreeMap<[u8; 32], Smtp>>>,
}

impl std::fmt::Debug for Wire {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Wire")
    }
}

impl Wire {
    /// Through AWS, publishing events by that configuration set unless an account names its own.
    pub fn new(connection: Connection, configuration_set: Option<String>) -> Self {
        Self { connection: Some(connection), configuration_set, inward: false, ses: Arc::default(), smtp: Arc::default() }
    }

    /// From a person's machine: SMTP anywhere, also to this machine; no AWS.
    pub fn at_home() -> Self {
        Self { connection: None, configuration_set: None, inward: true, ses: Arc::default(), smtp: Arc::default() }
    }

    /// Carries the call out, once.
    pub async fn carry(&self, call: &Call) -> Reply {
        match call {
            Call::Ses(call) => self.ses(call).await,
            Call::Smtp(call) => self.smtp(call).await,
            Call::Capture(_) => refused("the capture provider works on a local machine only"),
        }
    }

    async fn ses(&self, call: &SesCall) -> Reply {
        let Some(connection) = &self.connection else { return refused("no AWS credentials on this machine") };
        let client = match &call.region {
            None => self.ses.get_or_init(|| aws_sdk_sesv2::Client::new(&connection.once())).clone(),
            Some(region) => {
                let region = aws_sdk_sesv2::config::Region::new(region.clone());
                aws_sdk_sesv2::Client::new(&connection.once().to_builder().region(region).build())
            }
        };
        let raw = match RawMessage::builder().data(Blob::new(call.raw.clone())).build() {
            Ok(raw) => raw,
            Err(error) => return refused(&error.to_string()),
        };
        let mut request = client
            .send_email()
            .from_email_address(call.from.as_str())
            .destination(
                Destination::builder().set_to_addresses(Some(call.to.iter().map(ToString::to_string).collect())).build(),
            )
            .content(EmailContent::builder().raw(raw).build())
            .set_configuration_set_name(call.configuration_set.clone().or_else(|| self.configuration_set.clone()));
        for (name, value) in &call.tags {
            match MessageTag::builder().name(name).value(value).build() {
                Ok(tag) => request = request.email_tags(tag),
                Err(error) => return refused(&error.to_string()),
            }
        }
        match request.send().await {
            Ok(output) => Reply::Accepted { id: output.message_id().unwrap_or_default().to_owned() },
            Err(error) => ses_error(&error),
        }
    }

    async fn smtp(&self, call: &SmtpCall) -> Reply {
        if !self.inward
            && let Err(text) = outward(&call.host, call.port).await
        {
            return Reply::Unreached { text };
        }
        let address = |email: &kernel::Email| email.as_str().parse::<Address>().ok();
        let to: Option<Vec<Address>> = call.to.iter().map(address).collect();
        let envelope = match to.map(|to| Envelope::new(address(&call.from), to)) {
            Some(Ok(envelope)) => envelope,
            Some(Err(_)) | None => return refused("the envelope cannot be written"),
        };
        let transport = match self.transport(call) {
            Ok(transport) => transport,
            Err(text) => return Reply::Unreached { text },
        };
        match transport.send_raw(&envelope, &call.raw).await {
            Ok(response) => {
                let id = response.message().collect::<Vec<_>>().join(" ");
                Reply::Accepted { id: domain::message::cut(&id, 120) }
            }
            Err(error) => smtp_error(&error),
        }
    }

    fn transport(&self, call: &SmtpCall) -> Result<Smtp, String> {
        let login = call.login.as_ref().map(|(name, password)| format!("{name}\0{}", password.reveal())).unwrap_or_default();
        let name = sha256(format!("{}\0{}\0{:?}\0{login}", call.host, call.port, call.security).as_bytes());
        let mut transports = self.smtp.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(transport) = transports.get(&name) {
            return Ok(transport.clone());
        }
        let builder = match call.security {
            Security::Starttls => Smtp::starttls_relay(&call.host),
            Security::Tls => Smtp::relay(&call.host),
            Security::None => Ok(Smtp::builder_dangerous(call.host.clone())),
        };
        let mut builder = builder.map_err(|error| error.to_string())?.port(call.port).timeout(Some(PATIENCE));
        builder = builder.pool_config(PoolConfig::new().max_size(4).idle_timeout(Duration::from_secs(30)));
        if let Some((name, password)) = &call.login {
            builder = builder.credentials(Credentials::new(name.clone(), password.reveal().to_owned()));
        }
        let transport = builder.build::<Tokio1Executor>();
        if transports.len() >= SERVERS {
            transports.clear();
        }
        transports.insert(name, transport.clone());
        Ok(transport)
    }
}

fn refused(text: &str) -> Reply {
    Reply::Refused { status: 400, code: "AccountSuspendedException".to_owned(), text: text.to_owned(), after: None }
}

fn ses_error<E: ProvideErrorMetadata + std::fmt::Debug>(error: &SdkError<E>) -> Reply {
    match error {
        SdkError::ServiceError(failed) => {
            let after = failed.raw().headers().get("retry-after").and_then(|after| after.parse().ok());
            Reply::Refused {
                status: failed.raw().status().as_u16(),
                code: error.code().unwrap_or_default().to_owned(),
                text: error.message().unwrap_or_default().to_owned(),
                after,
            }
        }
        // The connection was never made, or the request never built: nothing left.
        SdkError::ConstructionFailure(_) => Reply::Unreached { text: "the request could not be built".to_owned() },
        SdkError::DispatchFailure(failed) if !failed.is_timeout() && connect_failed(failed) => {
            Reply::Unreached { text: "SES could not be reached".to_owned() }
        }
        SdkError::DispatchFailure(_) | SdkError::TimeoutError(_) => Reply::Lost { text: "SES did not answer".to_owned() },
        SdkError::ResponseError(_) => Reply::Lost { text: "the answer of SES could not be read".to_owned() },
        _ => Reply::Lost { text: "an unknown kind of failure".to_owned() },
    }
}

/// Whether the failure happened while connecting, by the chain of causes: the connector's own error says so.
fn connect_failed(failed: &aws_smithy_runtime_api::client::result::DispatchFailure) -> bool {
    let mut source: Option<&dyn std::error::Error> = failed.as_connector_error().map(|error| error as &dyn std::error::Error);
    while let Some(error) = source {
        let text = error.to_string();
        if text.contains("client error (Connect)") || text.contains("dns error") || text.contains("tcp connect error") {
            return true;
        }
        source = error.source();
    }
    false
}

fn smtp_error(error: &lettre::transport::smtp::Error) -> Reply {
    let text = chain(error);
    if let Some(status) = error.status() {
        let status = u16::from(status);
        return Reply::Refused { status, code: enhanced(&text), text: domain::message::cut(&text, 300), after: None };
    }
    // The client refuses before it speaks, TLS fails before the envelope; a timeout may strike after the last byte.
    if error.is_client() || error.is_tls() || text.contains("onnection error") {
        return Reply::Unreached { text };
    }
    Reply::Lost { text }
}

/// The enhanced status code in an answer (RFC 3463), such as `5.1.1`.
fn enhanced(text: &str) -> String {
    let shaped = |word: &&str| {
        let parts: Vec<&str> = word.split('.').collect();
        parts.len() == 3
            && parts.iter().all(|part| !part.is_empty() && part.len() <= 3 && part.bytes().all(|b| b.is_ascii_digit()))
    };
    text.split([' ', ':', ';', '(', ')']).find(shaped).unwrap_or_default().to_owned()
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

/// Refuses servers that are this machine or its private surroundings: a tenant names the host, and within a function loopback
/// is the runtime's own interface.
async fn outward(host: &str, port: u16) -> Result<(), String> {
    let addresses = tokio::net::lookup_host((host, port)).await.map_err(|error| format!("{host}: {error}"))?;
    for address in addresses {
        if is_inward(address.ip()) {
            return Err(format!("{host} is not a public address"));
        }
    }
    Ok(())
}

fn is_inward(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            let [a, b, ..] = ip.octets();
            ip.is_loopback()
                || ip.is_private()
                || ip.is_link_local()
                || ip.is_unspecified()
                || ip.is_broadcast()
                || ip.is_multicast()
                || (a == 100 && (64..128).contains(&b))
                || a == 0
                || a >= 240
        }
        IpAddr::V6(ip) => match ip.to_ipv4_mapped() {
            Some(mapped) => is_inward(IpAddr::V4(mapped)),
            None => {
                let first = ip.segments().first().copied().unwrap_or_default();
                ip.is_loopback()
                    || ip.is_unspecified()
                    || ip.is_multicast()
                    || (first & 0xfe00) == 0xfc00
                    || (first & 0xffc0) == 0xfe80
                    || first == 0x0064
                    || first == 0x2002
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_surroundings_are_inward() {
        for inward in [
            "127.0.0.1",
            "10.0.0.8",
            "169.254.169.254",
            "100.64.0.1",
            "::1",
            "fd00::1",
            "fe80::1",
            "::ffff:127.0.0.1",
            "64:ff9b::7f00:1",
        ] {
            assert!(is_inward(inward.parse().unwrap()), "{inward}");
        }
        for outward in ["8.8.8.8", "2001:4860:4860::8888", "172.32.0.1"] {
            assert!(!is_inward(outward.parse().unwrap()), "{outward}");
        }
    }

    #[test]
    fn the_enhanced_code_is_found() {
        assert_eq!(enhanced("permanent error (550): 5.1.1 user unknown"), "5.1.1");
        assert_eq!(enhanced("no code in 10.0.0.1 here"), "");
    }
}
