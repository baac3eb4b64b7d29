//! One message: as the recipient sees it, what can be done to it, and what became of it.

use std::collections::HashMap;

use axum::extract::{Path, Query, State};
use kernel::Reference;
use send::outbox::Kept;

use super::follow::{self, Check, Event, Followed, Trace, Try};
use super::list::status;
use super::mail::{self, Link, Mail};
use super::markup::{Html, Slot, fill, page};
use super::{Pages, Refusal, Shared, deeds};

/// Shows it.
pub(super) async fn show(
    State(pages): Shared,
    Path(id): Path<String>,
    Query(asked): Query<HashMap<String, String>>,
) -> Result<Html, Refusal> {
    let kept = pages.find(&id)?;
    let mail = mail::read(&kept, &pages.context.keys);
    let reference = pages.reference(&kept);
    let message = reference.map(|reference| reference.message().to_string()).unwrap_or_default();
    let subject = if mail.subject.trim().is_empty() { "(no subject)" } else { &mail.subject };
    let envelope = kept.to.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let done = asked.get("done").and_then(|deed| deeds::said(deed));
    let done = done.map(|said| fill(r#"<p class="said" role="status">{{said}}</p>"#, &[("said", &said)])).unwrap_or_default();
    let slug = reference.and_then(|reference| pages.tenant(reference.tenant())).map_or("—", |(slug, _)| slug);
    let trace = trace(&pages, reference).await;
    let now = trace.as_ref().map_or_else(|_| String::new(), |trace| format!("Status: {}", trace.status));
    let told = told(trace);
    let content = fill(
        include_str!("letter.html"),
        &[
            ("id", &kept.id),
            ("done", &done),
            ("subject", &subject),
            ("from", &mail.from),
            ("to", &mail.to),
            ("sender", &kept.from.to_string()),
            ("envelope", &envelope),
            ("provider", &kept.provider),
            ("tenant", &slug),
            ("message", &message),
            ("at", &kept.at),
            ("html", &rich(&kept, &mail)),
            ("text", &plain(&mail)),
            ("links", &links(&kept.id, &mail.links)),
            ("headers", &mail.headers.iter().map(header).collect::<Html>()),
            ("count", &mail.headers.len()),
            ("open", &open(&kept.id, &mail)),
            ("leave", &leave(&kept.id, &mail)),
            ("now", &now),
            ("told", &told),
        ],
    );
    Ok(page(subject, &content))
}

/// What became of the message that a reference names.
pub(super) async fn trace(pages: &Pages, reference: Option<Reference>) -> Followed<Trace> {
    let reference = reference.ok_or("no reference")?;
    let (_, key) = pages.tenant(reference.tenant()).ok_or("no key")?;
    follow::trace(&pages.api, key, reference.message()).await
}

fn rich(kept: &Kept, mail: &Mail) -> Html {
    match mail.html {
        Some(_) => fill(include_str!("frame.html"), &[("id", &kept.id)]),
        None => fill(r#"<p class="quiet">The message has no HTML part.</p>"#, &[]),
    }
}

fn plain(mail: &Mail) -> Html {
    match &mail.text {
        Some(text) => fill(r#"<pre class="text" tabindex="0"><bdi>{{text}}</bdi></pre>"#, &[("text", text)]),
        None => fill(r#"<p class="quiet">The message has no text part.</p>"#, &[]),
    }
}

fn header((name, value): &(String, String)) -> Html {
    fill("<dt>{{name}}</dt><dd><bdi>{{value}}</bdi></dd>", &[("name", name), ("value", value)])
}

fn links(id: &str, links: &[Link]) -> Html {
    if links.is_empty() {
        return fill(r#"<p class="quiet">There is no link in the HTML part.</p>"#, &[]);
    }
    let rows: Html = links.iter().enumerate().map(|(number, link)| self::link(id, number, link)).collect();
    fill(r#"<form method="post"><ol class="links">{{rows}}</ol></form>"#, &[("rows", &rows)])
}

fn link(id: &str, number: usize, link: &Link) -> Html {
    let press = match link.token {
        Some(_) => fill(
            r#"<button formaction="/local/outbox/{{id}}/deeds/click?n={{n}}" aria-describedby="link-{{n}}">Click</button>"#,
            &[("id", &id), ("n", &number)],
        ),
        None => fill(r#"<span class="quiet">not tracked</span>"#, &[]),
    };
    let slots: [(&str, &dyn Slot); 3] = [("n", &number), ("url", &link.url), ("press", &press)];
    fill(r#"<li><code id="link-{{n}}"><bdi>{{url}}</bdi></code>{{press}}</li>"#, &slots)
}

/// What the recipient can do, where the message allows it.
fn open(id: &str, mail: &Mail) -> Html {
    match mail.pixel {
        Some(_) => fill(r#"<button formaction="/local/outbox/{{id}}/deeds/open">Open</button>"#, &[("id", &id)]),
        None => fill(r#"<span class="quiet">Opens are not tracked.</span>"#, &[]),
    }
}

fn leave(id: &str, mail: &Mail) -> Html {
    match &mail.leave {
        Some(token) => fill(include_str!("leave.html"), &[("id", &id), ("token", token)]),
        None => fill(r#"<span class="quiet">This category cannot be left.</span>"#, &[]),
    }
}

/// What became of it.
pub(super) fn told(trace: Followed<Trace>) -> Html {
    let trace = match trace {
        Ok(trace) => trace,
        Err(why) => {
            let why: &str = match why {
                "no reference" => "The message has no reference that this deployment made: perhaps its secret changed since.",
                "no key" => {
                    "The message belongs to a tenant that was made after the start: its key is known to its owner alone."
                }
                "deleted" => "The message was deleted from the table.",
                _ => "The API does not tell just now.",
            };
            return fill(r#"<p class="quiet">{{why}}</p>"#, &[("why", &why)]);
        }
    };
    let some = |rows: Html| if rows == Html::default() { fill(r#"<li class="quiet">Nothing yet.</li>"#, &[]) } else { rows };
    fill(
        include_str!("told.html"),
        &[
            ("status", &status(Ok(&trace.status))),
            ("why", &trace.why),
            ("events", &some(trace.events.iter().rev().map(event).collect())),
            ("tries", &some(trace.tries.iter().map(attempt).collect())),
            ("decision", &trace.gate.decision),
            ("reason", &trace.gate.reason.map(|reason| format!(", because {reason}")).unwrap_or_default()),
            ("checks", &trace.gate.checks.iter().map(check).collect::<Html>()),
        ],
    )
}

fn event(event: &Event) -> Html {
    let facts = [&event.class, &event.code, &event.text, &event.url, &event.agent];
    let facts = facts.into_iter().flatten().map(String::as_str).collect::<Vec<_>>().join(" · ");
    let machine = if event.machine { " (by a program)" } else { "" };
    fill(
        r#"<li><strong>{{kind}}</strong>{{machine}} {{at}}<span class="facts"><bdi>{{facts}}</bdi></span></li>"#,
        &[("kind", &words(&event.kind)), ("machine", &machine), ("at", &moment(&event.at)), ("facts", &facts)],
    )
}

fn attempt(attempt: &Try) -> Html {
    let number = usize::try_from(attempt.number).unwrap_or(usize::MAX);
    let facts = [&attempt.account, &attempt.note].into_iter().flatten().map(String::as_str).collect::<Vec<_>>().join(" · ");
    fill(
        r#"<li><strong>{{n}}. {{verdict}}</strong> {{at}}<span class="facts"><bdi>{{facts}}</bdi></span></li>"#,
        &[("n", &number), ("verdict", &words(&attempt.verdict)), ("at", &moment(&attempt.at)), ("facts", &facts)],
    )
}

fn check(check: &Check) -> Html {
    let (sign, tone) = match check.result.as_str() {
        "passed" => ("✓", "good"),
        "failed" => ("✗", "bad"),
        _ => ("–", "none"),
    };
    fill(
        r#"<li><span class="sign {{tone}}" role="img" aria-label="{{result}}">{{sign}}</span> {{question}}</li>"#,
        &[("tone", &tone), ("result", &words(&check.result)), ("sign", &sign), ("question", &check.question)],
    )
}

fn words(word: &str) -> String {
    word.replace('_', " ")
}

fn moment(text: &str) -> Html {
    match kernel::Time::parse(text) {
        Ok(at) => fill("{{at}}", &[("at", &at)]),
        Err(_) => fill("{{at}}", &[("at", &text)]),
    }
}
