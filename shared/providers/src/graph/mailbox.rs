//! Reading a mailbox by Microsoft Graph. Sources: Microsoft Graph reference ("message: delta", "Get MIME content of a message",
//! "Create subscription", "Update subscription", "subscription resource type").
//!
//! The mark is the address that Graph gives to ask with next.

use kernel::{Result, Secret, Time};
use serde_json::{Value, json};

use super::{Credentials, Graph, Settings, verdict};
use crate::call::leads_to;
use crate::collecting::{MailApi, News, Refusal, Watch};
use crate::json::{list, text, time};
use crate::{Body, HttpCall, HttpReply, Login, Method, Reads, Setup, Verdict};

/// Minutes between two looks: posts tell of most mail before that.
const MINUTES: u16 = 15;
/// Where Graph is.
const GRAPH: &str = "https://graph.microsoft.com/v1.0";
/// Its host.
const HOST: &str = "graph.microsoft.com";
/// Seconds that a subscription is asked for: Graph grants less than seven days.
const SUBSCRIBED: i64 = 6 * 86_400 + 23 * 3_600;
/// Longest mark, in bytes: what stands in the row of a mailbox.
const LONGEST: usize = 8 * 1024;

pub(super) fn reads(settings: &Settings) -> Option<Reads> {
    let mailbox = settings.mailbox.as_ref().map(ToString::to_string).unwrap_or_default();
    settings.receive.then_some(Reads { minutes: MINUTES, mailbox })
}

fn question(address: String, login: Login, most: Option<usize>) -> HttpCall {
    let mut call = HttpCall::json(Method::Get, Secret::new(address), login, Body::default());
    call.headers.extend(most.map(|most| ("prefer", format!("odata.maxpagesize={most}"))));
    call
}

impl MailApi for Graph {
    fn start(&self, setup: &Setup<'_>, now: Time) -> Result<HttpCall> {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("changeType", "created").append_pair("$select", "id");
        query.append_pair("$filter", &format!("receivedDateTime ge {now}"));
        let address = format!("{GRAPH}/me/mailFolders/inbox/messages/delta?{}", query.finish().replace('+', "%20"));
        Ok(question(address, setup.bearer()?, None))
    }

    /// A mark that leads elsewhere is not followed: the login would go along.
    fn since(&self, mark: &str, most: usize, setup: &Setup<'_>) -> Result<HttpCall> {
        if !leads_to(mark, &[HOST]) {
            return Err(kernel::Error::internal("the mark of a mailbox leads elsewhere"));
        }
        Ok(question(mark.to_owned(), setup.bearer()?, Some(most)))
    }

    fn news(&self, _mark: &str, reply: &HttpReply) -> std::result::Result<News, Refusal> {
        let body = reply.json();
        if !reply.is_success() {
            return Err(self.refusal(reply));
        }
        let link =
            |name: &str| body.get(name).and_then(Value::as_str).filter(|link| link.len() <= LONGEST && leads_to(link, &[HOST]));
        let (next, last) = (link("@odata.nextLink"), link("@odata.deltaLink"));
        let unclear = || Refusal::Later { after: None, reason: format!("no way to ask for what comes next: {}", reply.status) };
        let mark = next.or(last).ok_or_else(unclear)?.to_owned();
        let there = list(&body, "/value").filter(|mail| mail.get("@removed").is_none());
        let mails = there.filter_map(|mail| text(mail, "/id").map(str::to_owned)).collect();
        Ok(News { mails, mark, more: next.is_some() })
    }

    fn mail(&self, id: &str, setup: &Setup<'_>) -> Result<HttpCall> {
        let id: String = url::form_urlencoded::byte_serialize(id.as_bytes()).collect();
        let address = Secret::new(format!("{GRAPH}/me/messages/{id}/$value"));
        Ok(HttpCall::question(address, setup.bearer()?))
    }

    fn raw(&self, body: Vec<u8>) -> Option<Vec<u8>> {
        Some(body)
    }

    /// A subscription is made anew, or goes on. Its posts are believed by a word, without which none is made.
    fn watch(&self, watch: Option<&Watch>, setup: &Setup<'_>, now: Time) -> Result<Option<HttpCall>> {
        let Some(word) = Credentials::read(setup.credentials)?.client_state else { return Ok(None) };
        let ends = now.plus_seconds(SUBSCRIBED).to_string();
        let (method, address, body) = match watch.and_then(|watch| watch.id.as_deref()) {
            Some(id) => {
                let id: String = url::form_urlencoded::byte_serialize(id.as_bytes()).collect();
                (Method::Patch, format!("{GRAPH}/subscriptions/{id}"), json!({ "expirationDateTime": ends }))
            }
            None => {
                let body = json!({
                    "changeType": "created", "notificationUrl": setup.callback, "clientState": word.reveal(),
                    "resource": "/me/mailFolders('inbox')/messages", "expirationDateTime": ends,
                });
                (Method::Post, format!("{GRAPH}/subscriptions"), body)
            }
        };
        Ok(Some(HttpCall::json(method, Secret::new(address), setup.bearer()?, Body::json(&body))))
    }

