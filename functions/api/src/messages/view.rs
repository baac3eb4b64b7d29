//! Messages as callers see them.

use domain::attachment::Enclosed;
use domain::message::{Entry, Hold, Message, Status, Throttle, Wait};
use domain::price::{Amount, Cost, Currency};
use domain::{Body, Category, Channel};
use kernel::ids::{AccountId, AttachmentId, ContactId, DealId, MessageId, TemplateId};
use kernel::{Email, Error, Locale, Result, Time};
use providers::{BounceClass, EventKind, Wish};
use serde::Serialize;
use serde_json::{Map, Value};
use store::TenantScope;
use utoipa::ToSchema;

use super::expanded::ExpandedMessage;
use super::request::ThrottleShape;
use crate::reply::words::{BounceWord, ChannelWord, EventWord, StatusWord, WaitWord, WishWord};

/// A message.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MessageView {
    #[schema(value_type = String, example = "msg_0195527c0d7b7c3e8a51d2b0f3a94c11")]
    id: MessageId,
    /// Where it is: one word. What the recipient did is in `engagement`.
    #[schema(value_type = StatusWord)]
    status: Status,
    #[schema(value_type = ChannelWord)]
    channel: Channel,
    to: RecipientView,
    #[schema(value_type = Vec<String>)]
    cc: Vec<Email>,
    #[schema(value_type = Vec<String>)]
    bcc: Vec<Email>,
    #[schema(value_type = Option<String>)]
    reply_to: Option<Email>,
    /// None when it brought its content along.
    template: Option<MadeView>,
    /// The locale asked for; the contact's when there is none.
    #[schema(value_type = Option<String>)]
    locale: Option<Locale>,
    #[schema(value_type = String, example = "transactional")]
    category: Category,
    tags: Vec<String>,
    /// The deal that it is about.
    #[schema(value_type = Option<String>)]
    deal_id: Option<DealId>,
    /// The campaign that it belongs to.
    campaign: Option<String>,
    /// The key that calls it off together with others.
    cancel_key: Option<String>,
    /// How many of its like the recipient may get.
    #[schema(value_type = Option<ThrottleShape>)]
    throttle: Option<Throttle>,
    /// Values for the template. Null in lists when there are many: read the message then.
    #[schema(value_type = Option<Object>)]
    variables: Option<Map<String, Value>>,
    /// The caller's data. Null in lists when there is much: read the message then.
    #[schema(value_type = Option<Object>)]
    metadata: Option<Map<String, Value>>,
    /// Files that go along. Null in lists when the message has content of its own: read the message then.
    attachments: Option<Vec<EnclosureView>>,
    #[serde(with = "kernel::clock::rfc3339::option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    send_at: Option<Time>,
    /// What it waits for.
    hold: Option<HoldView>,
    sandbox: bool,
    /// Whether opens and clicks are tracked.
    track: bool,
    /// The recipient's wish that it confirms, of messages that nobody ordered.
    #[schema(value_type = Option<WishWord>)]
    confirms: Option<Wish>,
    /// How often a provider was tried.
    attempts: u32,
    /// The account that carried it, or that was asked for.
    #[schema(value_type = Option<String>)]
    account: Option<AccountId>,
    /// The provider's id for it.
    provider_id: Option<String>,
    /// What it cost, when a provider took it through an account that has a price.
    cost: Option<CostView>,
    /// What the recipient did.
    engagement: Vec<EngagementView>,
    /// What happened after it was sent, oldest first.
    events: Vec<EventView>,
    #[serde(with = "kernel::clock::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
    /// When it came where it is on our side.
    #[serde(with = "kernel::clock::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    updated_at: Time,
    /// What `?expand` asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) expanded: Option<ExpandedMessage>,
}

/// Whom a message is for.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RecipientView {
    #[schema(example = "ada@example.com")]
    address: String,
    name: Option<String>,
    #[schema(value_type = Option<String>)]
    contact: Option<ContactId>,
}

/// A file that goes along with a message.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Enclosure)]
pub(crate) struct EnclosureView {
    #[schema(value_type = String, example = "att_0195527c0d7b7c3e8a51d2b0f3a94c11")]
    id: AttachmentId,
    name: String,
    media_type: String,
    /// Size.
    bytes: u64,
    /// Of a picture that is shown within an email: the id that the HTML refers to it by.
    inline: Option<String>,
}

impl From<Enclosed> for EnclosureView {
    fn from(file: Enclosed) -> Self {
        let Enclosed { id, name, media_type, bytes, inline } = file;
        Self { id, name, media_type, bytes, inline }
    }
}

/// The template edition that a message is made of.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MadeView {
    #[schema(value_type = String, example = "tpl_0195527c0d7b7c3e8a51d2b0f3a94c11")]
    id: TemplateId,
    version: u32,
}

/// What a message costs.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Cost)]
pub(crate) struct CostView {
    #[serde(with = "domain::price::decimal")]
    #[schema(value_type = String, example = "0.0075")]
    amount: Amount,
    #[schema(value_type = String, example = "EUR")]
    currency: Currency,
    /// The parts that it travels in, of a text message.
    segments: Option<u32>,
}

impl From<Cost> for CostView {
    fn from(Cost { amount, currency, segments }: Cost) -> Self {
        Self { amount, currency, segments }
    }
}

