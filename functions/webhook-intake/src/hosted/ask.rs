//! Asking for the link to one's own preferences. The answer is the same whether anybody has that address or not, and an address gets
//! one link in an hour.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use domain::flows::{ration, recognise};
use domain::message::Recipient;
use domain::quota::Limit;
use domain::{Body, Channel, Contact, Extras, Message, Tenant};
use kernel::ids::MessageId;
use kernel::{Email, Error, Result};
use render::Source;
use serde_json::Map;
use store::TenantScope;

use super::frame::{frame, told};
use super::words::Words;
use super::{LIMIT, Place, accepted, gone, shown, words_for};
use crate::{Intake, Refusal, read};

/// How many links an address gets in an hour, and how many all of a tenant's.
const EACH: Limit = Limit { most: 1, seconds: 3600 };
const ALL: Limit = Limit { most: 100, seconds: 3600 };

/// The tenant that has that word.
pub(super) async fn tenant(intake: &Intake, slug: &str) -> Result<(TenantScope, Tenant)> {
    let scope = intake.0.store.by_slug(slug).await?.ok_or_else(gone)?;
    let tenant = scope.read_now::<Tenant>(scope.tenant()).await?.ok_or_else(gone)?.row;
    Ok((scope, tenant))
}

/// The page in the language that the person's program asks for, else the tenant's: it knows nobody.
struct Page {
    tenant: Tenant,
    words: &'static Words,
}

impl Page {
    fn of(tenant: Tenant, headers: &HeaderMap) -> Self {
        let words = Words::of_first(accepted(headers).chain([tenant.locale.language()]));
        Self { tenant, words }
    }

    fn shown(&self, status: StatusCode, inner: &str) -> Response {
        shown(status, frame(self.words.tag, &self.tenant.name, self.words.messages, inner))
    }

    fn form(&self) -> String {
        let Words { tell_address, email, send_link, .. } = self.words;
        format!(
            "<p>{tell_address}</p><form method=\"post\"><label for=\"email\">{email}</label><input id=\"email\" name=\"email\" \
             type=\"email\" autocomplete=\"email\" maxlength=\"254\" required><p><button class=\"first\">{send_link}</button></p></form>"
        )
    }
}

/// Shows the form.
pub(crate) async fn show(State(intake): State<Intake>, place: Place, headers: HeaderMap) -> Result<Response, Refusal> {
    let (_, tenant) = tenant(&intake, &place.slug).await?;
    let page = Page::of(tenant, &headers);
    Ok(page.shown(StatusCode::OK, &page.form()))
}

/// Sends the link to whom the address belongs, if it is anybody's.
pub(crate) async fn send(
    State(intake): State<Intake>,
    place: Place,
    headers: HeaderMap,
    request: Request,
) -> Result<Response, Refusal> {
    let (scope, tenant) = tenant(&intake, &place.slug).await?;
    let page = Page::of(tenant, &headers);
    let body = read(request.into_body(), LIMIT).await?;
    let given = url::form_urlencoded::parse(&body).find(|(name, _)| name == "email").map(|(_, email)| email.into_owned());
    let Ok(email) = Email::parse(given.unwrap_or_default().trim()) else {
        let said = told(false, page.words.wrong_email);
        return Ok(page.shown(StatusCode::UNPROCESSABLE_ENTITY, &format!("{said}{}", page.form())));
    };
    if let Some(contact) = recognise::owner(&intake.0.context, &scope, Channel::Email, &email.key()).await? {
        write(&intake, &scope, words_for(&contact.row, &page.tenant), &contact.row, &email).await?;
    }
    Ok(page.shown(StatusCode::OK, &told(true, page.words.link_sent)))
}

/// Writes the message with the link, unless one like it was written lately. Its text is known, and whoever takes callbacks renders
/// nothing: the sender fills it in.
async fn write(intake: &Intake, scope: &TenantScope, words: &Words, contact: &Contact, email: &Email) -> Result<()> {
    let context = &intake.0.context;
    let id = MessageId::new(&context.ids, &context.clock);
    let own = format!("link:{}", email.key());
    if !ration::take(context, scope, &own, id, &[EACH]).await? || !ration::take(context, scope, "links", id, &[ALL]).await? {
        return Ok(());
    }
    let to = Recipient { address: email.to_string(), name: contact.full_name(), contact: Some(contact.id) };
    let who = "{{ tenant.name }}";
    let text = format!("{}\n\n{{{{ preferences_url }}}}\n\n{}\n", words.here.replace("{who}", who), words.ignore);
    let subject = Some(words.from(who));
    let body = Body {
        message: id,
        source: Some(Source { subject, text: Some(text), ..Source::default() }),
        variables: Map::new(),
        metadata: Map::new(),
        headers: Vec::new(),
        extras: Extras::default(),
        attachments: Vec::new(),
        at: id.made_at(),
    };
    let company = contact.company_id;
    let message = Message { body: true, untracked: true, company, ..Message::new(id, Channel::Email, to) };
    match scope.transact(vec![scope.creating(&body)?, scope.creating(&message)?]).await? {
        None => Ok(()),
        Some(_) => Err(Error::internal("the id of a message was there already")),
    }
}
