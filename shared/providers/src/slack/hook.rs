//! What Slack posts: events as JSON, pressed buttons as JSON within a form, commands as a form.

use kernel::Time;
use serde_json::{Map, Value};

use super::message_id;
use super::request::METADATA;
use crate::json::{list, text, time};
use crate::{Event, EventDetail, EventKind, FileSource, Inbound, InboundFile, Verified, Wish};

/// Kinds of messages that people write; one without a kind is the plain one.
const SAID: [&str; 3] = ["file_share", "thread_broadcast", "me_message"];

/// The post, whatever its form.
fn post(verified: &Verified) -> Value {
    if !verified.content_type().starts_with("application/x-www-form-urlencoded") {
        return verified.json();
    }
    let form = verified.form();
    match form.iter().find(|(name, _)| name == "payload") {
        Some((_, payload)) => serde_json::from_str(payload).unwrap_or_default(),
        None => Value::Object(form.into_iter().map(|(name, value)| (name, Value::String(value))).collect::<Map<_, _>>()),
    }
}

/// Whether the post is about that workspace. The question that is asked of a new address is about none.
pub(super) fn is_about(verified: &Verified, team: &str) -> bool {
    let post = post(verified);
    if text(&post, "/type") == Some("url_verification") {
        return true;
    }
    // In a channel that two workspaces share, an event may name the other one first.
    let seen_by = list(&post, "/authorizations").filter_map(|one| text(one, "/team_id"));
    let named = ["/team_id", "/team/id", "/user/team_id"].into_iter().find_map(|at| text(&post, at));
    named.into_iter().chain(seen_by).any(|named| named == team)
}

/// A moment as Slack writes it, which is also the name of a message: seconds, a point, and what tells messages of one second apart.
fn moment(value: &Value, pointer: &str) -> Option<Time> {
    let (seconds, rest) = text(value, pointer)?.split_once('.')?;
    let millis: i64 = rest.get(..3)?.parse().ok()?;
    let seconds = time(&Value::String(seconds.to_owned()), "")?;
    Some(seconds.plus_millis(millis))
}

/// That a message of ours is there, with the reference that was given to it.
pub(super) fn events(verified: &Verified) -> Vec<Event> {
    let post = post(verified);
    let sent = || {
        let event = post.get("event").filter(|event| text(event, "/type") == Some("message_metadata_posted"))?;
        let metadata = event.get("metadata").filter(|metadata| text(metadata, "/event_type") == Some(METADATA))?;
        let message = message_id(text(event, "/channel_id")?, text(event, "/message_ts")?, None);
        Some(Event {
            kind: EventKind::Sent,
            at: moment(event, "/message_ts").unwrap_or_else(|| verified.at()),
            id: crate::event::id(&["slack", &message, "sent"]),
            tag: Some(text(metadata, "/event_payload/tag")?.to_owned()),
            provider_id: Some(message),
            recipient: None,
            detail: EventDetail::default(),
        })
    };
    sent().into_iter().collect()
}

/// Messages, changed messages, pressed buttons and commands.
pub(super) fn inbound(verified: &Verified) -> Vec<Inbound> {
    let post = post(verified);
    match text(&post, "/type") {
        Some("event_callback") => {
            let arrived = time(&post, "/event_time").unwrap_or_else(|| verified.at());
            post.get("event").and_then(|event| said(event, arrived)).into_iter().collect()
        }
        Some("block_actions") => list(&post, "/actions").filter_map(|action| pressed(&post, action, verified.at())).collect(),
        _ => command(&post, verified.at()).into_iter().collect(),
    }
}

/// Somebody, somewhere. A direct conversation is reached by the person's own id.
fn somebody(from: &str, name: Option<&str>, channel: Option<&str>) -> Inbound {
    Inbound {
        from: from.to_owned(),
        name: name.map(str::to_owned),
        thread: channel.filter(|channel| !channel.starts_with('D')).map(str::to_owned),
        ..Inbound::default()
    }
}

