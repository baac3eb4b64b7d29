//! The form by which people sign up, on a page below the tenant's word. There is one.

use std::collections::BTreeMap;

use axum::extract::State;
use domain::signup::{SignupForm, Topic};
use domain::{Category, Channel, Tenant};
use http::HeaderMap;
use kernel::{Error, Result, Time};
use serde::{Deserialize, Serialize};
use store::Stored;
use utoipa::ToSchema;

use crate::accounts::consent::origin;
use crate::caller::{Caller, may};
use crate::failure::Failure;
use crate::input::{IfMatch, Input};
use crate::operations::operations;
use crate::reply::words::ChannelWord;
use crate::reply::{Reply, refused};
use crate::state::Api;

/// The form by which people sign up.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SignupForm)]
pub(crate) struct SignupFormView {
    /// Whether it is shown.
    active: bool,
    /// What people are asked to be written by: `email` or `sms`.
    #[schema(value_type = ChannelWord)]
    channel: Channel,
    /// What they can ask for.
    #[schema(value_type = Vec<TopicShape>)]
    topics: Vec<Topic>,
    /// What they agree to, by language. The form speaks these languages.
    consent: BTreeMap<String, String>,
    /// Where it is.
    #[schema(example = "https://switchboard.example/p/acme/signup")]
    url: String,
    #[serde(with = "kernel::clock::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    updated_at: Time,
}

/// What people can ask for.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SignupTopic)]
#[expect(dead_code, reason = "describes a type of the domain")]
pub(crate) struct TopicShape {
    /// The category of its messages.
    #[schema(value_type = String, example = "newsletter")]
    category: Category,
    /// Its names for people, by language; another one of them where a language has none, the category where there is none at all.
    #[schema(required = false, example = json!({"en": "News about engines", "de": "Neues von Motoren"}))]
    names: BTreeMap<String, String>,
}

/// What the form is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewSignupForm {
    /// Whether it is shown.
    active: bool,
    /// What people are asked to be written by: `email`, the usual, or `sms`.
    #[serde(default = "usual")]
    #[schema(value_type = ChannelWord, required = false)]
    channel: Channel,
    /// What they can ask for.
    #[schema(value_type = Vec<TopicShape>, max_items = 8)]
    topics: Vec<Topic>,
    /// What they agree to, by language: `en`, `de`, `es`, `fr`, `it`, `nl`, `pt`. The form speaks these languages, and the text is kept
    /// with what each person says, as its proof.
    #[schema(example = json!({"en": "Yes, write to me about this. I can leave at any time."}))]
    consent: BTreeMap<String, String>,
}

const fn usual() -> Channel {
    Channel::Email
}

async fn view(api: &Api, caller: &Caller<impl Send + Sync>, headers: &HeaderMap, form: SignupForm) -> Result<SignupFormView> {
    let tenant = api.0.catalog.tenant(&caller.scope).await?;
    let Tenant { slug, .. } = &*tenant;
    let url = format!("{}/p/{slug}/signup", origin(api, headers));
    let SignupForm { active, channel, topics, consent, updated_at } = form;
    Ok(SignupFormView { active, channel, topics, consent, url, updated_at })
}

/// The form as it is; at version 0 one that nobody has made yet.
async fn standing(caller: &Caller<impl Send + Sync>) -> Result<Stored<SignupForm>> {
    let found = caller.scope.read_now::<SignupForm>(SignupForm::at()).await?;
    Ok(found.unwrap_or_else(|| Stored { row: SignupForm::none(caller.scope.tenant().made_at()), version: 0 }))
}

/// Finds the form by which people sign up.
#[utoipa::path(get, path = "/v1/signup-form", tag = "contacts", operation_id = "find_signup_form", security(("key" = [])),
    responses((status = 200, description = "The form.", body = SignupFormView, headers(("etag" = String))), refused::Finding))]
async fn find_signup_form(
    State(api): State<Api>,
    caller: Caller<may::Read>,
    headers: HeaderMap,
) -> Result<Reply<SignupFormView>, Failure> {
    let form = standing(&caller).await?;
    Ok(Reply::ok(view(&api, &caller, &headers, form.row).await?).version(form.version))
}

/// Says what the form is by which people sign up: a page that needs no script. Who signs up is asked by a message, and has
/// consented once the link in it was followed; until then rules do not hear of somebody new, and nothing changes of who is known.
/// An address is asked three times a day at most.
#[utoipa::path(put, path = "/v1/signup-form", tag = "contacts", operation_id = "put_signup_form", security(("key" = [])),
    params(IfMatch), request_body = NewSignupForm,
    responses((status = 200, description = "The form.", body = SignupFormView, headers(("etag" = String))), refused::Changing))]
async fn put_signup_form(
    State(api): State<Api>,
    caller: Caller<may::WriteTemplates>,
    headers: HeaderMap,
    if_match: IfMatch,
    Input(body): Input<NewSignupForm>,
) -> Result<Reply<SignupFormView>, Failure> {
    let mut form = standing(&caller).await?;
    if_match.check(form.version)?;
    let NewSignupForm { active, channel, topics, consent } = body;
    form.row = SignupForm { active, channel, topics, consent, updated_at: caller.context.clock.now() };
    form.row.check()?;
    caller.reach.channel(form.row.channel).map_err(|error| error.under("/channel"))?;
    let version = if form.version == 0 {
        let made = caller.scope.create(&form.row).await?;
        made.then_some(1).ok_or_else(|| Error::conflict("the form was changed by another request"))?
    } else {
        caller.scope.replace(&form).await?
    };
    Ok(Reply::ok(view(&api, &caller, &headers, form.row).await?).version(version))
}

operations!(find_signup_form, put_signup_form);
