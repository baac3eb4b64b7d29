//! Secrets that the provider simply shows: the weakest proof, for providers that have no other.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kernel::{Error, Result, crypto};

use super::Verified;
use crate::Callback;

/// The user name that goes with a password of ours: `https://switchboard:password@...`.
const USER: &str = "switchboard";
/// The parameter that shows the same password, where a provider drops names and passwords from addresses.
const PARAMETER: &str = "secret";

/// Proves a callback by a secret that it shows.
pub(crate) fn shared_secret(callback: &Callback<'_>, shown: Option<&str>, known: &str) -> Result<Verified> {
    // Whoever shows nothing must not match an account that has nothing.
    let shown = shown.filter(|_| !known.is_empty()).ok_or(Error::Unauthenticated)?;
    // Digests are of one length, so that the comparison tells nothing of the secret's.
    let same = crypto::equal(&crypto::sha256(shown.as_bytes()), &crypto::sha256(known.as_bytes()));
    if same { Ok(Verified::of(callback)) } else { Err(Error::Unauthenticated) }
}

/// Proves a callback by the name and password of its `Authorization: Basic` header (RFC 7617).
fn basic(callback: &Callback<'_>, name: &str, password: &str) -> Result<Verified> {
    let shown = callback.header("authorization").and_then(|value| value.split_once(' '));
    let shown = shown.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("basic")).map(|(_, value)| value.trim());
    let shown = shown.and_then(|value| STANDARD.decode(value).ok()).and_then(|value| String::from_utf8(value).ok());
    if name.is_empty() || password.is_empty() {
        return Err(Error::Unauthenticated);
    }
    shared_secret(callback, shown.as_deref(), &format!("{name}:{password}"))
}

/// Proves a callback by a password that the account's owner put into the address given to the provider: before the host, which
/// arrives as `Authorization: Basic` with the user name `switchboard`, or as the parameter `secret`.
pub(crate) fn password(callback: &Callback<'_>, password: &str) -> Result<Verified> {
    if callback.headers.iter().any(|(name, _)| name == "authorization") {
        return basic(callback, USER, password);
    }
    shared_secret(callback, callback.parameter(PARAMETER).as_deref(), password)
}

#[cfg(test)]
mod tests {
    use kernel::Time;

    use super::*;
    use crate::Roots;

    #[test]
    fn a_password_is_shown_in_one_of_two_places() {
        let believed = |url: &str, header: Option<&str>, known: &str| {
            let headers: Vec<_> =
                header.iter().map(|text| ("authorization".to_owned(), format!("Basic {}", STANDARD.encode(text)))).collect();
            let callback = Callback {
                method: "POST",
                url,
                headers: &headers,
                body: b"",
                topics: &[],
                certificate: None,
                roots: &Roots::none(),
                keys: None,
                now: Time::default(),
            };
            password(&callback, known).is_ok()
        };
        let (bare, shown) = ("https://h.example/r", "https://h.example/r?secret=hunter2");
        assert!(believed(bare, Some("switchboard:hunter2"), "hunter2"));
        assert!(believed(shown, None, "hunter2"));
        assert!(believed("https://h.example/r?a=1&secret=h%2Bu", None, "h+u"));
        for (url, header, known) in [
            (bare, None, "hunter2"),
            (bare, None, ""),
            (bare, Some("switchboard:"), ""),
            (bare, Some("other:hunter2"), "hunter2"),
            (bare, Some("switchboard:hunter3"), "hunter2"),
            // A wrong password is not made good by the right one elsewhere.
            (shown, Some("switchboard:hunter3"), "hunter2"),
            (shown, None, "hunter3"),
            ("https://h.example/r?secret=", None, ""),
            ("https://h.example/r?secret=hunter2&secret=hunter2", None, "hunter2"),
            ("https://h.example/r#secret=hunter2", None, "hunter2"),
        ] {
            assert!(!believed(url, header, known), "{url} {header:?} {known}");
        }
    }
}