    fn watched(&self, reply: &HttpReply) -> std::result::Result<Watch, Refusal> {
        let body = reply.json();
        let found = time(&body, "/expirationDateTime").zip(text(&body, "/id")).filter(|_| reply.is_success());
        found.map(|(ends, id)| Watch { id: Some(id.to_owned()), ends }).ok_or_else(|| self.refusal(reply))
    }

    fn refusal(&self, reply: &HttpReply) -> Refusal {
        let code = reply.json().pointer("/error/code").and_then(Value::as_str).unwrap_or_default().to_ascii_lowercase();
        match (reply.status, verdict(reply)) {
            (401, _) => Refusal::Token,
            (410, _) => Refusal::Forgotten,
            (400 | 404, _) if matches!(code.as_str(), "syncstatenotfound" | "syncstateinvalid" | "resyncrequired") => {
                Refusal::Forgotten
            }
            (_, Verdict::Misconfigured { reason }) => Refusal::Account(reason),
            (404, _) => Refusal::Gone,
            (_, Verdict::Rejected { reason }) => Refusal::Account(reason),
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

    fn now() -> Time {
        Time::parse("2026-03-01T09:30:00Z").unwrap()
    }

    fn reply(status: u16, body: &Value) -> HttpReply {
        HttpReply { status, headers: Vec::new(), body: body.to_string().into_bytes(), at: now() }
    }

    #[test]
    fn pages_follow_each_other_and_never_lead_elsewhere() {
        let next = "https://graph.microsoft.com/v1.0/me/mailFolders('i')/messages/delta?$skiptoken=x";
        let page =
            json!({ "value": [{ "id": "a" }, { "id": "b", "@removed": { "reason": "deleted" } }], "@odata.nextLink": next });
        let news = Graph.news("", &reply(200, &page)).unwrap();
        assert_eq!(news, News { mails: vec!["a".to_owned()], mark: next.to_owned(), more: true });
        let last = Graph.news("", &reply(200, &json!({ "value": [], "@odata.deltaLink": next }))).unwrap();
        assert!(!last.more && last.mails.is_empty());
        for odd in ["https://evil.example/v1.0", "http://graph.microsoft.com/v1.0", "https://graph.microsoft.com@evil.example/"]
        {
            let elsewhere = reply(200, &json!({ "value": [], "@odata.deltaLink": odd }));
            assert!(matches!(Graph.news("", &elsewhere), Err(Refusal::Later { .. })), "{odd}");
            let token = Secret::new("t");
            let setup = Setup { settings: &NONE, credentials: &NONE, token: Some(&token), callback: "" };
            assert!(Graph.since(odd, 50, &setup).is_err(), "{odd}");
        }
        assert_eq!(Graph.news("", &reply(410, &json!({}))), Err(Refusal::Forgotten));
        assert_eq!(Graph.news("", &reply(400, &json!({ "error": { "code": "SyncStateNotFound" } }))), Err(Refusal::Forgotten));
        assert_eq!(Graph.news("", &reply(404, &json!({ "error": { "code": "ErrorItemNotFound" } }))), Err(Refusal::Gone));
    }

    #[test]
    fn a_subscription_is_made_with_the_word_and_goes_on_by_its_id() {
        let token = Secret::new("t");
        let credentials = json!({ "client_id": "app", "client_state": "hunter2word" });
        let setup = Setup {
            settings: &NONE,
            credentials: &credentials,
            token: Some(&token),
            callback: "https://s.example/hooks/graph/r",
        };
        let made = Graph.watch(None, &setup, now()).unwrap().unwrap();
        let body: Value = serde_json::from_slice(&made.body.whole().unwrap()).unwrap();
        assert_eq!((made.method, &body["clientState"]), (Method::Post, &json!("hunter2word")));
        assert_eq!(body["notificationUrl"], "https://s.example/hooks/graph/r");
        let watch =
            Graph.watched(&reply(201, &json!({ "id": "s/1", "expirationDateTime": body["expirationDateTime"] }))).unwrap();
        assert_eq!(watch.ends, now().plus_seconds(SUBSCRIBED));
        let renewed = Graph.watch(Some(&watch), &setup, now()).unwrap().unwrap();
        assert_eq!(
            (renewed.method, renewed.url.reveal()),
            (Method::Patch, "https://graph.microsoft.com/v1.0/subscriptions/s%2F1")
        );
        let unset = json!({ "client_id": "app" });
        assert!(Graph.watch(None, &Setup { credentials: &unset, ..setup }, now()).unwrap().is_none());
    }
}
