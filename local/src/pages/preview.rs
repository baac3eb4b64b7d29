//! The rich part of a message in a frame of its own, as the recipient would see it before images are loaded. Nothing in it runs
//! and nothing is fetched: looking at a message here must not count as opening it. A link opens in a new window, as in a mail
//! program, and counts as a click like any other.

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderValue, header};

use super::mail::{self, File};
use super::{Refusal, Shared};

/// No scripts, no forms, no origin, and no images but those that the message carries itself.
const POLICY: &str = "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; img-src data:; \
style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; frame-ancestors 'self'";

/// Shows the rich part.
pub(super) async fn show(State(pages): Shared, Path(id): Path<String>) -> Result<Response, Refusal> {
    let mail = mail::read(&pages.find(&id)?, &pages.context.keys);
    let html = mail.html.ok_or_else(|| Refusal::nowhere("The message has no HTML part."))?;
    let shown = with_pictures(&without_pixels(&html), &mail.files);
    let mut response = axum::response::Html(framed(&shown)).into_response();
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    Ok(response)
}

/// Takes the addresses of open pixels out. The policy stops them too; a browser without it must not open messages either.
fn without_pixels(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    let mut rest = html;
    while let Some((before, after)) = rest.split_once(mail::OPEN) {
        let start = before.rfind(|other: char| other.is_whitespace() || matches!(other, '"' | '\'' | '(' | '>' | '='));
        out.push_str(start.and_then(|start| before.get(..=start)).unwrap_or_default());
        out.push_str("data:,");
        let end = after.find(|other: char| other.is_whitespace() || matches!(other, '"' | '\'' | ')' | '>'));
        rest = end.and_then(|end| after.get(end..)).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

/// Puts the pictures that the message carries where it refers to them.
fn with_pictures(html: &str, files: &[File]) -> String {
    let mut html = html.to_owned();
    for file in files.iter().filter(|file| file.media_type.starts_with("image/")) {
        let Some(id) = &file.content_id else { continue };
        let data = format!("data:{};base64,{}", file.media_type, STANDARD.encode(&file.bytes));
        for quote in ['"', '\''] {
            html = html.replace(&format!("{quote}cid:{id}{quote}"), &format!("{quote}{data}{quote}"));
        }
    }
    html
}

/// Makes links open in a new window: the frame itself may show nothing but the message.
fn framed(html: &str) -> String {
    const BASE: &str = "<base target=\"_blank\">";
    let lower = html.to_ascii_lowercase();
    let after = |tag: &str| {
        let at = lower.find(tag)?;
        let next = lower.as_bytes().get(at + tag.len())?;
        if !(next.is_ascii_whitespace() || *next == b'>') {
            return None;
        }
        lower.get(at..)?.find('>').map(|end| at + end + 1)
    };
    // In front of the document type it would put the page into the browser's compatibility mode.
    let at = after("<head").or_else(|| after("<html")).or_else(|| after("<!doctype")).unwrap_or(0);
    let (before, rest) = html.split_at_checked(at).unwrap_or(("", html));
    format!("{before}{BASE}{rest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_are_taken_out_wherever_they_stand_and_the_rest_stays() {
        for (html, expected) in [
            (r#"a<img src="https://m.example/t/o/TOKEN" width="1">b"#, r#"a<img src="data:," width="1">b"#),
            ("<img src=http://127.0.0.1:8080/t/o/TOKEN.gif>ü", "<img src=data:,>ü"),
            ("<i style='background:url(https://m/t/o/a)'>", "<i style='background:url(data:,)'>"),
            (r#"<img src="/t/o/a"><img src='/t/o/b'>"#, r#"<img src="data:,"><img src='data:,'>"#),
            (r#"<a href="https://m/t/c/x">y</a>"#, r#"<a href="https://m/t/c/x">y</a>"#),
            ("/t/o/", "data:,"),
        ] {
            assert_eq!(without_pixels(html), expected);
        }
    }

    #[test]
    fn pictures_that_come_along_are_shown_and_nothing_else_is() {
        let file = |kind: &str| File {
            name: "a".to_owned(),
            media_type: kind.to_owned(),
            content_id: Some("logo".to_owned()),
            bytes: b"PNG".to_vec(),
        };
        let html = r#"<img src="cid:logo"><img src='cid:logo'><img src="cid:logo2">cid:logo"#;
        let shown =
            r#"<img src="data:image/png;base64,UE5H"><img src='data:image/png;base64,UE5H'><img src="cid:logo2">cid:logo"#;
        assert_eq!(with_pictures(html, &[file("image/png")]), shown);
        assert_eq!(with_pictures(html, &[file("text/html")]), html);
    }

    #[test]
    fn links_get_a_window_of_their_own_without_moving_the_document_type() {
        let base = "<base target=\"_blank\">";
        for (html, expected) in [
            ("<!DOCTYPE html><html><HEAD lang=x><title>", "<!DOCTYPE html><html><HEAD lang=x>|<title>"),
            ("<!doctype html><html><header>", "<!doctype html><html>|<header>"),
            ("<!doctype html><p>", "<!doctype html>|<p>"),
            ("<p>ü", "|<p>ü"),
            ("<head", "|<head"),
            ("", "|"),
        ] {
            assert_eq!(framed(html), expected.replace('|', base));
        }
    }

    #[test]
    fn the_policy_lets_nothing_run_or_load() {
        assert!(POLICY.starts_with("sandbox ") && POLICY.contains("default-src 'none'"));
        for word in ["allow-scripts", "allow-same-origin", "allow-forms", "allow-top-navigation", "http:", "https:", "*"] {
            assert!(!POLICY.contains(word), "{word}");
        }
    }
}
