//! The pages for people: plain HTML without scripts or anything from elsewhere.

use axum::http::{HeaderValue, header};
use axum::response::Response;
use domain::Category;

use crate::boxes;

/// One category and whether the person wants it.
pub(crate) struct Choice {
    pub(crate) category: Category,
    pub(crate) wanted: bool,
}

/// What the page shows.
pub(crate) struct Page<'a> {
    pub(crate) sender: &'a str,
    pub(crate) address: &'a str,
    pub(crate) choices: Vec<Choice>,
    pub(crate) saved: bool,
}

pub(crate) const STYLE: &str = "body{margin:0;font:16px/1.5 system-ui,sans-serif;color:light-dark(#1c1e21,#e8eaed);\
background:light-dark(#f4f5f7,#17181a);color-scheme:light dark}main{max-width:30rem;margin:3rem auto;padding:2rem;\
background:light-dark(#fff,#232528);border-radius:12px}h1{font-size:1.4rem;margin-top:0}label{display:block;padding:.5rem 0}\
button{font:inherit;padding:.6rem 1rem;border-radius:8px;border:1px solid #8886;cursor:pointer;margin:.5rem .5rem 0 0}\
.first{background:#1a56db;color:#fff;border-color:#1a56db}.saved{padding:.6rem 1rem;border-radius:8px;\
background:light-dark(#e6f4ea,#1e3a2a)}";

/// What a person is asked on a page of preferences.
pub(crate) fn question(sender: &str) -> String {
    format!("Your messages from {sender}: what should we send to you?")
}

pub(crate) fn render(page: &Page<'_>) -> String {
    let mut rows = String::new();
    for choice in &page.choices {
        let name = choice.category.as_str();
        boxes::draw(&mut rows, "category", name, name, choice.wanted);
    }
    if rows.is_empty() {
        rows.push_str("<p>There is nothing to choose here: you get only messages that you asked for or must know.</p>");
    }
    let saved = if page.saved { "<p class=\"saved\" role=\"status\">Saved.</p>" } else { "" };
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><meta name=\"robots\" content=\"noindex\"><title>Your messages from {sender}</title>\
         <style>{STYLE}</style></head><body><main><h1>Your messages from {sender}</h1>{saved}<p>What should we send to \
         <strong>{address}</strong>?</p><form method=\"post\">{rows}<button class=\"first\" name=\"choice\" \
         value=\"save\">Save</button><button name=\"choice\" value=\"none\">Unsubscribe from all</button></form></main></body></html>",
        sender = escape(page.sender),
        address = escape(&masked(page.address)),
    )
}

/// A page that tells one thing. Both texts are our own and free of markup.
pub(crate) fn notice(title: &str, words: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><meta name=\"robots\" content=\"noindex\"><title>{title}</title>\
         <style>{STYLE}</style></head><body><main><h1>{title}</h1><p>{words}</p></main></body></html>"
    )
}

/// Enough of an address to recognise it by, and no more: the link may have been forwarded.
pub(crate) fn masked(address: &str) -> String {
    match address.rsplit_once('@') {
        Some((local, domain)) => format!("{}•••@{domain}", local.chars().next().unwrap_or('•')),
        None => "•••".to_owned(),
    }
}

pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

/// Headers that keep the page to itself.
pub(crate) fn protect(response: &mut Response) {
    let headers = response.headers_mut();
    let policy = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_the_tenants_text_becomes_markup_and_the_address_is_masked() {
        let page = Page { sender: "<script>x</script>", address: "ada@example.com", choices: Vec::new(), saved: false };
        let html = render(&page);
        assert!(!html.contains("<script>"));
        assert!(html.contains("a•••@example.com") && !html.contains("ada@"));
    }
}