/// A message, or a change of one. What bots say is no news: it may be our own.
fn said(event: &Value, arrived: Time) -> Option<Inbound> {
    let channel = text(event, "/channel")?;
    let changed = text(event, "/subtype") == Some("message_changed");
    let message = if changed { event.get("message")? } else { event };
    let known = matches!(text(event, "/type"), Some("message" | "app_mention"));
    let human = message.get("bot_id").is_none_or(Value::is_null);
    let plain = text(message, "/subtype").is_none_or(|kind| SAID.contains(&kind));
    if !known || !human || !plain {
        return None;
    }
    let (ts, thread) = (text(message, "/ts")?, text(message, "/thread_ts"));
    let own = message_id(channel, ts, thread);
    let mut found = somebody(text(message, "/user")?, None, Some(channel));
    found.at = moment(message, "/ts").unwrap_or(arrived);
    if changed {
        // Slack tells of a preview below a link in the same way; only people's changes have a time of their own.
        let edited = text(message, "/edited/ts").filter(|_| message.get("text") != event.pointer("/previous_message/text"))?;
        found.id = format!("{channel}:{ts}:{}:{edited}", thread.unwrap_or(ts));
        found.at = moment(message, "/edited/ts").unwrap_or(arrived);
        found.answers = Some(own);
    } else {
        found.id = own;
        found.answers = thread.filter(|thread| *thread != ts).map(|thread| message_id(channel, thread, None));
    }
    found.text = text(message, "/text").map(plain_text);
    found.files = list(message, "/files").filter_map(file).collect();
    // In a channel the word is for whoever is there.
    found.wish = found.text.as_deref().filter(|_| found.thread.is_none()).and_then(Wish::of);
    (found.text.is_some() || !found.files.is_empty()).then_some(found)
}

fn file(file: &Value) -> Option<InboundFile> {
    let owned = |pointer: &str| text(file, pointer).map(str::to_owned);
    Some(InboundFile {
        name: owned("/name"),
        media_type: owned("/mimetype"),
        bytes: file.get("size").and_then(Value::as_u64),
        content_id: None,
        source: FileSource::Url(owned("/url_private_download").or_else(|| owned("/url_private"))?),
    })
}

/// A pressed button, or a choice. A button that opens a page is told of as well, but sends nothing.
fn pressed(post: &Value, action: &Value, arrived: Time) -> Option<Inbound> {
    let first = |pointers: [&str; 2]| pointers.into_iter().find_map(|at| text(action, at));
    let value = first(["/value", "/selected_option/value"])?;
    let channel = text(post, "/channel/id").or_else(|| text(post, "/container/channel_id"));
    let from = text(post, "/user/id")?;
    let name = ["/user/name", "/user/username"].into_iter().find_map(|at| text(post, at));
    let ts = text(post, "/message/ts").or_else(|| text(post, "/container/message_ts"));
    let mut found = somebody(from, name, channel);
    let on = channel.zip(ts).map(|(channel, ts)| message_id(channel, ts, text(post, "/message/thread_ts")));
    let part = |pointer: &str| text(action, pointer).unwrap_or_default();
    let place = on.as_deref().unwrap_or_default();
    found.id = crate::event::id(&["slack action", place, from, part("/action_ts"), part("/action_id")]);
    found.at = moment(action, "/action_ts").unwrap_or(arrived);
    found.answers = on;
    found.text = first(["/text/text", "/selected_option/text/text"]).map(plain_text);
    found.button = Some(value.to_owned());
    // A button that says "Stop" is as good as the word; one that says "Yes" answers a question.
    found.wish = found.text.as_deref().and_then(Wish::of).filter(|wish| *wish == Wish::Stop && found.thread.is_none());
    Some(found)
}

/// A command, such as `/order 42`.
fn command(post: &Value, arrived: Time) -> Option<Inbound> {
    let word = text(post, "/command")?;
    let mut found = somebody(text(post, "/user_id")?, text(post, "/user_name"), text(post, "/channel_id"));
    found.id = crate::event::id(&["slack command", text(post, "/trigger_id")?]);
    found.at = arrived;
    let behind = text(post, "/text").unwrap_or_default();
    found.text = Some(format!("{word} {}", plain_text(behind)).trim().to_owned());
    found.wish = found.text.as_deref().and_then(Wish::of);
    Some(found)
}

/// What a text says to its reader: links and names without their brackets, and the three signs as they are.
fn plain_text(marked: &str) -> String {
    let mut plain = String::with_capacity(marked.len());
    let mut rest = marked;
    while let Some((before, after)) = rest.split_once('<') {
        plain.push_str(before);
        let Some((inner, behind)) = after.split_once('>') else {
            plain.push('<');
            rest = after;
            break;
        };
        let (target, label) = inner.split_once('|').map_or((inner, None), |(target, label)| (target, Some(label)));
        match (target.chars().next(), label) {
            (Some('#'), Some(label)) => plain.push_str(&format!("#{label}")),
            (Some('@'), Some(label)) => plain.push_str(&format!("@{label}")),
            (Some('!'), _) => plain.push_str(&format!("@{}", label.unwrap_or(target.trim_start_matches('!')))),
            // An address of mail or a number is its own label; a page is known by its address.
            (_, Some(label)) if target.starts_with("mailto:") || target.starts_with("tel:") => plain.push_str(label),
            _ => plain.push_str(target),
        }
        rest = behind;
    }
    plain.push_str(rest);
    plain.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}
