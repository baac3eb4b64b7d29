//! Signing up by a tenant's form. A POST notes what was asked and answers; `automation` carries it out, so that neither the answer nor
//! how long it takes tells anybody who is known.

use std::fmt::Write as _;

use axum::extract::{RawQuery, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use domain::allowance::Policy;
use domain::flows::allow::Ask;
use domain::flows::sign_up::SOURCE;
use domain::signup::{Signup, SignupForm, address, name};
use domain::{Category, Channel, Tenant, address as kept};
use kernel::ids::SignupId;
use kernel::{Locale, Result};
use store::TenantScope;

use super::ask::tenant;
use super::frame::{frame, told};
use super::words::Words;
use super::{LIMIT, Place, accepted, gone, shown};
use crate::pages::escape;
use crate::visitor::Visitor;
use crate::{Intake, Refusal, read};

/// How often one address is asked in a day, one network address asks in an hour, and all people of a tenant do.
const ADDRESS: (u32, u32) = (3, 86_400);
const VISITOR: (u32, u32) = (20, 3600);
const TENANT: (u32, u32) = (200, 3600);
/// A field that nobody sees: whoever fills it in is a program.
const TRAP: &str = "website";

/// A form that is open.
struct Open {
    scope: TenantScope,
    tenant: Tenant,
    form: SignupForm,
    language: String,
}

impl Open {
    /// The tenant's form, in the language that the link asks for, or the person's program does.
    async fn find(intake: &Intake, place: &Place, query: Option<&str>, headers: &HeaderMap) -> Result<Self> {
        let (scope, tenant) = tenant(intake, &place.slug).await?;
        let form = scope.read_now::<SignupForm>(SignupForm::at()).await?.map(|form| form.row);
        let form = form.filter(|form| form.active).ok_or_else(gone)?;
        let asked = url::form_urlencoded::parse(query.unwrap_or_default().as_bytes()).find(|(name, _)| name == "lang");
        let asked = asked.map(|(_, language)| language.into_owned());
        let language = form.language(asked.as_deref().into_iter().chain(accepted(headers)), &tenant.locale).to_owned();
        Ok(Self { scope, tenant, form, language })
    }

    fn words(&self) -> &'static Words {
        Words::of(&self.language)
    }

    fn page(&self, status: StatusCode, title: &str, inner: &str) -> Response {
        shown(status, frame(&self.language, &self.tenant.name, title, inner))
    }

    /// The text that somebody agrees to.
    fn consent(&self) -> &str {
        self.form.consent.get(&self.language).map_or("", String::as_str)
    }
}

/// What somebody filled in.
#[derive(Default)]
struct Filled {
    first_name: String,
    last_name: String,
    address: String,
    topics: Vec<String>,
    locale: String,
    agreed: bool,
    trapped: bool,
}

impl Filled {
    fn read(body: &[u8]) -> Self {
        let mut filled = Self::default();
        for (name, value) in url::form_urlencoded::parse(body) {
            match name.as_ref() {
                "first_name" => filled.first_name = value.into_owned(),
                "last_name" => filled.last_name = value.into_owned(),
                "address" => filled.address = value.into_owned(),
                "topic" => filled.topics.push(value.into_owned()),
                "locale" => filled.locale = value.into_owned(),
                "consent" => filled.agreed = value == "yes",
                TRAP => filled.trapped = !value.is_empty(),
                _ => {}
            }
        }
        filled
    }

    /// What is asked, and the key form of the address; or what is wrong with it, in the words of the form. Only what the form offers
    /// can be asked for: what somebody smuggles in is not looked at.
    fn asked(&self, open: &Open) -> Result<Asked, Vec<&'static str>> {
        let words = open.words();
        let mut wrong = Vec::new();
        let (first_name, last_name) = (name(&self.first_name), name(&self.last_name));
        if first_name.is_err() || last_name.is_err() {
            wrong.push(words.wrong_name);
        }
        let address = address(open.form.channel, &self.address);
        if address.is_err() {
            wrong.push(if open.form.channel == Channel::Email { words.wrong_email } else { words.wrong_phone });
        }
        let offered = open.form.topics.iter().map(|topic| topic.category.clone());
        let categories: Vec<Category> = offered.filter(|one| self.topics.iter().any(|topic| topic == one.as_str())).collect();
        if categories.is_empty() {
            wrong.push(words.no_topic);
        }
        if !self.agreed {
            wrong.push(words.no_consent);
        }
        match (first_name, last_name, address) {
            (Ok(first_name), Ok(last_name), Ok((address, key))) if wrong.is_empty() => {
                Ok(Asked { first_name, last_name, address, key, categories })
            }
            _ => Err(wrong),
        }
    }
}

struct Asked {
    first_name: Option<String>,
    last_name: Option<String>,
    address: String,
    key: String,
    categories: Vec<Category>,
}

/// Shows the form.
pub(crate) async fn show(
    State(intake): State<Intake>,
    place: Place,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let open = Open::find(&intake, &place, query.as_deref(), &headers).await?;
    let filled = Filled { locale: open.language.clone(), ..Filled::default() };
    Ok(open.page(StatusCode::OK, open.words().sign_up, &form(&open, &filled)))
}

