//! From a stored message to one that is ready to go: rendered, links rewritten, headers in place.

use std::collections::BTreeMap;

use domain::attachment::{self, Enclosed};
use domain::extras::fits;
use domain::flows::accept::{self, Ways};
use domain::message::Message;
use domain::{Body, Channel, Contact, Tenant, confirmation};
use kernel::{Aim, Email, Error, Fault, Locale, Purpose, Result};
use providers::{Attachment, Content, Direct, Mail, Mailbox, Media, Outgoing};
use render::{Compiled, Limits, Rendered, Source, Strictness};
use serde_json::Value;
use store::TenantScope;

use crate::Sender;

/// How long a provider may fetch a file by its link: some do so when the recipient looks.
const LINK_SECONDS: u32 = 3600;

/// How long a contact's link to its preferences leads there.
const PREFERENCES_SECONDS: i64 = 366 * 86_400;

/// Composes. Faults of the content are [`Error::Invalid`].
pub async fn compose(
    sender: &Sender,
    scope: &TenantScope,
    tenant: &Tenant,
    contact: Option<&Contact>,
    message: &Message,
    from: Option<&Mailbox>,
) -> Result<Outgoing> {
    let mut body = match message.body {
        true => Some(scope.read_now::<Body>(Body::at(message.id)).await?.ok_or_else(|| Error::internal("a body is gone"))?.row),
        false => None,
    };
    let keys = &sender.context.keys;
    let leave = message.category.can_be_left();
    let token = keys.reference_token(Purpose::Unsubscribe, tenant.id, message.id);
    let unsubscribe = leave.then(|| format!("{}/u/{token}", sender.public_url));
    let variables = body.as_ref().map_or(&message.variables, |body| &body.variables);
    let given = accept::values(variables, contact, &message.to);
    let ways = Ways { leave: unsubscribe.clone(), preferences: contact.map(|contact| preferences(sender, tenant, contact)) };
    let values = accept::with_own(given, tenant, message.id, &ways);
    let spoken = message.locale.as_ref().or_else(|| contact.and_then(|contact| contact.locale.as_ref()));
    let said = match message.confirms {
        Some(wish) => {
            let text = confirmation::words(wish, spoken.unwrap_or(&tenant.locale));
            Some(Source { text: Some(text.to_owned()), ..Source::default() })
        }
        None => body.as_mut().and_then(|body| body.source.take()),
    };
    let rendered = match said {
        Some(source) => rendered_once(&source, &values)?,
        None => rendered(sender, scope, message, spoken, &values).await?,
    };
    let content = match (message.channel, from) {
        (Channel::Email, Some(from)) => {
            Content::Mail(Box::new(mail(sender, tenant, message, rendered, body, from.clone(), unsubscribe)?))
        }
        (Channel::Email, None) => return Err(Error::internal("an account for email without a sender")),
        (_, _) => {
            let enclosed = body.as_ref().map(|body| body.attachments.as_slice()).unwrap_or_default();
            let media = media(sender, tenant, enclosed).await?;
            Content::Direct(Box::new(direct(message, spoken, rendered, body, media)?))
        }
    };
    Ok(Outgoing {
        id: message.id.hex(),
        tag: keys.reference_token(Purpose::Tag, tenant.id, message.id),
        at: sender.context.clock.now(),
        entropy: sender.context.ids.bytes(),
        content,
    })
}

/// Where a contact sees and changes its preferences.
fn preferences(sender: &Sender, tenant: &Tenant, contact: &Contact) -> String {
    let ends = sender.context.clock.now().plus_seconds(PREFERENCES_SECONDS);
    let token = sender.context.keys.pass_for(Aim::Preferences, tenant.id, contact.id, ends, "");
    format!("{}/p/{}/{token}", sender.public_url, tenant.slug)
}

