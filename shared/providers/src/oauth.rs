//! OAuth 2.0: the link by which a person consents, the exchange of the code that comes back, and the requests for access tokens.
//! All of it is pure. The caller draws state and verifier, keeps them for the session and tenant that asked, uses them once, and
//! compares the state before it exchanges the code. Sources: RFC 6749 (codes, refresh tokens, errors), RFC 7636 (PKCE), RFC 7523
//! (tokens for a signed assertion).

use kernel::{Error, Result, Secret, crypto};
use serde_json::Value;
use url::Url;

use crate::json::text;
use crate::settings::{fault, visible, visible_if_any};
use crate::{Access, Body, HttpCall, Login, Method, Reply, Token, Verdict};

/// Where Google gives tokens.
pub(crate) const GOOGLE: &str = "https://oauth2.googleapis.com/token";
/// Seconds that a token is said to last when its answer does not say.
const LIFE: i64 = 3600;
/// Longest life that is believed, in seconds.
const LONGEST: i64 = 86_400;
/// Seconds before its end from which a token is not used any more.
const MARGIN: i64 = 300;

/// What a person is asked to consent to, and the app that asks, as it is registered with the provider.
#[derive(Clone, Debug)]
pub struct Consent {
    /// Address of the page.
    pub(crate) page: String,
    /// Address that gives tokens.
    pub(crate) tokens: String,
    /// What is asked for.
    pub(crate) scopes: &'static [&'static str],
    /// Parameters of the page beyond those of the standard.
    pub(crate) further: &'static [(&'static str, &'static str)],
    /// The app.
    pub(crate) client: Client,
    /// The mailbox that is meant, so that the right one of several is offered.
    pub(crate) mailbox: Option<String>,
    /// What came of it, when somebody has consented.
    pub(crate) refresh_token: Option<Secret>,
}

impl Consent {
    /// Who asks for tokens, and where: what was given to one asker is worth nothing to another.
    pub fn asker(&self) -> (&str, &str) {
        (&self.client.id, &self.tokens)
    }
}

/// An app that is registered with a provider.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    /// Its id, which is no secret.
    pub(crate) id: String,
    /// Its secret, when it has one.
    pub(crate) secret: Option<Secret>,
}

impl Client {
    /// Checks `client_id`, `client_secret` and `refresh_token` of an account's credentials.
    pub(crate) fn read(id: &str, secret: Option<&Secret>, refresh_token: Option<&Secret>) -> Result<Self> {
        visible(&Secret::new(id), "/credentials/client_id")?;
        visible_if_any(secret, "/credentials/client_secret")?;
        visible_if_any(refresh_token, "/credentials/refresh_token")?;
        Ok(Self { id: id.to_owned(), secret: secret.cloned() })
    }
}

/// The address of the page where a person consents. `redirect` is where the browser comes back to, with `state` and a code;
/// `verifier` stays with us (RFC 7636 section 4.1) and only its hash goes along.
pub fn authorize_url(consent: &Consent, redirect: &str, state: &str, verifier: &Secret) -> Result<String> {
    check(redirect, verifier.reveal())?;
    if state.is_empty() || state.len() > 512 || !state.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Error::internal("a state of 1 to 512 visible ASCII characters is needed"));
    }
    let mut page = Url::parse(&consent.page).map_err(|_| Error::internal("the address of a consent page cannot be read"))?;
    page.query_pairs_mut()
        .append_pair("response_type", "code")
        .append_pair("client_id", &consent.client.id)
        .append_pair("redirect_uri", redirect)
        .append_pair("scope", &consent.scopes.join(" "))
        .append_pair("state", state)
        .append_pair("code_challenge", &crypto::encode(&crypto::sha256(verifier.reveal().as_bytes())))
        .append_pair("code_challenge_method", "S256")
        .extend_pairs(consent.further)
        .extend_pairs(consent.mailbox.iter().map(|mailbox| ("login_hint", mailbox)));
    Ok(page.into())
}

