//! What push notifications and webhooks have in common: a heading, a text, data for programs, and nothing to press.

use kernel::{Error, Result, Time};

use crate::settings::fault;
use crate::{Direct, MediaKind};

/// Longest time that push services keep a notification for a device that cannot be reached, in seconds: four weeks.
pub(crate) const LONGEST: u32 = 28 * 86_400;

/// Checks the setting `ttl`: for how many seconds a notification is kept for a device that cannot be reached.
pub(crate) fn check_ttl(ttl: Option<u32>) -> Result<()> {
    let fine = ttl.is_none_or(|seconds| seconds <= LONGEST);
    if fine { Ok(()) } else { Err(fault("/settings/ttl", "0 to 2419200 seconds (four weeks)")) }
}

/// The second from which a notification is not kept any more, as Apple writes it: 0 for "now or never".
pub(crate) fn expiry(at: Time, ttl: u32) -> String {
    if ttl == 0 { "0".to_owned() } else { at.plus_seconds(ttl.into()).seconds().to_string() }
}

/// Where a field of the data stands.
pub(crate) fn place(name: &str) -> String {
    format!("/data/{}", name.replace('~', "~0").replace('/', "~1"))
}

/// Refuses what a notification cannot carry, and one that says nothing. `picture` tells whether it can show one.
pub(crate) fn check(direct: &Direct, picture: bool) -> Result<()> {
    let refuse = |pointer: &str, detail: &str| Err(Error::invalid(pointer, "unsupported", detail));
    if !direct.buttons.is_empty() {
        return refuse("/buttons", "this channel has no buttons");
    }
    if direct.location.is_some() {
        return refuse("/location", "this channel carries no place");
    }
    if direct.template.is_some() {
        return refuse("/template", "this channel knows no templates of a provider's");
    }
    for (number, media) in direct.media.iter().enumerate() {
        if !picture || number > 0 || media.kind != MediaKind::Image {
            let detail = if picture { "a notification shows one picture" } else { "this channel carries no files" };
            return refuse(&format!("/media/{number}"), detail);
        }
    }
    let silent = direct.title.is_none() && direct.text.is_none();
    if silent && !direct.media.is_empty() {
        return Err(Error::invalid("/content/text", "required", "a picture goes with a text or a title"));
    }
    if silent && direct.data.is_empty() {
        return Err(Error::invalid("/content/text", "required", "a text, a title or data is needed"));
    }
    Ok(())
}
