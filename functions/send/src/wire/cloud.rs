//! What goes out by the SDK of AWS: mail by SES, text messages by SNS. The process's own role is the login.

use std::sync::{Arc, OnceLock};

use aws::Connection;
use aws_sdk_sesv2::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sesv2::primitives::Blob;
use aws_sdk_sesv2::types::{Destination, EmailContent, MessageTag, RawMessage};
use aws_sdk_sns::types::MessageAttributeValue;
use aws_types::SdkConfig;
use aws_types::region::Region;
use net::pieces;
use providers::{HttpCall, Reply, SesCall, SnsCall};

use super::ses;

/// The one attribute of a text message that is a number.
const MAX_PRICE: &str = "AWS.SNS.SMS.MaxPrice";

/// Clients for the function's own region, built when first used.
#[derive(Clone)]
pub struct Cloud {
    connection: Connection,
    configuration_set: Option<String>,
    ses: Arc<OnceLock<aws_sdk_sesv2::Client>>,
    sns: Arc<OnceLock<aws_sdk_sns::Client>>,
}

impl std::fmt::Debug for Cloud {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Cloud")
    }
}

impl Cloud {
    /// Publishes the events of mail by that configuration set unless an account names its own.
    pub fn new(connection: Connection, configuration_set: Option<String>) -> Self {
        Self { connection, configuration_set, ses: Arc::default(), sns: Arc::default() }
    }

    /// Region and role.
    pub const fn connection(&self) -> &Connection {
        &self.connection
    }

    fn elsewhere(&self, region: &str) -> SdkConfig {
        self.connection.once().to_builder().region(Region::new(region.to_owned())).build()
    }

    /// The request for mail with stored files. None where an emulator stands in for AWS: it is spoken to by the SDK alone.
    pub fn request(&self, call: &SesCall) -> Option<HttpCall> {
        let config = self.connection.config();
        let real = config.endpoint_url().is_none() && pieces::has_files(&call.raw);
        let region = call.region.as_deref().or_else(|| config.region().map(AsRef::as_ref)).filter(|_| real)?;
        let configuration_set = call.configuration_set.as_deref().or(self.configuration_set.as_deref());
        Some(ses::request(call, region, configuration_set))
    }

    fn mailer(&self, region: Option<&str>) -> aws_sdk_sesv2::Client {
        match region {
            None => self.ses.get_or_init(|| aws_sdk_sesv2::Client::new(&self.connection.once())).clone(),
            Some(region) => aws_sdk_sesv2::Client::new(&self.elsewhere(region)),
        }
    }

    /// Asks SES whether the AWS account may send.
    pub async fn look(&self, region: Option<&str>) -> Reply {
        match self.mailer(region).get_account().send().await {
            Ok(account) if account.sending_enabled() => Reply::Accepted { id: String::new() },
            Ok(_) => Reply::Refused {
                status: 400,
                code: "SendingPausedException".to_owned(),
                text: "sending is switched off for the AWS account".to_owned(),
                after: None,
            },
            Err(error) => failed("SES", &error),
        }
    }

    /// Sends mail; `raw` is the call's body.
    pub async fn ses(&self, call: &SesCall, raw: Vec<u8>) -> Reply {
        let client = self.mailer(call.region.as_deref());
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
            Err(error) => failed("SES", &error),
        }
    }

    /// Sends a text message.
    pub async fn sns(&self, call: &SnsCall) -> Reply {
        let client = match &call.region {
            None => self.sns.get_or_init(|| aws_sdk_sns::Client::new(&self.connection.once())).clone(),
            Some(region) => aws_sdk_sns::Client::new(&self.elsewhere(region)),
        };
        let mut request = client.publish().phone_number(&call.to).message(&call.text);
        for (name, value) in &call.attributes {
            let kind = if *name == MAX_PRICE { "Number" } else { "String" };
            match MessageAttributeValue::builder().data_type(kind).string_value(value).build() {
                Ok(value) => request = request.message_attributes(*name, value),
                Err(error) => return refused(&error.to_string()),
            }
        }
        match request.send().await {
            Ok(output) => Reply::Accepted { id: output.message_id().unwrap_or_default().to_owned() },
            Err(error) => failed("SNS", &error),
        }
    }
}

/// The account cannot do this here.
pub fn refused(text: &str) -> Reply {
    Reply::Refused { status: 400, code: "AccountSuspendedException".to_owned(), text: text.to_owned(), after: None }
}

fn failed<E: ProvideErrorMetadata + std::fmt::Debug>(service: &str, error: &SdkError<E>) -> Reply {
    match error {
        // A success that cannot be read comes as an error that nobody knows.
        SdkError::ServiceError(failed) if failed.raw().status().is_success() => {
            Reply::Lost { text: format!("the answer of {service} could not be read") }
        }
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
            Reply::Unreached { text: format!("{service} could not be reached") }
        }
        SdkError::DispatchFailure(_) | SdkError::TimeoutError(_) => Reply::Lost { text: format!("{service} did not answer") },
        SdkError::ResponseError(_) => Reply::Lost { text: format!("the answer of {service} could not be read") },
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
