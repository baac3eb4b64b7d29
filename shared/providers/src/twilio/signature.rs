//! `X-Twilio-Signature`: HMAC-SHA-1 by the auth token over the address and, of a form, its fields; other bodies are covered by
//! their hash in the address. Nothing in it says when it was sent. The fields stand there without any mark between name and
//! value, so the same signature fits a form that is cut otherwise; the account's id is checked beside it.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kernel::{Error, Result, crypto};

use super::Credentials;
use super::hook::{Fields, is_form};
use crate::proof::{self, Hash};
use crate::{Callback, Setup, Verified};

/// The parameter of the address that holds the hash of a body which is no form.
const BODY_HASH: &str = "bodySHA256";

/// Proves a callback, which must be about that account when it names one.
pub(super) fn verify(callback: &Callback<'_>, setup: &Setup<'_>, account: &str) -> Result<Verified> {
    let refuse = || Error::Unauthenticated;
    let token = Credentials::read(setup.credentials)?.auth_token.ok_or_else(refuse)?;
    let shown = callback.header("x-twilio-signature").ok_or_else(refuse)?;
    let code = STANDARD.decode(shown).map_err(|_| refuse())?;
    let covered = covered(callback)?;
    let prove = |address: String| {
        let text = format!("{address}{covered}");
        proof::text_mac(callback, Hash::Sha1, token.reveal().as_bytes(), text.as_bytes(), &code).ok()
    };
    let verified = addresses(callback.url).into_iter().find_map(prove).ok_or_else(refuse)?;
    match Fields::of(&verified).text("AccountSid") {
        Some(named) if named != account => Err(refuse()),
        Some(_) | None => Ok(verified),
    }
}

/// What is signed after the address. A body that is neither a form nor hashed in the address would not be covered: it is refused.
fn covered(callback: &Callback<'_>) -> Result<String> {
    if callback.body.is_empty() {
        return Ok(String::new());
    }
    if callback.method == "POST" && is_form(callback.header("content-type").unwrap_or_default()) {
        // Each pair once, by name and then by value.
        let pairs: BTreeSet<_> = url::form_urlencoded::parse(callback.body).collect();
        return Ok(pairs.iter().flat_map(|(name, value)| [name.as_ref(), value.as_ref()]).collect());
    }
    let query = callback.query();
    let mut named = query.iter().filter(|(name, _)| name == BODY_HASH).filter_map(|(_, value)| proof::unhex(value));
    let hash = crypto::sha256(callback.body);
    let same = named.next().is_some_and(|named| crypto::equal(&named, &hash)) && named.next().is_none();
    if same { Ok(String::new()) } else { Err(Error::Unauthenticated) }
}

/// The address as it was called, and with the other way to write the default port.
fn addresses(address: &str) -> Vec<String> {
    let mut forms = vec![address.to_owned()];
    let Some((scheme, rest)) = address.split_once("://") else { return forms };
    let port = if scheme == "http" { ":80" } else { ":443" };
    let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    match authority.strip_suffix(port) {
        Some(bare) => forms.push(format!("{scheme}://{bare}{path}")),
        None => forms.push(format!("{scheme}://{authority}{port}{path}")),
    }
    forms
}