fn mail(
    sender: &Sender,
    tenant: &Tenant,
    message: &Message,
    rendered: Rendered,
    body: Option<Body>,
    from: Mailbox,
    unsubscribe: Option<String>,
) -> Result<Mail> {
    let html = rendered.html.map(|html| if message.untracked { html } else { tracked(sender, tenant, message, &html) });
    Ok(Mail {
        from,
        to: Mailbox { email: Email::parse(&message.to.address)?, name: message.to.name.clone() },
        cc: message.cc.clone(),
        bcc: message.bcc.clone(),
        reply_to: message.reply_to.clone(),
        subject: rendered.subject.unwrap_or_default(),
        html,
        text: rendered.text,
        attachments: attachments(tenant, body.as_ref()),
        headers: body.map(|body| body.headers).unwrap_or_default(),
        unsubscribe,
    })
}

/// Files as parts of an email.
fn attachments(tenant: &Tenant, body: Option<&Body>) -> Vec<Attachment> {
    let part = |file: &Enclosed| Attachment {
        name: file.name.clone(),
        media_type: file.media_type.clone(),
        bytes: file.bytes,
        stored: attachment::key(tenant.id, file.id),
        content_id: file.inline.clone(),
    };
    body.map(|body| body.attachments.iter().map(part).collect()).unwrap_or_default()
}

/// Files as other channels have them: providers fetch them by their links, or are handed their bytes.
async fn media(sender: &Sender, tenant: &Tenant, files: &[Enclosed]) -> Result<Vec<Media>> {
    let mut media = Vec::with_capacity(files.len());
    for file in files {
        let stored = attachment::key(tenant.id, file.id);
        let link = sender.files.download(&stored, &file.name, &file.media_type, LINK_SECONDS).await?;
        let (name, media_type) = (file.name.clone(), file.media_type.clone());
        media.push(Media { kind: file.kind(), media_type, url: link.url, bytes: file.bytes, stored, name });
    }
    Ok(media)
}

fn direct(
    message: &Message,
    spoken: Option<&Locale>,
    rendered: Rendered,
    body: Option<Body>,
    media: Vec<Media>,
) -> Result<Direct> {
    let extras = body.map(|body| body.extras).unwrap_or_default();
    let text = rendered.text.map(|text| text.trim_end().to_owned()).filter(|text| !text.is_empty());
    fits(message.channel, !media.is_empty(), "", rendered.subject.as_deref(), text.as_deref().unwrap_or_default())?;
    Ok(Direct {
        to: message.to.address.clone(),
        name: message.to.name.clone(),
        title: rendered.subject,
        text,
        media,
        location: extras.location,
        buttons: extras.buttons,
        template: extras.provider_template,
        answers: extras.answers,
        locale: spoken.map(ToString::to_string),
        data: extras.data,
    })
}

/// Content that came with the message.
fn rendered_once(source: &Source, values: &Value) -> Result<Rendered> {
    let compiled = Compiled::new(source, &BTreeMap::new(), &Limits::default())
        .map_err(|faults| faults.into_iter().next().map_or_else(|| Error::internal("content does not compile"), refuse))?;
    compiled.render(values, Strictness::Send).map_err(refuse)
}

/// Content by its template.
async fn rendered(
    sender: &Sender,
    scope: &TenantScope,
    message: &Message,
    spoken: Option<&Locale>,
    values: &Value,
) -> Result<Rendered> {
    // A place or a provider's template speaks for itself.
    let Some(made) = message.template else { return Ok(Rendered::default()) };
    let edition = sender.catalog.edition_of(scope, made.id, made.number, spoken).await?;
    edition.compiled.render(values, Strictness::Send).map_err(refuse)
}

fn refuse(fault: render::Fault) -> Error {
    Error::Invalid(vec![Fault::new(format!("/{}", fault.part), "template", fault.to_string())])
}

/// Links lead through the click redirect, and a pixel tells of opens.
fn tracked(sender: &Sender, tenant: &Tenant, message: &Message, html: &str) -> String {
    let keys = &sender.context.keys;
    let own = format!("{}/", sender.public_url);
    let html = render::rewrite_links(html, |url| {
        if url.starts_with(&own) {
            return None;
        }
        keys.link_token(tenant.id, message.id, url).map(|token| format!("{}/t/c/{token}", sender.public_url))
    });
    let token = keys.reference_token(Purpose::Open, tenant.id, message.id);
    render::insert_pixel(&html, &format!("{}/t/o/{token}", sender.public_url))
}
