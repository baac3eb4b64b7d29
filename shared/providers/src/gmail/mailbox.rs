//! Reading a mailbox of Gmail's. Sources: Gmail API reference ("users.history.list", "users.messages.get", "users.watch"), Gmail API
//! guides ("Synchronize clients with Gmail", "Push notifications").
//!
//! The mark is a `historyId`, and within a page of nothing but other changes the token of the next page behind it.

use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use kernel::{Result, Secret, Time};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Gmail, Settings, verdict};
use crate::collecting::{MailApi, News, Refusal, Watch};
use crate::json::{id, list, text, time};
use crate::{Body, HttpCall, HttpReply, Method, Reads, Setup, Verdict};

/// Minutes between two looks: posts tell of most mail before that.
const MINUTES: u16 = 15;
/// Where the mailbox of the token is.
const OWN: &str = "https://gmail.googleapis.com/gmail/v1/users/me";
/// What stands between a mark and the token of the next page.
const PAGE: char = '~';

/// Google writes base64 with or without padding.
const BASE64: GeneralPurpose =
    GeneralPurpose::new(&URL_SAFE, GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent));

/// Whether it is the full name of a topic.
pub(super) fn is_topic(name: &str) -> bool {
    let plain = |part: &str| {
        (1..=255).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~+%:".contains(&byte))
    };
    let parts: Vec<&str> = name.split('/').collect();
    matches!(parts.as_slice(), ["projects", project, "topics", topic] if plain(project) && plain(topic))
}

pub(super) fn reads(settings: &Settings) -> Option<Reads> {
    let mailbox = settings.mailbox.as_ref().map(ToString::to_string).unwrap_or_default();
    settings.receive.then_some(Reads { minutes: MINUTES, mailbox })
}

/// A question with parameters, about the mailbox of the token.
fn ask(path: &str, parameters: &[(&str, &str)], setup: &Setup<'_>) -> Result<HttpCall> {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(parameters);
    let address = Secret::new(format!("{OWN}/{path}?{}", query.finish()));
    Ok(HttpCall::json(Method::Get, address, setup.bearer()?, Body::default()))
}

impl MailApi for Gmail {
    fn start(&self, setup: &Setup<'_>, _now: Time) -> Result<HttpCall> {
        ask("profile", &[("fields", "historyId")], setup)
    }

    fn since(&self, mark: &str, most: usize, setup: &Setup<'_>) -> Result<HttpCall> {
        let (start, page) = mark.split_once(PAGE).map_or((mark, None), |(start, page)| (start, Some(page)));
        let most = most.to_string();
        let mut parameters =
            vec![("startHistoryId", start), ("historyTypes", "messageAdded"), ("labelId", "INBOX"), ("maxResults", &most)];
        parameters.extend(page.map(|page| ("pageToken", page)));
        ask("history", &parameters, setup)
    }