/// The request that turns the code into tokens: [`granted`] reads its answer. `redirect` and `verifier` are those of the link.
pub fn exchange(consent: &Consent, redirect: &str, code: &Secret, verifier: &Secret) -> Result<HttpCall> {
    check(redirect, verifier.reveal())?;
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", code.reveal()),
        ("redirect_uri", redirect),
        ("code_verifier", verifier.reveal()),
    ];
    Ok(ask(&consent.tokens, &fields, Some(&consent.client)))
}

/// The request for an access token by the refresh token. There is none before somebody has consented.
pub fn refresh(consent: &Consent) -> Result<Access> {
    let refuse = || fault("/credentials/refresh_token", "nobody has consented to this account yet");
    let token = consent.refresh_token.as_ref().ok_or_else(refuse)?;
    let fields = [("grant_type", "refresh_token"), ("refresh_token", token.reveal())];
    Ok(Access::Ask(Box::new(ask(&consent.tokens, &fields, Some(&consent.client)))))
}

/// The request for an access token by a signed assertion (RFC 7523).
pub(crate) fn assert(tokens: &str, assertion: &Secret) -> HttpCall {
    let fields = [("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"), ("assertion", assertion.reveal())];
    ask(tokens, &fields, None)
}

fn ask(tokens: &str, fields: &[(&str, &str)], client: Option<&Client>) -> HttpCall {
    let id = client.map(|client| ("client_id", client.id.as_str()));
    let secret = client.and_then(|client| client.secret.as_ref()).map(|secret| ("client_secret", secret.reveal()));
    HttpCall {
        method: Method::Post,
        url: Secret::new(tokens),
        headers: vec![
            ("content-type", "application/x-www-form-urlencoded".to_owned()),
            ("accept", "application/json".to_owned()),
        ],
        login: Login::None,
        body: Body::form(fields.iter().copied().chain(id).chain(secret)),
        http2: false,
    }
}

/// The address must be the registered one to the letter, and the verifier one that RFC 7636 allows.
fn check(redirect: &str, verifier: &str) -> Result<()> {
    let address = Url::parse(redirect).map_err(|_| Error::internal("the address to come back to cannot be read"))?;
    let local = matches!(address.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    if address.fragment().is_some() || !(address.scheme() == "https" || (local && address.scheme() == "http")) {
        return Err(Error::internal("the address to come back to must be https and without fragment"));
    }
    let plain = verifier.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte));
    if !plain || !(43..=128).contains(&verifier.len()) {
        return Err(Error::internal("a verifier has 43 to 128 letters, digits and -._~"));
    }
    Ok(())
}

/// Reads the tokens out of an answer. The error says what the answer means for a message that waits for the token: it is
/// certainly not sent, so a lost answer is no [`Verdict::Unknown`].
pub fn granted(reply: &Reply) -> std::result::Result<Token, Verdict> {
    let answer = match reply {
        Reply::Answered(answer) => answer,
        Reply::Lost { text } | Reply::Unreached { text } | Reply::Unread { text } => {
            return Err(Verdict::Retry { after: None, reason: text.clone() });
        }
        Reply::Accepted { .. } | Reply::Refused { .. } => {
            return Err(Verdict::Retry { after: None, reason: "no answer of a server that gives tokens".to_owned() });
        }
    };
    let body = answer.json();
    if let (true, Some(value)) = (answer.is_success(), text(&body, "/access_token").filter(|value| is_token(value))) {
        let life = seconds(&body).unwrap_or(LIFE).clamp(0, LONGEST);
        return Ok(Token {
            value: Secret::new(value),
            // A short life is used by half at least.
            ends: answer.at.plus_seconds((life - MARGIN).max(life / 2)),
            refresh: text(&body, "/refresh_token").filter(|token| is_token(token)).map(Secret::new),
        });
    }
    // Nothing but the two fields is quoted: the rest may hold tokens.
    let words = [text(&body, "/error"), text(&body, "/error_description")].into_iter().flatten().collect::<Vec<_>>().join(": ");
    let words = crate::event::cut(&words.replace(char::is_control, " "), 300);
    let reason = format!("no access token: {} {words}", answer.status).trim_end().to_owned();
    Err(match (text(&body, "/error"), answer.status) {
        (Some("temporarily_unavailable" | "server_error"), _) => Verdict::Retry { after: answer.retry_after(), reason },
        // Whatever is wrong with the request is wrong with the account.
        (_, 400 | 401 | 403 | 404) => Verdict::Misconfigured { reason },
        (_, 429) => Verdict::Limited { after: answer.retry_after(), reason },
        _ => Verdict::Retry { after: answer.retry_after(), reason },
    })
}

