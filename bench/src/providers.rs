//! Each provider's own work without any network: a message into its words, a callback proven, and what it tells read.

use providers::Verified;
use serde_json::{Map, Value, json};
use stands::{Stand, all, sns_roots};

use crate::Fallible;
use crate::watch::{rounded, time};

/// How often each is done.
const ROUNDS: usize = 2_000;

/// Microseconds for each provider: of one message, and of one callback as the mean of all samples; null where it has none.
pub(crate) fn measure() -> Fallible<Value> {
    let measured = all().iter().map(|stand| Ok((stand.id.to_owned(), one(stand)?))).collect::<Fallible<Map<_, _>>>()?;
    Ok(json!({ "providers": measured }))
}

fn one(stand: &Stand) -> Fallible<Value> {
    let (sending, receiving, setup, message) = (stand.sending(), stand.receiving(), stand.setup(), stand.outgoing());
    let translate = time(ROUNDS, || sending.call(&message, &setup).is_ok());
    let (roots, posts) = (sns_roots(), stand.posts());
    if posts.is_empty() {
        return Ok(json!({ "translate_us": rounded(translate), "verify_us": null, "events_us": null }));
    }
    let verified =
        || posts.iter().map(|(_, post)| receiving.verify(&post.callback(&roots), &setup)).collect::<Result<Vec<_>, _>>();
    let proven: Vec<Verified> = verified().map_err(|error| format!("{}: {error:?}", stand.id))?;
    let rounds = ROUNDS / posts.len();
    let each = |micros: f64| rounded(micros / f64::from(u32::try_from(posts.len()).unwrap_or(u32::MAX)));
    let verify = time(rounds, verified);
    let read = |one: &Verified| (receiving.events(one, &setup).len(), receiving.inbound(one, &setup).len());
    let events = time(rounds, || proven.iter().map(read).collect::<Vec<_>>());
    Ok(json!({ "translate_us": rounded(translate), "verify_us": each(verify), "events_us": each(events) }))
}
