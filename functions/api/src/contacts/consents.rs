//! What a contact said to being written to: read for ever, added to, and never changed or deleted.

use axum::extract::State;
use axum::http::HeaderMap;
use domain::consent::{Answer, Declaration, Evidence, Said};
use domain::contact::Consent;
use domain::flows::keep_contact;
use domain::flows::opt_in::{self, Question};
use domain::{Category, Channel, Contact};
use kernel::error::Faults;
use kernel::ids::{ContactId, ImportId, MessageId};
use kernel::{Result, Time};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::preferences::PreferencesView;
use crate::accounts::consent::origin;
use crate::caller::{Caller, may};
use crate::failure::Failure;
use crate::input::{Id, Input, Repeatable};
use crate::operations::operations;
use crate::page::{List, PageParams, Paged, Unfiltered};
use crate::reply::words::{ChannelWord, SaidWord};
use crate::reply::{Reply, refused};
use crate::state::Api;

/// What a contact said at one moment, and how that is known.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeclarationView {
    /// When.
    #[serde(with = "kernel::clock::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    at: Time,
    answers: Vec<AnswerView>,
    /// By which way: `api`, `preference_page`, `one_click`, `double_opt_in`, `inbound`, `import`.
    #[schema(example = "preference_page")]
    source: String,
    /// The user or API key that brought it, when it came by the API.
    actor: Option<String>,
    /// The person's network address.
    ip: Option<String>,
    /// The person's program.
    user_agent: Option<String>,
    /// The message whose link was followed.
    #[schema(value_type = Option<String>)]
    message: Option<MessageId>,
    /// The import that it stood in.
    #[schema(value_type = Option<String>)]
    import: Option<ImportId>,
    /// The text that the person was shown, or wrote.
    text: Option<String>,
}

/// What was said of what. Without channel, category and campaign it is about everything.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Answer)]
pub(crate) struct AnswerView {
    /// Every channel when there is none.
    #[schema(value_type = Option<ChannelWord>)]
    channel: Option<Channel>,
    /// Every category that can be left when there is none.
    #[schema(value_type = Option<String>)]
    category: Option<Category>,
    campaign: Option<String>,
    #[schema(value_type = SaidWord)]
    said: Said,
}

impl From<Answer> for AnswerView {
    fn from(answer: Answer) -> Self {
        let Answer { channel, category, campaign, said } = answer;
        Self { channel, category, campaign, said }
    }
}

impl From<Declaration> for DeclarationView {
    fn from(row: Declaration) -> Self {
        let Evidence { source, actor, ip, agent, message, import, text } = row.evidence;
        let answers = row.answers.into_iter().map(Into::into).collect();
        Self { at: row.at, answers, source, actor, ip, user_agent: agent, message, import, text }
    }
}

/// A consent to record.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewConsent {
    #[schema(value_type = ChannelWord)]
    channel: Channel,
    /// A category that can be left.
    #[schema(value_type = String, example = "newsletter")]
    category: Category,
    /// Yes or no.
    #[serde(default = "yes")]
    #[schema(required = false, default = true)]
    granted: bool,
    /// Ask the contact by email first: until the link in it is followed and confirmed, within seven days, there is no consent. A
    /// contact who was asked within a day is not asked again.
    #[serde(default)]
    #[schema(required = false)]
    double_opt_in: bool,
    /// What proves it.
    proof: Option<NewProof>,
}

const fn yes() -> bool {
    true
}

/// What proves that somebody said it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ConsentProof)]
pub(crate) struct NewProof {
    /// The person's network address.
    #[schema(max_length = 45, example = "203.0.113.7")]
    ip: Option<String>,
    /// The person's program.
    #[schema(max_length = 300)]
    user_agent: Option<String>,
    /// The text that the person was shown.
    #[schema(max_length = 1000, example = "Yes, send me the newsletter.")]
    text: Option<String>,
}