/// Takes what somebody asks.
pub(crate) async fn save(
    State(intake): State<Intake>,
    place: Place,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    visitor: Visitor,
    request: Request,
) -> Result<Response, Refusal> {
    let open = Open::find(&intake, &place, query.as_deref(), &headers).await?;
    let filled = Filled::read(&read(request.into_body(), LIMIT).await?);
    let words = open.words();
    if filled.trapped {
        return Ok(done(&open));
    }
    let asked = match filled.asked(&open) {
        Ok(asked) => asked,
        Err(wrong) => {
            let said = told(false, &format!("{} {}", words.wrong, wrong.join(" ")));
            let inner = format!("{said}{}", form(&open, &filled));
            return Ok(open.page(StatusCode::UNPROCESSABLE_ENTITY, words.sign_up, &inner));
        }
    };
    let visits = visitor.ip().map(|ip| ration(format!("signup:from:{ip}"), VISITOR));
    let asks: Vec<Ask> = visits.into_iter().chain([ration("signup:all".to_owned(), TENANT)]).collect();
    if intake.0.allowances.spend(&open.scope, &asks).await?.wait.is_some() {
        return Ok(open.page(StatusCode::TOO_MANY_REQUESTS, words.sign_up, &told(false, words.too_many)));
    }
    let digest = kept::digest(&intake.0.context.keys, open.form.channel, &asked.key);
    let again = [ration(format!("signup:to:{digest}"), ADDRESS)];
    if intake.0.allowances.spend(&open.scope, &again).await?.wait.is_none() {
        note(&intake, &open, &filled, asked, &visitor, &headers).await?;
    }
    Ok(done(&open))
}

fn ration(subject: String, (limit, window): (u32, u32)) -> Ask {
    Ask { subject, policy: Policy::new(limit, window) }
}

async fn note(
    intake: &Intake,
    open: &Open,
    filled: &Filled,
    asked: Asked,
    visitor: &Visitor,
    headers: &HeaderMap,
) -> Result<()> {
    let context = &intake.0.context;
    let wanted = Locale::parse(&filled.locale).ok().filter(|locale| open.form.consent.contains_key(locale.as_str()));
    let signup = Signup {
        id: SignupId::new(&context.ids, &context.clock),
        first_name: asked.first_name,
        last_name: asked.last_name,
        channel: open.form.channel,
        address: asked.address,
        locale: wanted.map_or_else(|| Locale::parse(&open.language), Ok)?,
        categories: asked.categories,
        origin: intake.origin(headers),
        evidence: visitor.evidence(SOURCE).showing(open.consent()),
    };
    open.scope.create(&signup).await.map(drop)
}

/// What everybody is told, known or not.
fn done(open: &Open) -> Response {
    let words = open.words();
    let look = if open.form.channel == Channel::Email { words.look_for_email } else { words.look_for_text };
    open.page(StatusCode::OK, words.done, &told(true, look))
}

/// The form: plain HTML, labelled and grouped, so that it can be read aloud and used by keys alone.
fn form(open: &Open, filled: &Filled) -> String {
    let words = open.words();
    let mut rows = String::new();
    if open.form.consent.len() > 1 {
        let _ = write!(rows, "<nav aria-label=\"{}\">", words.language);
        for other in open.form.consent.keys().map(|language| Words::of(language)) {
            let (tag, name) = (other.tag, other.name);
            let current = if tag == open.language { " aria-current=\"true\"" } else { "" };
            let _ = write!(rows, "<a href=\"?lang={tag}\" lang=\"{tag}\" hreflang=\"{tag}\"{current}>{name}</a> ");
        }
        rows.push_str("</nav>");
    }
    rows.push_str("<form method=\"post\">");
    input(
        &mut rows,
        "first_name",
        words.first_name,
        "type=\"text\" autocomplete=\"given-name\" maxlength=\"60\"",
        &filled.first_name,
    );
    input(
        &mut rows,
        "last_name",
        words.last_name,
        "type=\"text\" autocomplete=\"family-name\" maxlength=\"60\"",
        &filled.last_name,
    );
    let (label, kind) = match open.form.channel {
        Channel::Email => (words.email, "type=\"email\" autocomplete=\"email\" maxlength=\"254\" required"),
        _ => (words.phone, "type=\"tel\" autocomplete=\"tel\" maxlength=\"32\" required"),
    };
    input(&mut rows, "address", label, kind, &filled.address);
    let _ = write!(
        rows,
        "<div class=\"trap\" aria-hidden=\"true\"><label for=\"{TRAP}\">{TRAP}</label><input id=\"{TRAP}\" name=\"{TRAP}\" \
                          tabindex=\"-1\" autocomplete=\"off\"></div><fieldset><legend>{}</legend>",
        words.topics
    );
    for topic in &open.form.topics {
        let category = topic.category.as_str();
        let chosen = open.form.topics.len() == 1 || filled.topics.iter().any(|one| one == category);
        let checked = if chosen { " checked" } else { "" };
        let (value, name) = (escape(category), escape(topic.name(&open.language)));
        let _ = write!(rows, "<label><input type=\"checkbox\" name=\"topic\" value=\"{value}\"{checked}> {name}</label>");
    }
    let _ = write!(rows, "</fieldset><label for=\"locale\">{}</label><select id=\"locale\" name=\"locale\">", words.language);
    for other in open.form.consent.keys().map(|language| Words::of(language)) {
        let selected = if other.tag == filled.locale { " selected" } else { "" };
        let _ = write!(rows, "<option value=\"{0}\" lang=\"{0}\"{selected}>{1}</option>", other.tag, other.name);
    }
    let checked = if filled.agreed { " checked" } else { "" };
    let _ = write!(
        rows,
        "</select><label><input type=\"checkbox\" name=\"consent\" value=\"yes\" required{checked}> {}</label>\
         <button class=\"first\">{}</button></form>",
        escape(open.consent()),
        words.sign_up
    );
    rows
}

fn input(rows: &mut String, name: &str, label: &str, attributes: &str, value: &str) {
    let value = escape(value);
    let _ = write!(
        rows,
        "<label for=\"{name}\">{label}</label><input id=\"{name}\" name=\"{name}\" {attributes} value=\"{value}\">"
    );
}
