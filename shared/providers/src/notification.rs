//! What push notifications and webhooks have in common: a heading, a text, data for programs, and nothing to press.

use kernel::{Error, Result};

use crate::{Direct, MediaKind};

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
    if direct.title.is_none() && direct.text.is_none() && direct.data.is_empty() {
        return Err(Error::invalid("/content/text", "required", "a text, a title or data is needed"));
    }
    Ok(())
}