/// Some write the number as text.
fn seconds(body: &Value) -> Option<i64> {
    let life = body.get("expires_in")?;
    life.as_i64().or_else(|| life.as_str()?.parse().ok())
}

/// What may stand in a header.
fn is_token(text: &str) -> bool {
    text.len() <= 16_384 && text.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use kernel::Time;
    use serde_json::json;

    use super::*;
    use crate::HttpReply;

    /// RFC 7636 appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    const BACK: &str = "https://app.shop.example/consent?x=1";

    fn consent() -> Consent {
        Consent {
            page: "https://login.example.com/authorize".to_owned(),
            tokens: "https://login.example.com/token".to_owned(),
            scopes: &["mail.send", "offline"],
            further: &[("prompt", "consent")],
            client: Client { id: "app&id".to_owned(), secret: Some(Secret::new("hunter2&secret")) },
            mailbox: Some("ada+1@example.com".to_owned()),
            refresh_token: Some(Secret::new("r1")),
        }
    }

    fn fields(text: &[u8]) -> Vec<(String, String)> {
        url::form_urlencoded::parse(text).into_owned().collect()
    }

    fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        expected.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn now() -> Time {
        Time::parse("2026-03-01T09:30:00Z").unwrap()
    }

    fn answered(status: u16, body: &Value) -> Reply {
        Reply::Answered(HttpReply { status, headers: Vec::new(), body: body.to_string().into_bytes(), at: now() })
    }

    #[test]
    fn the_link_carries_the_hash_of_the_verifier_and_no_secret() {
        let link = authorize_url(&consent(), BACK, "s/t=a&te", &Secret::new(VERIFIER)).unwrap();
        let (page, query) = link.split_once('?').unwrap();
        assert_eq!(page, "https://login.example.com/authorize");
        let expected = [
            ("response_type", "code"),
            ("client_id", "app&id"),
            ("redirect_uri", BACK),
            ("scope", "mail.send offline"),
            ("state", "s/t=a&te"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
            ("prompt", "consent"),
            ("login_hint", "ada+1@example.com"),
        ];
        assert_eq!(fields(query.as_bytes()), pairs(&expected));
        assert!(!link.contains("hunter2") && !link.contains(VERIFIER));
    }

    #[test]
    fn the_code_is_exchanged_with_verifier_and_secret() {
        let call = exchange(&consent(), BACK, &Secret::new("c&ode"), &Secret::new(VERIFIER)).unwrap();
        assert_eq!((call.method, call.url.reveal()), (Method::Post, "https://login.example.com/token"));
        let expected = [
            ("grant_type", "authorization_code"),
            ("code", "c&ode"),
            ("redirect_uri", BACK),
            ("code_verifier", VERIFIER),
            ("client_id", "app&id"),
            ("client_secret", "hunter2&secret"),
        ];
        assert_eq!(fields(&call.body.whole().unwrap()), pairs(&expected));
        assert!(!format!("{call:?}{:?}", consent()).contains("hunter2"));
    }

    #[test]
    fn an_app_without_secret_shows_none() {
        let mut consent = consent();
        consent.client.secret = None;
        let Access::Ask(call) = refresh(&consent).unwrap() else { unreachable!() };
        let expected = [("grant_type", "refresh_token"), ("refresh_token", "r1"), ("client_id", "app&id")];
        assert_eq!(fields(&call.body.whole().unwrap()), pairs(&expected));
    }

    #[test]
    fn nothing_is_asked_for_before_somebody_has_consented() {
        let nobody = Consent { refresh_token: None, ..consent() };
        let Err(Error::Invalid(faults)) = refresh(&nobody) else { unreachable!() };
        assert_eq!(faults[0].pointer, "/credentials/refresh_token");
    }

    #[test]
    fn links_that_cannot_be_safe_are_not_made() {
        for back in ["http://app.shop.example/", "https://app.shop.example/#x", "consent", "javascript:alert(1)", ""] {
            assert!(authorize_url(&consent(), back, "state", &Secret::new(VERIFIER)).is_err(), "{back}");
        }
        assert!(authorize_url(&consent(), "http://127.0.0.1:3000/consent", "state", &Secret::new(VERIFIER)).is_ok());
        for verifier in ["short", &"v".repeat(42), &"v".repeat(129), &format!("{VERIFIER}!")] {
            assert!(authorize_url(&consent(), BACK, "state", &Secret::new(verifier)).is_err(), "{verifier}");
            assert!(exchange(&consent(), BACK, &Secret::new("c"), &Secret::new(verifier)).is_err(), "{verifier}");
        }
        assert!(authorize_url(&consent(), BACK, "", &Secret::new(VERIFIER)).is_err());
        assert!(authorize_url(&consent(), BACK, "a\nb", &Secret::new(VERIFIER)).is_err());
    }

    #[test]
    fn a_token_ends_early_and_a_new_refresh_token_comes_along() {
        let body = json!({"access_token": "at", "token_type": "Bearer", "expires_in": 3599, "refresh_token": "next"});
        let token = granted(&answered(200, &body)).unwrap();
        assert_eq!((token.value.reveal(), token.ends), ("at", now().plus_seconds(3299)));
        assert_eq!(token.refresh.unwrap().reveal(), "next");
        for (life, seconds) in [(json!("120"), 60), (json!(null), 3300), (json!(-5), 0), (json!(i64::MAX), 86_100)] {
            let token = granted(&answered(200, &json!({"access_token": "at", "expires_in": life}))).unwrap();
            assert_eq!((token.ends, token.refresh), (now().plus_seconds(seconds), None), "{life}");
        }
    }

    #[test]
    fn refusals_say_what_becomes_of_the_message_that_waits() {
        let word = |reply: &Reply| match granted(reply).unwrap_err() {
            Verdict::Misconfigured { reason } => format!("misconfigured: {reason}"),
            Verdict::Limited { .. } => "limited".to_owned(),
            Verdict::Retry { .. } => "retry".to_owned(),
            other => format!("{other:?}"),
        };
        let dead = json!({"error": "invalid_grant", "error_description": "Token has been\r\nexpired or revoked."});
        let expected = "misconfigured: no access token: 400 invalid_grant: Token has been  expired or revoked.";
        assert_eq!(word(&answered(400, &dead)), expected);
        assert!(word(&answered(401, &json!({"error": "invalid_client"}))).starts_with("misconfigured"));
        assert_eq!(word(&answered(400, &json!({"error": "temporarily_unavailable"}))), "retry");
        assert_eq!(word(&answered(503, &json!("<html>"))), "retry");
        assert_eq!(word(&answered(429, &json!({}))), "limited");
        // A success without a token that could stand in a header.
        for odd in [json!({}), json!({"access_token": "a\r\nb"}), json!({"access_token": ["hunter2"]}), json!("hunter2")] {
            assert_eq!(word(&answered(200, &odd)), "retry");
            assert!(!format!("{:?}", granted(&answered(200, &odd))).contains("hunter2"));
        }
        // The message was not handed over, whatever became of the question.
        assert_eq!(word(&Reply::Lost { text: "reset".into() }), "retry");
        assert_eq!(word(&Reply::Unreached { text: "refused".into() }), "retry");
    }
}
