//! What a request to send says.

use std::collections::BTreeMap;

use domain::flows::accept::{Order, To};
use domain::{Category, Channel};
use kernel::ids::{AccountId, ContactId};
use kernel::{Email, Locale, Time};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::reply::words::ChannelWord;
use crate::versions::Content;

/// A message to send: to one recipient, made of a template or of content that it brings along.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewMessage {
    /// Whom it is for.
    to: NewRecipient,
    /// The medium; the template's when not said.
    #[schema(value_type = Option<ChannelWord>)]
    channel: Option<Channel>,
    /// Id or name of the template. Either this or `content` is needed.
    #[schema(example = "ticket")]
    template: Option<String>,
    /// Another version than the live one.
    #[schema(minimum = 1)]
    version: Option<u32>,
    /// Content instead of a template.
    content: Option<Content>,
    /// Another locale than the contact's.
    #[schema(value_type = Option<String>, example = "de")]
    locale: Option<Locale>,
    /// Values for the template.
    #[serde(default)]
    #[schema(value_type = Object, required = false)]
    variables: Map<String, Value>,
    /// Data of yours that comes back with the message: at most 20 entries.
    #[serde(default)]
    #[schema(value_type = Object, required = false)]
    metadata: Map<String, Value>,
    /// Further mail headers: at most 20.
    #[serde(default)]
    #[schema(required = false)]
    headers: BTreeMap<String, String>,
    /// Where answers go.
    #[schema(value_type = Option<String>, format = Email)]
    reply_to: Option<Email>,
    /// Visible further recipients.
    #[serde(default)]
    #[schema(value_type = Vec<String>, required = false)]
    cc: Vec<Email>,
    /// Hidden further recipients.
    #[serde(default)]
    #[schema(value_type = Vec<String>, required = false)]
    bcc: Vec<Email>,
    /// Words to find it by.
    #[serde(default)]
    #[schema(required = false, max_items = 20)]
    tags: Vec<String>,
    /// Another category than the template's. All but `transactional` need an opt-in and can be left.
    #[schema(value_type = Option<String>, example = "transactional")]
    category: Option<Category>,
    /// Not before then; at most 366 days ahead.
    #[serde(default, with = "kernel::clock::rfc3339::option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    send_at: Option<Time>,
    /// The one account to use.
    #[schema(value_type = Option<String>)]
    account: Option<AccountId>,
    /// Decide and render, but call no provider.
    #[serde(default)]
    #[schema(required = false)]
    sandbox: bool,
    /// Whether opens and clicks are tracked.
    #[serde(default = "yes")]
    #[schema(required = false, default = true)]
    track: bool,
}

/// Whom a message is for: a contact, or a bare address.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewRecipient {
    /// The contact. Either this or `email` is needed.
    #[schema(value_type = Option<String>, example = "con_0195527c0d7b7c3e8a51d2b0f3a94c11")]
    contact: Option<ContactId>,
    /// The address, when it is for no contact.
    #[schema(value_type = Option<String>, format = Email)]
    email: Option<Email>,
    /// The name shown beside the address; the contact's when not said.
    #[schema(max_length = 200)]
    name: Option<String>,
}

const fn yes() -> bool {
    true
}

impl From<NewMessage> for Order {
    fn from(new: NewMessage) -> Self {
        let NewMessage { to: NewRecipient { contact, email, name }, channel, template, version, content, locale, .. } = new;
        Self {
            to: To { contact, email, name },
            channel,
            template,
            version,
            content: content.map(Into::into),
            locale,
            variables: new.variables,
            metadata: new.metadata,
            headers: new.headers,
            reply_to: new.reply_to,
            cc: new.cc,
            bcc: new.bcc,
            tags: new.tags,
            category: new.category,
            send_at: new.send_at,
            account: new.account,
            sandbox: new.sandbox,
            track: new.track,
        }
    }
}
