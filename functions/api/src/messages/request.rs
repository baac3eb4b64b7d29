//! What a request to send says.

use std::collections::BTreeMap;

use domain::attachment::Enclosing;
use domain::flows::accept::{Order, To};
use domain::message::Throttle;
use domain::{Category, Channel, Extras};
use kernel::ids::{AccountId, AttachmentId, ContactId, DealId};
use kernel::{Email, Locale, Phone, Time};
use providers::{Button, Location, ProviderTemplate};
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
    /// The deal that it is about: templates see it as `deal`, and its company as `company`, as they are now.
    #[schema(value_type = Option<String>)]
    deal_id: Option<DealId>,
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
    /// The campaign that it belongs to: a word. A contact who refused it is not written to, unless the category cannot be left.
    #[schema(max_length = 64, example = "spring-sale")]
    campaign: Option<String>,
    /// A key of yours: all messages with it that have not been sent are called off by `POST /v1/messages/cancel`.
    #[schema(max_length = 200, example = "appointment-4711")]
    cancel_key: Option<String>,
    /// How many of its like the recipient may get: one more is not sent.
    #[schema(value_type = Option<ThrottleShape>)]
    throttle: Option<Throttle>,
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
    /// Buttons below the text, on channels that have them: `{"reply": {"title", "id"}}` or `{"link": {"title", "url"}}`.
    #[serde(default)]
    #[schema(value_type = Vec<Object>, required = false)]
    buttons: Vec<Button>,
    /// A place on the map: `latitude`, `longitude`, and perhaps `name` and `address`.
    #[schema(value_type = Option<Object>)]
    location: Option<Location>,
    /// A template that the provider has approved, instead of text: `name`, `language`, and values for `header`, `body`, `buttons`.
    #[schema(value_type = Option<Object>)]
    provider_template: Option<ProviderTemplate>,
    /// Data for programs, with push notifications and webhooks.
    #[serde(default)]
    #[schema(value_type = Object, required = false)]
    data: Map<String, Value>,
    /// The provider's id of the message that this one answers.
    #[schema(max_length = 500)]
    answers: Option<String>,
    /// Files that go along, as the channel can carry them: see `GET /v1/channels`.
    #[serde(default)]
    #[schema(required = false, max_items = 20)]
    attachments: Vec<NewEnclosure>,
}

/// How many messages of one kind a recipient may get in a time.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Throttle)]
#[expect(dead_code, reason = "describes a type of the domain")]
pub(crate) struct ThrottleShape {
    /// Messages with the same key are of one kind.
    #[schema(max_length = 200, example = "login-code")]
    key: String,
    /// Seconds: one minute to 30 days.
    #[schema(minimum = 60, maximum = 2_592_000, example = 3_600)]
    per: u32,
    /// Messages in any so many seconds.
    #[schema(minimum = 1, maximum = 100, example = 3)]
    limit: u16,
}

/// A file that goes along with a message.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewEnclosure {
    /// The attachment, whose bytes are there.
    #[schema(value_type = String, example = "att_0195527c0d7b7c3e8a51d2b0f3a94c11")]
    id: AttachmentId,
    /// Of a picture that is shown within an email: the id that the HTML refers to it by, as in `<img src="cid:logo">`.
    #[schema(max_length = 100, example = "logo")]
    inline: Option<String>,
}

impl From<NewEnclosure> for Enclosing {
    fn from(new: NewEnclosure) -> Self {
        Self { id: new.id, inline: new.inline }
    }
}

/// Whom a message is for: a contact, or a bare address.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewRecipient {
    /// The contact. This or one of the addresses is needed.
    #[schema(value_type = Option<String>, example = "con_0195527c0d7b7c3e8a51d2b0f3a94c11")]
    contact: Option<ContactId>,
    /// The address, when it is for no contact.
    #[schema(value_type = Option<String>, format = Email)]
    email: Option<Email>,
    /// The telephone number, when it is for no contact: by text message unless another channel is said.
    #[schema(value_type = Option<String>, example = "+14155550123")]
    phone: Option<Phone>,
    /// The address in the channel's own form, when it is for no contact: chat id, device token, web address.
    #[schema(max_length = 4096)]
    address: Option<String>,
    /// The name shown beside the address; the contact's when not said.
    #[schema(max_length = 200)]
    name: Option<String>,
}

const fn yes() -> bool {
    true
}

impl From<NewRecipient> for To {
    fn from(new: NewRecipient) -> Self {
        let NewRecipient { contact, email, phone, address, name } = new;
        Self { contact, email, phone, address, name }
    }
}

impl From<NewMessage> for Order {
    fn from(new: NewMessage) -> Self {
        let NewMessage { to, channel, template, version, content, locale, .. } = new;
        Self {
            to: to.into(),
            channel,
            template,
            version,
            content: content.map(Into::into),
            locale,
            deal_id: new.deal_id,
            variables: new.variables,
            metadata: new.metadata,
            headers: new.headers,
            reply_to: new.reply_to,
            cc: new.cc,
            bcc: new.bcc,
            tags: new.tags,
            category: new.category,
            campaign: new.campaign,
            cancel_key: new.cancel_key,
            throttle: new.throttle,
            send_at: new.send_at,
            account: new.account,
            sandbox: new.sandbox,
            track: new.track,
            attachments: new.attachments.into_iter().map(Into::into).collect(),
            extras: Extras {
                buttons: new.buttons,
                location: new.location,
                provider_template: new.provider_template,
                data: new.data,
                answers: new.answers,
            },
        }
    }
}
