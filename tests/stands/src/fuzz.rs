//! What must hold of the readers of strangers' bytes, whatever the bytes: the bodies of the fuzz targets, and what the tests replay
//! their corpus with. A panic is what fails.
//!
//! Time is counted by the bytes that are looked at, and by what is handed out: a reader that copies a long name into each of many
//! messages would be caught by the latter.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use providers::fuzz::{self, LEVELS, MOST};
use providers::imap::response::{self, Heard, Said};
use providers::{Event, FileSource, Inbound, InboundFile, Roots};

use super::{Post, Stand, all, now};

/// Most recipients that one report tells of, and its own message.
const REPORTED: usize = 101;
/// What each event or message may hold that is not its own alone: an id that is a hash, a name, a number of ours.
const SHARED: usize = 512;
/// Most bytes of literals in a response of an IMAP server.
const LITERALS: usize = 64 * 1024;
/// How much more may be handed out than came in. Charsets grow up to threefold, and a text may be a name and a button as well.
const GROWTH: usize = 8;

static STANDS: LazyLock<BTreeMap<&'static str, Stand>> =
    LazyLock::new(|| all().into_iter().map(|stand| (stand.id, stand)).collect());

/// The providers that post to us.
pub fn readers() -> Vec<&'static str> {
    let reads = |stand: &&Stand| stand.sign.is_some() || stand.through_sns();
    STANDS.values().filter(reads).map(|stand| stand.id).collect()
}

/// Any bytes as a message of MIME.
pub fn mime(bytes: &[u8]) {
    let taken = fuzz::message(bytes, now());
    assert!(taken.visited <= bytes.len() * (LEVELS + 2), "{} of {} bytes were looked at", taken.visited, bytes.len());
    assert!(taken.parts <= MOST && taken.bytes <= bytes.len(), "{taken:?}");
    brought(taken.letter.as_slice(), bytes.len());
}

/// Any bytes as what an IMAP server says: responses are read one after the other, and each is taken from the bytes that it is made of.
pub fn imap(bytes: &[u8]) {
    let mut rest = bytes;
    while let Heard::Whole(said, used) = response::read(rest, LITERALS) {
        assert!((1..=rest.len()).contains(&used), "{used} of {} bytes were read", rest.len());
        let body = if let Said::Fetched(fetched) = said { fetched.body.map_or(0, |body| body.len()) } else { 0 };
        assert!(body < used && body <= LITERALS, "a mail of {body} bytes in {used}");
        rest = &rest[used..];
    }
}

/// Any bytes as a report about a message.
pub fn report(bytes: &[u8]) {
    told(&fuzz::report(bytes, now()), bytes.len(), REPORTED);
}

/// Any bytes as the body of a callback to that provider.
pub fn callback(id: &str, bytes: &[u8]) {
    let stand = &STANDS[id];
    let post = Post::new(&media_type(bytes), bytes.to_vec(), now());
    let (roots, setup) = (Roots::none(), stand.setup());
    let (believed, events, inbound) = fuzz::callback(stand.receiving(), &post.callback(&roots), &setup);
    // Nothing here is signed; but a proof that stands in the body may be part of a sample.
    assert!(!believed || !stand.covers_body, "{id} believes what nobody signed");
    told(&events, bytes.len(), bytes.len());
    brought(&inbound, bytes.len());
}

/// The media type that such a body comes with.
fn media_type(bytes: &[u8]) -> String {
    let line = bytes.split(|byte| matches!(byte, b'\r' | b'\n')).next().unwrap_or_default();
    let boundary = line.strip_prefix(b"--").and_then(|rest| std::str::from_utf8(rest).ok());
    match (boundary, bytes.first()) {
        (Some(boundary), _) => format!("multipart/form-data; boundary=\"{boundary}\""),
        (None, Some(b'{' | b'[' | b'"')) => "application/json".to_owned(),
        (None, _) => "application/x-www-form-urlencoded".to_owned(),
    }
}

fn told(events: &[Event], came: usize, most: usize) {
    assert!(events.len() <= most, "{} events", events.len());
    let mut handed = 0;
    for event in events {
        assert!(!event.id.is_empty() && event.id.len() <= 64, "{:?}", event.id);
        let detail = &event.detail;
        assert!(detail.text.as_ref().is_none_or(|text| text.len() <= 300), "{event:?}");
        assert!(detail.agent.as_ref().is_none_or(|agent| agent.len() <= 200), "{event:?}");
        let texts = [&event.tag, &event.provider_id, &event.recipient, &detail.code, &detail.url];
        handed += texts.into_iter().flatten().map(String::len).sum::<usize>();
    }
    assert!(handed <= came * GROWTH + events.len() * SHARED, "{handed} bytes of {came}");
}

fn brought(inbound: &[Inbound], came: usize) {
    let handed: usize = inbound.iter().map(weight).sum();
    assert!(handed <= came * GROWTH + inbound.len() * SHARED, "{handed} bytes of {came}");
    assert!(inbound.iter().all(|one| !one.id.is_empty() && !one.from.is_empty()), "a message of nobody");
}

/// The bytes of a message that came in.
fn weight(one: &Inbound) -> usize {
    let texts = [&one.name, &one.to, &one.thread, &one.subject, &one.text, &one.html, &one.button, &one.answers];
    let file = |file: &InboundFile| {
        let names = [&file.name, &file.media_type, &file.content_id];
        let source = match &file.source {
            FileSource::Bytes(bytes) => bytes.len(),
            FileSource::Url(text) | FileSource::Id(text) => text.len(),
        };
        names.into_iter().flatten().map(String::len).sum::<usize>() + source
    };
    one.id.len()
        + one.from.len()
        + texts.into_iter().flatten().map(String::len).sum::<usize>()
        + one.files.iter().map(file).sum::<usize>()
        + one.references.iter().map(String::len).sum::<usize>()
}
