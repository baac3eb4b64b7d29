//! The network: SES and SMTP. Retries are off; every error is sorted by the one question that matters, whether the message can
//! have left.

mod answer;
mod dialogue;
pub mod names;
pub mod patience;
pub mod smtp;

use std::sync::{Arc, OnceLock};

use aws::Connection;
use aws_sdk_sesv2::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sesv2::primitives::Blob;
use aws_sdk_sesv2::types::{Destination, EmailContent, MessageTag, RawMessage};
use providers::{Call, Reply, SesCall};

use names::Reach;
use smtp::Smtp;

/// Clients, built when first used.
#[derive(Clone)]
pub struct Wire {
    connection: Option<Connection>,
    configuration_set: Option<String>,
    ses: Arc<OnceLock<aws_sdk_sesv2::Client>>,
    smtp: Smtp,
}

impl std::fmt::Debug for Wire {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Wire")
    }
}

impl Wire {
    /// Through AWS, publishing events by that configuration set unless an account names its own; SMTP to public servers.
    pub fn new(connection: Connection, configuration_set: Option<String>) -> Self {
        Self { connection: Some(connection), configuration_set, ses: Arc::default(), smtp: Smtp::new(Reach::Outward) }
    }

    /// Through SMTP alone: no AWS.
    pub fn smtp_alone(smtp: Smtp) -> Self {
        Self { connection: None, configuration_set: None, ses: Arc::default(), smtp }
    }

    /// From a person's machine: SMTP anywhere, also to this machine; no AWS.
    pub fn at_home() -> Self {
        Self::smtp_alone(Smtp::new(Reach::Anywhere))
    }

    /// Carries the call out, once.
    pub async fn carry(&self, call: &Call) -> Reply {
        match call {
            Call::Ses(call) => self.ses(call).await,
            Call::Smtp(call) => self.smtp.submit(call).await,
            Call::Sns(_) | Call::Http(_) => refused("nothing carries such calls"),
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
        let Some(raw) = call.raw.whole() else { return refused("the message's stored files cannot be read") };
        let raw = match RawMessage::builder().data(Blob::new(raw)).build() {
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
