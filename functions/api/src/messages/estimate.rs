//! What a message would be and cost, before it is sent.

use axum::extract::State;
use domain::flows::accept::{self, Accepted, Draft, Ways};
use domain::{Account, Channel, Tenant};
use kernel::ids::{AccountId, MessageId};
use kernel::{Aim, Error, Purpose, Result};
use providers::sms::{self, Encoding, Segments};
use render::Strictness;
use serde::Serialize;
use utoipa::ToSchema;

use super::request::NewMessage;
use super::view::CostView;
use crate::caller::{Caller, may};
use crate::failure::Failure;
use crate::input::Input;
use crate::operations::operations;
use crate::reply::words::{ChannelWord, EncodingWord};
use crate::reply::{Reply, refused};
use crate::state::Api;

/// What a message would be and cost.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Estimate)]
pub(crate) struct EstimateView {
    #[schema(value_type = ChannelWord)]
    channel: Channel,
    /// How its text travels, of a text message.
    text: Option<SegmentsView>,
    /// The accounts that could carry it, in the order of their priorities.
    accounts: Vec<AccountEstimate>,
}

/// How a text message travels.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Segments)]
pub(crate) struct SegmentsView {
    /// `gsm7` counts in septets, `ucs2` in units of UTF-16.
    #[schema(value_type = EncodingWord)]
    encoding: Encoding,
    /// In how many parts it travels.
    segments: usize,
    /// Its characters (Unicode scalar values).
    characters: usize,
    /// What they take up: septets or units of UTF-16.
    units: usize,
    /// What the last segment has room for.
    left: usize,
    /// The characters that keep it from travelling as `gsm7`, each once.
    forced_by: Vec<ForcedView>,
}

/// A character that is not in the GSM alphabet.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ForcedCharacter)]
pub(crate) struct ForcedView {
    #[schema(value_type = String, example = "ж")]
    character: char,
    /// Its first place in the text, in characters from 0.
    position: usize,
    /// What says the same and is in the alphabet.
    replacement: Option<&'static str>,
}

/// What it would cost through an account.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AccountEstimate {
    #[schema(value_type = String)]
    account: AccountId,
    /// Null when the account has no price.
    cost: Option<CostView>,
}

impl From<Segments> for SegmentsView {
    fn from(Segments { encoding, characters, units, parts, left, forced_by }: Segments) -> Self {
        let forced =
            |one: sms::Forced| ForcedView { character: one.character, position: one.position, replacement: one.replacement };
        Self { encoding, segments: parts, characters, units, left, forced_by: forced_by.into_iter().map(forced).collect() }
    }
}

impl AccountEstimate {
    fn of(account: &Account, text: Option<&SegmentsView>) -> Self {
        let segments = text.map(|text| u32::try_from(text.segments).unwrap_or(u32::MAX));
        Self { account: account.id, cost: account.terms.price.map(|price| price.of(segments).into()) }
    }
}

/// The text as the sender would render it. A link to unsubscribe is as long as one below `https://example.com`.
fn text(caller: &Caller<may::Send>, tenant: &Tenant, draft: Draft) -> Result<String> {
    let Draft { accepted: Accepted { message, .. }, compiled, values } = draft;
    let Some(compiled) = compiled else { return Ok(String::new()) };
    let leave = message.category.can_be_left().then(|| {
        let token = caller.context.keys.reference_token(Purpose::Unsubscribe, tenant.id, message.id);
        format!("https://example.com/u/{token}")
    });
    let preferences = message.to.contact.map(|contact| {
        let token = caller.context.keys.pass_for(Aim::Preferences, tenant.id, contact, message.id.made_at(), "");
        format!("https://example.com/p/{}/{token}", tenant.slug)
    });
    let values = accept::with_own(values, tenant, message.id, &Ways { leave, preferences });
    let rendered = compiled.render(&values, Strictness::Send).map_err(|fault| {
        Error::invalid("/variables", "template", format!("with these values the message cannot be sent: {fault}"))
    })?;
    Ok(rendered.text.map(|text| text.trim_end().to_owned()).unwrap_or_default())
}

/// Says what a message would be and cost: in how many segments a text message travels and what makes it long, and the cost through
/// each account that could carry it. Takes and checks what sending takes; nothing is stored or sent.
#[utoipa::path(post, path = "/v1/messages/estimate", tag = "messages", operation_id = "estimate_message",
    security(("key" = [])),
    request_body(content = NewMessage, example = json!({
        "to": {"phone": "+14155550123"}, "content": {"text": "Your code is {{ code }}."}, "variables": {"code": "4711"}
    })),
    responses((status = 200, description = "The estimate.", body = EstimateView), refused::Creating))]
async fn estimate_message(
    State(api): State<Api>,
    caller: Caller<may::Send>,
    Input(body): Input<NewMessage>,
) -> Result<Reply<EstimateView>, Failure> {
    let (catalog, scope, context) = (&api.0.catalog, &caller.scope, &caller.context);
    let id = MessageId::new(&context.ids, &context.clock);
    let draft = accept::draft(catalog, &api.0.files, scope, body.into(), id).await?;
    caller.reach.order((&draft.accepted.message).into())?;
    let (channel, pinned) = (draft.accepted.message.channel, draft.accepted.message.pinned);
    let tenant = catalog.tenant(scope).await?;
    let text =
        if channel == Channel::Sms { Some(SegmentsView::from(sms::segments(&text(&caller, &tenant, draft)?))) } else { None };
    let accounts = catalog.accounts(scope).await?;
    let meant = |account: &Account| pinned.is_none_or(|pinned| pinned == account.id);
    let carries = |account: &&Account| account.enabled && account.channel == channel && account.sends() && meant(account);
    let accounts = accounts.iter().filter(carries).map(|account| AccountEstimate::of(account, text.as_ref())).collect();
    Ok(Reply::ok(EstimateView { channel, text, accounts }))
}

operations!(estimate_message);