/// A wait.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HoldView {
    #[schema(value_type = WaitWord)]
    why: Wait,
    #[serde(with = "kernel::clock::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    until: Time,
}

/// Something the recipient did, or a program on the way to the recipient.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EngagementView {
    /// `opened`, `clicked` or `unsubscribed`.
    #[schema(value_type = EventWord)]
    kind: EventKind,
    /// Done by a program: a mail proxy's prefetch, a link scanner.
    machine: bool,
    /// When it was done first.
    #[serde(with = "kernel::clock::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    first_at: Time,
    /// How often, up to the twelve that are kept.
    count: usize,
}

/// Something that happened to a message.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EventView {
    #[schema(value_type = EventWord)]
    kind: EventKind,
    /// When, by the provider's clock.
    #[serde(with = "kernel::clock::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    at: Time,
    /// Done by a program.
    machine: bool,
    /// Of a bounce.
    #[schema(value_type = Option<BounceWord>)]
    class: Option<BounceClass>,
    /// The provider's code.
    code: Option<String>,
    /// The provider's words.
    text: Option<String>,
    /// The user agent of an open or click.
    agent: Option<String>,
    /// The link that was followed.
    url: Option<String>,
}

impl From<Hold> for HoldView {
    fn from(Hold { why, until }: Hold) -> Self {
        Self { why, until }
    }
}

impl From<Entry> for EventView {
    fn from(Entry { kind, at, machine, detail, .. }: Entry) -> Self {
        Self {
            kind,
            at,
            machine,
            class: detail.class,
            code: detail.code,
            text: detail.text,
            agent: detail.agent,
            url: detail.url,
        }
    }
}

/// What a caller gave along.
struct Given {
    variables: Map<String, Value>,
    metadata: Map<String, Value>,
    attachments: Vec<Enclosed>,
}

/// The account that carried a message, or that was asked for.
pub(super) fn account_of(message: &Message) -> Option<AccountId> {
    message.carried().and_then(|attempt| attempt.account).or(message.pinned)
}

fn engagement(events: &[Entry]) -> Vec<EngagementView> {
    let mut found: Vec<EngagementView> = Vec::new();
    for Entry { kind, at, machine, .. } in events {
        if !matches!(kind, EventKind::Opened | EventKind::Clicked | EventKind::Replied | EventKind::Unsubscribed) {
            continue;
        }
        match found.iter_mut().find(|known| known.kind == *kind && known.machine == *machine) {
            Some(known) => {
                known.first_at = known.first_at.min(*at);
                known.count += 1;
            }
            None => found.push(EngagementView { kind: *kind, machine: *machine, first_at: *at, count: 1 }),
        }
    }
    found
}

impl MessageView {
    /// From the row alone, as lists show it.
    pub(crate) fn brief(mut message: Message) -> Self {
        let given = (!message.body).then(|| Given {
            variables: std::mem::take(&mut message.variables),
            metadata: std::mem::take(&mut message.metadata),
            attachments: Vec::new(),
        });
        Self::of(message, given)
    }

    /// With what stands in a row of its own.
    pub(crate) async fn whole(scope: &TenantScope, message: Message) -> Result<Self> {
        if !message.body {
            return Ok(Self::brief(message));
        }
        let body = scope.read_now::<Body>(Body::at(message.id)).await?;
        let body = body.ok_or_else(|| Error::internal(format!("the body of {} is gone", message.id)))?.row;
        Ok(Self::full(message, body))
    }

    /// With its body at hand.
    pub(crate) fn full(message: Message, body: Body) -> Self {
        let Body { variables, metadata, attachments, .. } = body;
        Self::of(message, Some(Given { variables, metadata, attachments }))
    }

    fn of(message: Message, given: Option<Given>) -> Self {
        let (variables, metadata, attachments) = match given {
            Some(Given { variables, metadata, attachments }) => (Some(variables), Some(metadata), Some(attachments)),
            None => (None, None, None),
        };
        let provider_id = message.carried().and_then(|attempt| attempt.id.clone());
        let account = account_of(&message);
        let cost = message.cost().map(Into::into);
        Self {
            status: message.status(),
            engagement: engagement(&message.events),
            id: message.id,
            channel: message.channel,
            to: RecipientView { address: message.to.address, name: message.to.name, contact: message.to.contact },
            cc: message.cc,
            bcc: message.bcc,
            reply_to: message.reply_to,
            template: message.template.map(|made| MadeView { id: made.id, version: made.number }),
            locale: message.locale,
            deal_id: message.deal,
            category: message.category,
            tags: message.tags,
            campaign: message.campaign,
            cancel_key: message.cancel_key,
            throttle: message.throttle,
            variables,
            metadata,
            attachments: attachments.map(|files| files.into_iter().map(Into::into).collect()),
            send_at: message.send_at,
            hold: message.hold.map(Into::into),
            sandbox: message.sandbox,
            track: !message.untracked,
            confirms: message.confirms,
            attempts: message.attempt,
            account,
            provider_id,
            cost,
            events: message.events.into_iter().map(Into::into).collect(),
            created_at: message.id.made_at(),
            updated_at: message.state_at,
            expanded: None,
        }
    }

    /// The ids of its contact, template and account.
    pub(super) fn references(&self) -> (Option<ContactId>, Option<TemplateId>, Option<AccountId>) {
        (self.to.contact, self.template.as_ref().map(|made| made.id), self.account)
    }
}
