//! What Discord posts: interactions (pressed buttons, choices, forms, commands), and events about the application.

use kernel::Time;
use serde_json::{Value, json};

use crate::json::{id, list, text};
use crate::{Answer, FileSource, Inbound, InboundFile, Verified, Wish};

/// Kinds of interactions.
const PING: i64 = 1;
const COMMAND: i64 = 2;
const COMPONENT: i64 = 3;
const COMPLETION: i64 = 4;
const FORM: i64 = 5;

/// 2015-01-01, from which the ids of Discord count milliseconds.
const EPOCH: i64 = 1_420_070_400_000;
/// The kind of an option that is a file.
const FILE: i64 = 11;
/// The kind of a command on a message.
const ON_MESSAGE: i64 = 3;

fn kind(value: &Value) -> Option<i64> {
    value.get("type").and_then(Value::as_i64)
}

/// The answer to a genuine post. An interaction must be answered at once, or its sender is told that it failed.
pub(super) fn answer(verified: &Verified) -> Answer {
    let post = verified.json();
    if post.get("event").is_some() || kind(&post) == Some(0) {
        // An event, or the question whether events arrive: no body, but a content type.
        return Answer { status: 204, media_type: "application/json", body: String::new() };
    }
    let body = match kind(&post) {
        Some(PING) => json!({"type": 1}),
        // Shown to the sender alone, in no language.
        Some(COMMAND | FORM) => json!({"type": 4, "data": {"content": "\u{2713}", "flags": 64}}),
        Some(COMPONENT) => json!({"type": 6}),
        Some(COMPLETION) => json!({"type": 8, "data": {"choices": []}}),
        _ => return Answer::done(),
    };
    Answer::with("application/json", body.to_string())
}

/// The interaction, as a message to the channel that it took place in.
pub(super) fn inbound(verified: &Verified) -> Vec<Inbound> {
    let post = verified.json();
    one(&post, verified.at()).filter(|_| post.get("event").is_none()).into_iter().collect()
}

fn one(post: &Value, arrived: Time) -> Option<Inbound> {
    let person = post.pointer("/member/user").or_else(|| post.get("user"))?;
    let own = id(post, "/id")?;
    let data = post.get("data")?;
    let name = ["/member/nick", "/member/user/global_name", "/member/user/username", "/user/global_name", "/user/username"];
    let mut found = Inbound {
        at: moment(&own).map_or(arrived, |at| at.min(arrived)),
        id: own,
        from: id(person, "/id")?,
        name: name.into_iter().find_map(|name| text(post, name)).map(str::to_owned),
        thread: id(post, "/channel_id").or_else(|| id(post, "/channel/id")),
        automatic: person.get("bot") == Some(&Value::Bool(true)),
        ..Inbound::default()
    };
    match kind(post)? {
        COMMAND => {
            let mut words = vec![format!("/{}", text(data, "/name")?)];
            options(data, &mut words);
            found.text = Some(words.join(" "));
            found.answers = id(data, "/target_id").filter(|_| kind(data) == Some(ON_MESSAGE));
            found.files = files(data);
            found.wish = found.text.as_deref().and_then(Wish::of);
        }
        COMPONENT => {
            let pressed = text(data, "/custom_id")?;
            let parts = list(post, "/message/components").flat_map(|row| list(row, "/components"));
            let label = parts.filter(|part| text(part, "/custom_id") == Some(pressed)).find_map(|part| text(part, "/label"));
            let chosen = list(data, "/values").filter_map(Value::as_str).collect::<Vec<_>>().join(", ");
            found.text = label.map(str::to_owned).or_else(|| Some(chosen).filter(|chosen| !chosen.is_empty()));
            found.button = Some(pressed.to_owned());
            found.answers = id(post, "/message/id");
            // A button that says "Stop" is as good as the word; one that says "Yes" answers a question.
            found.wish = label.and_then(Wish::of).filter(|wish| *wish == Wish::Stop);
        }
        FORM => {
            let rows = list(data, "/components");
            let parts = rows.flat_map(|row| list(row, "/components").chain(row.get("component")));
            let values = parts.filter_map(|part| text(part, "/value")).collect::<Vec<_>>().join("\n");
            found.text = Some(values).filter(|values| !values.is_empty());
            found.button = text(data, "/custom_id").map(str::to_owned);
            found.answers = id(post, "/message/id");
        }
        _ => return None,
    }
    Some(found)
}

/// When an id was given.
fn moment(id: &str) -> Option<Time> {
    let number: u64 = id.parse().ok()?;
    Some(Time::from_millis(i64::try_from(number >> 22).ok()?.saturating_add(EPOCH)))
}

/// What stands behind a command: names of its branches, and values. Files stand apart.
fn options(data: &Value, words: &mut Vec<String>) {
    for option in list(data, "/options").filter(|option| kind(option) != Some(FILE)) {
        match option.get("value") {
            Some(Value::String(value)) => words.push(value.clone()),
            Some(value @ (Value::Number(_) | Value::Bool(_))) => words.push(value.to_string()),
            Some(_) | None => words.extend(text(option, "/name").map(str::to_owned)),
        }
        options(option, words);
    }
}

fn files(data: &Value) -> Vec<InboundFile> {
    let files = data.pointer("/resolved/attachments").and_then(Value::as_object);
    let file = |file: &Value| {
        let owned = |pointer: &str| text(file, pointer).map(str::to_owned);
        Some(InboundFile {
            name: owned("/filename"),
            media_type: owned("/content_type"),
            bytes: file.get("size").and_then(Value::as_u64),
            content_id: None,
            source: FileSource::Url(owned("/url")?),
        })
    };
    files.into_iter().flat_map(|files| files.values()).filter_map(file).collect()
}