impl NewConsent {
    fn check(&self) -> Result<()> {
        let mut faults = Faults::default();
        if !self.category.can_be_left() {
            faults.add("/category", "category", "this category needs no consent");
        }
        if self.double_opt_in && self.channel != Channel::Email {
            faults.add("/channel", "channel", "only a consent to email can be asked for by email");
        }
        if self.double_opt_in && !self.granted {
            faults.add("/granted", "granted", "a refusal needs no confirmation");
        }
        if let Some(proof) = &self.proof {
            if proof.ip.as_ref().is_some_and(|ip| ip.parse::<std::net::IpAddr>().is_err()) {
                faults.add("/proof/ip", "ip", "a network address such as 203.0.113.7 is needed");
            }
            faults.longer("/proof/user_agent", proof.user_agent.as_deref().unwrap_or_default(), 300);
            faults.longer("/proof/text", proof.text.as_deref().unwrap_or_default(), 1000);
        }
        faults.check()
    }

    /// The caller's evidence with this proof.
    fn evidence(&self, caller: Evidence) -> Evidence {
        let Some(proof) = &self.proof else { return caller };
        let evidence = caller.seen_from(proof.ip.as_deref(), proof.user_agent.as_deref());
        Evidence { text: proof.text.clone(), ..evidence }
    }
}

/// Lists what a contact said to being written to, newest first. It outlives the contact.
#[utoipa::path(get, path = "/v1/contacts/{id}/consents", tag = "contacts", operation_id = "list_consents",
    security(("key" = [])), params(("id" = String, Path, description = "The contact's id."), PageParams),
    responses((status = 200, description = "A page of what was said.", body = List<DeclarationView>), refused::Finding))]
async fn list_consents(
    caller: Caller<may::Read>,
    Id(id): Id<ContactId>,
    Paged(page, Unfiltered {}): Paged<Unfiltered>,
) -> Result<Reply<List<Value>>, Failure> {
    let (keys, list) = (&caller.context.keys, format!("consents of {id}"));
    let listing = page.listing(keys, &caller.scope, &list)?;
    let found = caller.scope.page_below::<Declaration>(&id.hex(), listing.limit, listing.after.as_ref()).await?;
    if found.rows.is_empty() {
        caller.scope.find::<Contact>(id).await?;
    }
    Ok(Reply::ok(page.shape(keys, &caller.scope, &list, found, |row| DeclarationView::from(row.row))))
}

/// Records a consent with its proof, or asks the contact for one. An answer that stands already keeps its record.
#[utoipa::path(post, path = "/v1/contacts/{id}/consents", tag = "contacts", operation_id = "record_consent",
    security(("key" = [])), params(("id" = String, Path, description = "The contact's id."), Repeatable),
    request_body = NewConsent,
    responses((status = 200, description = "The preferences as they are then.", body = PreferencesView,
        headers(("etag" = String))), refused::Changing))]
async fn record_consent(
    State(api): State<Api>,
    caller: Caller<may::WriteContacts>,
    Id(id): Id<ContactId>,
    headers: HeaderMap,
    Input(body): Input<NewConsent>,
) -> Result<Reply<PreferencesView>, Failure> {
    let (context, scope, now) = (&caller.context, &caller.scope, caller.context.clock.now());
    let mut contact = scope.find::<Contact>(id).await?;
    body.check()?;
    let evidence = body.evidence(caller.evidence());
    if body.double_opt_in {
        caller.reach.channel(body.channel).map_err(|error| error.under("/channel"))?;
        let origin = origin(&api, &headers);
        let question = Question {
            contact: id,
            channel: body.channel,
            categories: std::slice::from_ref(&body.category),
            locale: None,
            origin: &origin,
            evidence: &evidence,
            message: None,
        };
        let asked = opt_in::ask(context, &api.0.catalog, &api.0.files, scope, &question).await?;
        return Ok(Reply::ok(PreferencesView::of(asked.row, now)).version(asked.version));
    }
    let standing = contact.row.consent(body.channel, &body.category).map(|consent| consent.granted);
    if standing == Some(body.granted) {
        return Ok(Reply::ok(PreferencesView::of(contact.row, now)).version(contact.version));
    }
    let before = contact.row.clone();
    let consent = Consent { granted: body.granted, at: now, source: evidence.source.clone() };
    contact.row.record_consent(body.channel, &body.category, consent);
    contact.row.updated_at = now;
    let version = keep_contact::declare(context, scope, &before, &contact, &evidence).await?;
    Ok(Reply::ok(PreferencesView::of(contact.row, now)).version(version))
}

operations!(list_consents, record_consent);
