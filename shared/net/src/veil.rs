//! Lays a veil over what a provider says: some repeat the login that they refuse, and the trace, the log and the account's health
//! show a provider's words to people who must not know it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use providers::{Call, Login, Setup, Verdict};
use serde_json::Value;

/// What is shown in place of a secret.
const VEILED: &str = "***";
/// Texts of fewer bytes are no secrets, and words of any kind would be veiled with them.
const SHORTEST: usize = 6;

/// Texts that are shown to nobody.
pub struct Veil(Vec<String>);

impl Veil {
    /// Over the credentials of an account and its access token.
    pub fn of(setup: &Setup<'_>) -> Self {
        let mut texts = Vec::new();
        gather(setup.credentials, &mut texts);
        texts.extend(setup.token.map(|token| token.reveal().to_owned()));
        Self(texts)
    }

    /// And over the login of that call as it is written. Without any, its address may be the login.
    #[must_use]
    pub fn and(mut self, call: &Call) -> Self {
        let Call::Http(call) = call else { return self };
        match &call.login {
            Login::Basic(user, password) => self.0.push(STANDARD.encode(format!("{user}:{}", password.reveal()))),
            Login::Bearer(secret) | Login::Authorization(secret) | Login::Header(_, secret) => {
                self.0.push(secret.reveal().to_owned());
            }
            Login::None => {
                let address = call.url.reveal();
                let path = address.split_once("://").and_then(|(_, rest)| rest.find('/').and_then(|at| rest.get(at..)));
                self.0.extend([Some(address), path].into_iter().flatten().map(str::to_owned));
            }
            Login::Aws { .. } => {}
        }
        self
    }

    /// The same verdict without them.
    pub fn over(&self, verdict: Verdict) -> Verdict {
        match verdict {
            Verdict::Sent { id } => Verdict::Sent { id },
            Verdict::Retry { after, reason } => Verdict::Retry { after, reason: self.words(reason) },
            Verdict::Limited { after, reason } => Verdict::Limited { after, reason: self.words(reason) },
            Verdict::Rejected { reason } => Verdict::Rejected { reason: self.words(reason) },
            Verdict::Undeliverable { gone, reason } => Verdict::Undeliverable { gone, reason: self.words(reason) },
            Verdict::Misconfigured { reason } => Verdict::Misconfigured { reason: self.words(reason) },
            Verdict::Unknown { reason } => Verdict::Unknown { reason: self.words(reason) },
        }
    }

    /// The same words without them.
    pub fn words(&self, said: String) -> String {
        // The longer first, since one may be part of another.
        let mut texts: Vec<&String> = self.0.iter().filter(|text| text.len() >= SHORTEST).collect();
        texts.sort_by_key(|text| std::cmp::Reverse(text.len()));
        let said = texts.iter().fold(said, |said, text| said.replace(text.as_str(), VEILED));
        match texts.iter().filter_map(|text| uncut(&said, text)).next() {
            Some(rest) => format!("{rest}{VEILED}"),
            None => said,
        }
    }
}

/// What stands before the beginning of that text, where the words were cut within it.
fn uncut<'a>(said: &'a str, text: &str) -> Option<&'a str> {
    let beginnings = (SHORTEST..text.len()).rev().filter_map(|length| text.get(..length));
    beginnings.filter_map(|beginning| said.strip_suffix(beginning)).next()
}

/// All texts in a value.
fn gather(value: &Value, texts: &mut Vec<String>) {
    match value {
        Value::String(text) => texts.push(text.clone()),
        Value::Array(rows) => rows.iter().for_each(|row| gather(row, texts)),
        Value::Object(fields) => fields.values().for_each(|field| gather(field, texts)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use kernel::Secret;
    use providers::{Body, HttpCall, Method};
    use serde_json::json;

    use super::*;

    #[test]
    fn no_secret_is_said_whole_or_in_part() {
        let credentials =
            json!({"api_key": "key-hunter2", "rooms": {"a": "https://x.example/hunter2"}, "more": ["hunter2-more", "of"]});
        let token = Secret::new("ya29.hunter2");
        let setup = Setup { settings: &Value::Null, credentials: &credentials, token: Some(&token), callback: "" };
        let call = Call::Http(HttpCall {
            method: Method::Post,
            url: Secret::new("https://x.example/"),
            headers: Vec::new(),
            login: Login::Basic("shop".to_owned(), Secret::new("hunter2")),
            body: Body::default(),
            http2: false,
        });
        let veil = Veil::of(&setup).and(&call);
        for (said, shown) in [
            ("401 key-hunter2 is unknown", "401 *** is unknown"),
            ("at https://x.example/hunter2?a", "at ***?a"),
            ("hunter2-more of ya29.hunter2", "*** of ***"),
            ("Basic c2hvcDpodW50ZXIy", "Basic ***"),
            ("said key-hunt", "said ***"),
            ("said key-", "said key-"),
        ] {
            let verdict = veil.over(Verdict::Retry { after: Some(7), reason: said.to_owned() });
            assert_eq!(verdict, Verdict::Retry { after: Some(7), reason: shown.to_owned() });
        }
        // An address that is the login, whole and by its path.
        let Call::Http(call) = call else { unreachable!("it is a web request") };
        let veil = Veil::of(&setup).and(&Call::Http(HttpCall {
            login: Login::None,
            url: Secret::new("https://x.example/a?sig=b"),
            ..call
        }));
        for said in ["404 at https://x.example/a?sig=b", "404 at /a?sig=b"] {
            let verdict = veil.over(Verdict::Rejected { reason: said.to_owned() });
            assert_eq!(verdict, Verdict::Rejected { reason: "404 at ***".to_owned() });
        }
        let sent = Verdict::Sent { id: "key-hunter2".to_owned() };
        assert_eq!(veil.over(sent.clone()), sent, "an id is nothing but an id");
    }
}