    /// A page's token is good for who goes on at once; from its mark the page comes again.
    fn kept<'m>(&self, mark: &'m str) -> &'m str {
        mark.split(PAGE).next().unwrap_or_default()
    }

    fn news(&self, mark: &str, reply: &HttpReply) -> std::result::Result<News, Refusal> {
        let body = reply.json();
        if !reply.is_success() || !body.is_object() {
            return Err(self.refusal(reply));
        }
        let unclear = || Refusal::Later { after: None, reason: format!("no place in the mailbox's history: {}", reply.status) };
        let records: Vec<&Value> = list(&body, "/history").collect();
        let added = records.iter().flat_map(|record| list(record, "/messagesAdded"));
        let mails = added.filter_map(|added| text(added, "/message/id").map(str::to_owned)).collect();
        let Some(page) = text(&body, "/nextPageToken") else {
            let mark = id(&body, "/historyId").ok_or_else(unclear)?;
            return Ok(News { mails, mark, more: false });
        };
        let start = self.kept(mark);
        let last = records.last().and_then(|record| id(record, "/id"));
        Ok(News { mails, mark: last.unwrap_or_else(|| format!("{start}{PAGE}{page}")), more: true })
    }

    fn mail(&self, id: &str, setup: &Setup<'_>) -> Result<HttpCall> {
        let id: String = url::form_urlencoded::byte_serialize(id.as_bytes()).collect();
        ask(&format!("messages/{id}"), &[("format", "raw"), ("fields", "raw")], setup)
    }

    fn raw(&self, body: Vec<u8>) -> Option<Vec<u8>> {
        #[derive(Deserialize)]
        struct Raw {
            raw: String,
        }
        let Raw { raw } = serde_json::from_slice(&body).ok()?;
        drop(body);
        BASE64.decode(raw).ok()
    }

    /// Watching goes on from each request for a week; Google wants one a day.
    fn watch(&self, _watch: Option<&Watch>, setup: &Setup<'_>, _now: Time) -> Result<Option<HttpCall>> {
        let Some(topic) = Settings::read(setup.settings)?.topic else { return Ok(None) };
        let body = json!({ "topicName": topic, "labelIds": ["INBOX"], "labelFilterBehavior": "INCLUDE" });
        let address = Secret::new(format!("{OWN}/watch"));
        Ok(Some(HttpCall::json(Method::Post, address, setup.bearer()?, Body::json(&body))))
    }

    fn watched(&self, reply: &HttpReply) -> std::result::Result<Watch, Refusal> {
        let body = reply.json();
        let ends = time(&body, "/expiration").filter(|_| reply.is_success());
        ends.map(|ends| Watch { id: None, ends }).ok_or_else(|| self.refusal(reply))
    }

    fn refusal(&self, reply: &HttpReply) -> Refusal {
        match (reply.status, verdict(reply)) {
            (401, _) => Refusal::Token,
            (404, _) => Refusal::Gone,
            (_, Verdict::Misconfigured { reason } | Verdict::Rejected { reason }) => Refusal::Account(reason),
            (_, Verdict::Limited { after, reason } | Verdict::Retry { after, reason }) => Refusal::Later { after, reason },
            (_, Verdict::Sent { .. } | Verdict::Undeliverable { .. } | Verdict::Unknown { .. }) => {
                Refusal::Later { after: None, reason: reply.words() }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: Value = Value::Null;

    fn reply(status: u16, body: &Value) -> HttpReply {
        let at = Time::parse("2026-03-01T09:30:00Z").unwrap();
        HttpReply { status, headers: Vec::new(), body: body.to_string().into_bytes(), at }
    }

    fn setup(token: &Secret) -> Setup<'_> {
        Setup { settings: &NONE, credentials: &NONE, token: Some(token), callback: "" }
    }

    #[test]
    fn history_is_read_page_by_page_and_no_record_is_passed_over() {
        let record = |id: &str, mail: &str| json!({ "id": id, "messagesAdded": [{ "message": { "id": mail } }] });
        let page = json!({ "history": [record("11", "a"), record("12", "b")], "nextPageToken": "p", "historyId": "99" });
        let news = Gmail.news("10", &reply(200, &page)).unwrap();
        assert_eq!(news, News { mails: vec!["a".into(), "b".into()], mark: "12".into(), more: true });
        let others = Gmail.news("10", &reply(200, &json!({ "nextPageToken": "p q", "historyId": "99" }))).unwrap();
        assert_eq!(others, News { mails: Vec::new(), mark: "10~p q".into(), more: true });
        let token = Secret::new("t");
        let call = Gmail.since(&others.mark, 50, &setup(&token)).unwrap();
        assert!(call.url.reveal().contains("startHistoryId=10&") && call.url.reveal().ends_with("pageToken=p+q"));
        let last = Gmail.news(&others.mark, &reply(200, &json!({ "historyId": 99 }))).unwrap();
        assert_eq!(last, News { mails: Vec::new(), mark: "99".into(), more: false });
        for odd in [json!({}), json!([]), json!("x")] {
            assert!(matches!(Gmail.news("10", &reply(200, &odd)), Err(Refusal::Later { .. })), "{odd}");
        }
        assert_eq!(Gmail.news("10", &reply(404, &json!({}))), Err(Refusal::Gone));
        assert_eq!(Gmail.news("10", &reply(401, &json!({}))), Err(Refusal::Token));
    }

    #[test]
    fn a_mail_comes_in_base64_and_a_watch_says_when_it_ends() {
        assert_eq!(Gmail.raw(json!({ "raw": "RnJvbTog8J-YgA==" }).to_string().into_bytes()).unwrap(), "From: 😀".as_bytes());
        assert_eq!(Gmail.raw(b"{\"raw\":\"@\"}".to_vec()), None);
        let watch = Gmail.watched(&reply(200, &json!({ "historyId": "9", "expiration": "1772960400000" }))).unwrap();
        assert_eq!(watch, Watch { id: None, ends: Time::from_millis(1_772_960_400_000) });
        for (name, good) in [
            ("projects/shop/topics/mail", true),
            ("projects/shop/topics/", false),
            ("mail", false),
            ("projects/a/topics/b/c", false),
        ] {
            assert_eq!(is_topic(name), good, "{name}");
        }
    }
}
