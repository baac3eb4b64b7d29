//! Who may ask. The pages show mail and act on it without a credential, so only this machine's own pages may use them: the
//! `Host` must name the loopback, which stops names of strangers that resolve to it (DNS rebinding), and a POST must come from
//! a page of the same origin, which stops forms on other pages. A request that does not say where it comes from is refused.

use std::net::IpAddr;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};

use super::Refusal;

/// What a page may load and do. Frames hold previews, which have a policy of their own.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; \
frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Lets through what may ask, and keeps every answer to itself.
pub(super) async fn guard(request: Request, next: Next) -> Response {
    let authority = request.uri().authority().map(ToString::to_string);
    let mut response = match admit(request.method(), request.headers(), authority.as_deref()) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    };
    let headers = response.headers_mut();
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(POLICY));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // With `no-referrer` a browser would send `Origin: null` along with our own forms.
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin"));
    headers.insert(HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin"));
    response
}

fn admit(method: &Method, headers: &HeaderMap, authority: Option<&str>) -> Result<(), Refusal> {
    let said = |name: HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let host = said(header::HOST).or(authority).unwrap_or_default();
    if !is_loopback(host) {
        return Err(Refusal {
            status: StatusCode::MISDIRECTED_REQUEST,
            title: "Not from here",
            detail: "These pages are for this machine alone. Ask for them as localhost or 127.0.0.1.".to_owned(),
        });
    }
    if matches!(*method, Method::GET | Method::HEAD) {
        return Ok(());
    }
    let (site, origin) = (said(HeaderName::from_static("sec-fetch-site")), said(header::ORIGIN));
    let same = site.is_none_or(|site| site == "same-origin")
        && origin.is_none_or(|origin| origin.strip_prefix("http://").is_some_and(|origin| origin.eq_ignore_ascii_case(host)));
    if same && (site.is_some() || origin.is_some()) {
        return Ok(());
    }
    Err(Refusal {
        status: StatusCode::FORBIDDEN,
        title: "Not from here",
        detail: format!("Only a page of this origin may do this. A script says so with the header \"Origin: http://{host}\"."),
    })
}

/// Whether the value of a `Host` header names the loopback.
fn is_loopback(host: &str) -> bool {
    let (name, port) = match host.strip_prefix('[').and_then(|host| host.split_once(']')) {
        Some((name, rest)) => (name, rest.strip_prefix(':').or(rest.is_empty().then_some("0"))),
        None => match host.split_once(':') {
            Some((name, port)) => (name, Some(port)),
            None => (host, Some("0")),
        },
    };
    if !port.is_some_and(|port| port.bytes().all(|byte| byte.is_ascii_digit())) {
        return false;
    }
    let bracketed = host.starts_with('[');
    match name.parse::<IpAddr>() {
        Ok(address) => address.is_loopback() && address.is_ipv6() == bracketed,
        Err(_) => !bracketed && is_localhost(&name.to_ascii_lowercase()),
    }
}

/// RFC 6761 section 6.3: these names never leave the machine.
fn is_localhost(name: &str) -> bool {
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'));
    plain && (name == "localhost" || name.ends_with(".localhost"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(method: Method, given: &[(&'static str, &str)]) -> u16 {
        let headers = given.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap()));
        admit(&method, &headers.collect(), None).map_or_else(|refusal| refusal.status.as_u16(), |()| 200)
    }

    #[test]
    fn only_names_of_the_loopback_are_hosts() {
        for host in ["localhost", "LOCALHOST:8080", "127.0.0.1:80", "127.9.9.9", "[::1]:8080", "[::1]", "demo.localhost:1"] {
            assert!(is_loopback(host), "{host}");
        }
        let strangers =
            ["", "evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "0.0.0.0:80", "192.168.1.2", "::1"];
        for host in
            strangers.into_iter().chain(["localhost:80@evil.example", "[::1]x", "[localhost]", "[::2]", "a/b.localhost", "?"])
        {
            assert!(!is_loopback(host), "{host}");
        }
    }

    #[test]
    fn looking_needs_a_loopback_host_and_nothing_else() {
        assert_eq!(answer(Method::GET, &[("host", "localhost:8080"), ("sec-fetch-site", "cross-site")]), 200);
        assert_eq!(answer(Method::GET, &[("host", "rebound.example:8080")]), 421);
        assert_eq!(answer(Method::GET, &[]), 421);
    }

    #[test]
    fn doing_needs_the_same_origin_in_every_header_that_speaks_of_it() {
        let post = |given: &[(&'static str, &str)]| answer(Method::POST, &[&[("host", "localhost:8080")], given].concat());
        assert_eq!(post(&[("sec-fetch-site", "same-origin"), ("origin", "http://localhost:8080")]), 200);
        assert_eq!(post(&[("sec-fetch-site", "same-origin")]), 200);
        assert_eq!(post(&[("origin", "http://LOCALHOST:8080")]), 200);
        assert_eq!(post(&[]), 403);
        for site in ["cross-site", "same-site", "none", "Same-Origin", ""] {
            assert_eq!(post(&[("sec-fetch-site", site)]), 403, "{site}");
        }
        for origin in ["null", "", "http://localhost:8081", "https://localhost:8080", "http://localhost:8080.evil.example"] {
            assert_eq!(post(&[("origin", origin)]), 403, "{origin}");
            assert_eq!(post(&[("sec-fetch-site", "same-origin"), ("origin", origin)]), 403, "{origin}");
        }
        let rebound = [("host", "evil.example"), ("sec-fetch-site", "same-origin"), ("origin", "http://evil.example")];
        assert_eq!(answer(Method::POST, &rebound), 421);
    }
}
