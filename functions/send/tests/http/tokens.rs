//! Access tokens: asked for once, kept until they end.

use futures_util::future::join_all;
use kernel::ids::AccountId;
use kernel::{Error, Ids, Result};
use net::tokens::Tokens;
use providers::{
    Access, Callback, Channel, Event, Inbound, Outgoing, Provider, Receiving, Sending, Setup, Token, Verdict, Verified,
};
use send::Carrier;
use serde_json::{Value, json};

use super::*;

/// A provider that gives tokens of an hour at that port of this machine.
struct Bank(u16);

impl Provider for Bank {
    fn id(&self) -> &'static str {
        "bank"
    }

    fn channel(&self) -> Channel {
        Channel::Push
    }

    fn check(&self, _: &Value, _: &Value) -> Result<()> {
        Ok(())
    }
}

impl Sending for Bank {
    fn repeatable(&self) -> bool {
        false
    }

    fn access(&self, setup: &Setup<'_>, now: Time) -> Result<Access> {
        let token = || Token { value: Secret::new(format!("made at {now}")), ends: now.plus_seconds(3600), refresh: None };
        match setup.settings["kind"].as_str() {
            Some("made") => Ok(Access::Made(token())),
            Some("ask") => Ok(Access::Ask(Box::new(call(self.0)))),
            Some(_) | None => Ok(Access::Ready),
        }
    }

    fn token(&self, reply: &Reply) -> std::result::Result<Token, Verdict> {
        match reply {
            Reply::Answered(answer) if answer.is_success() => Ok(Token {
                value: Secret::new(answer.json()["id"].as_str().unwrap()),
                ends: answer.at.plus_seconds(3600),
                refresh: None,
            }),
            Reply::Lost { text } => Err(Verdict::Unknown { reason: text.clone() }),
            other => Err(Verdict::Rejected { reason: format!("{other:?}") }),
        }
    }

    fn call(&self, _: &Outgoing, _: &Setup<'_>) -> Result<Call> {
        Ok(Call::Http(call(self.0)))
    }

    fn verdict(&self, reply: &Reply) -> Verdict {
        Verdict::Unknown { reason: format!("{reply:?}") }
    }

    fn probe(&self, _: &Setup<'_>) -> Result<Option<Call>> {
        Ok(None)
    }
}

impl Receiving for Bank {
    fn verify(&self, _: &Callback<'_>, _: &Setup<'_>) -> Result<Verified> {
        Err(Error::Unauthenticated)
    }

    fn events(&self, _: &Verified, _: &Setup<'_>) -> Vec<Event> {
        Vec::new()
    }

    fn inbound(&self, _: &Verified, _: &Setup<'_>) -> Vec<Inbound> {
        Vec::new()
    }
}

/// A bank, what is kept of it, and an account there.
struct Desk {
    stub: Stub,
    bank: Bank,
    tokens: Tokens,
    carrier: Carrier,
    clock: Clock,
    account: AccountId,
}

impl Desk {
    async fn new(deeds: &[Deed]) -> Self {
        let stub = Stub::start(deeds.iter().map(|deed| Script::of(std::slice::from_ref(deed))).collect()).await;
        let (bank, clock) = (Bank(stub.port), Clock::manual(now()));
        let carrier = Carrier::Wire(wire(client(&stub)));
        let account = AccountId::new(&Ids::seeded(1), &clock);
        Self { stub, bank, tokens: Tokens::default(), carrier, clock, account }
    }

    async fn find(&self, account: AccountId, kind: &str, secret: &str) -> std::result::Result<Option<String>, Verdict> {
        let (settings, credentials) = (json!({ "kind": kind }), json!({ "secret": secret }));
        let setup = Setup { settings: &settings, credentials: &credentials, token: None, callback: "" };
        let found = self.tokens.find(account, &self.bank, &setup, &self.carrier, &self.clock).await.unwrap();
        found.map(|token| token.map(|token| token.reveal().to_owned()))
    }

    async fn ask(&self) -> std::result::Result<Option<String>, Verdict> {
        self.find(self.account, "ask", "hunter2").await
    }
}

fn gives(token: &str) -> Deed {
    Deed::SayAndHangUp(says("200 OK", "connection: close\r\n", &format!("{{\"id\":\"{token}\"}}")))
}

fn token(text: &str) -> std::result::Result<Option<String>, Verdict> {
    Ok(Some(text.to_owned()))
}

#[tokio::test]
async fn of_many_messages_one_asks() {
    let desk = Desk::new(&[gives("first")]).await;
    assert_eq!(join_all((0..10).map(|_| desk.ask())).await, vec![token("first"); 10]);
    assert_eq!(desk.ask().await, token("first"));
    assert_eq!(desk.stub.asked().len(), 1);
}

#[tokio::test]
async fn a_token_is_used_until_shortly_before_it_ends() {
    let desk = Desk::new(&[gives("first"), gives("second")]).await;
    assert_eq!(desk.ask().await, token("first"));
    desk.clock.advance(3_539_000).unwrap();
    assert_eq!(desk.ask().await, token("first"));
    desk.clock.advance(1_000).unwrap();
    assert_eq!(desk.ask().await, token("second"));
}

#[tokio::test]
async fn accounts_and_credentials_share_no_token() {
    let desk = Desk::new(&[gives("first"), gives("second"), gives("third"), gives("fourth")]).await;
    assert_eq!(desk.ask().await, token("first"));
    assert_eq!(desk.find(desk.account, "ask", "changed").await, token("second"));
    let other = AccountId::new(&Ids::seeded(2), &desk.clock);
    assert_eq!(desk.find(other, "ask", "changed").await, token("third"));
    // One that the provider would not have is asked for again, once.
    desk.tokens.forget(other, &Secret::new("second")).await;
    assert_eq!(desk.find(other, "ask", "changed").await, token("third"));
    desk.tokens.forget(other, &Secret::new("third")).await;
    assert_eq!(desk.find(other, "ask", "changed").await, token("fourth"));
}

#[tokio::test]
async fn those_who_wait_share_a_failure_and_the_next_asks_again() {
    let desk = Desk::new(&[Deed::Silence, Deed::SayAndHangUp(says("400 No", "", "{}")), gives("third")]).await;
    for found in join_all((0..10).map(|_| desk.ask())).await {
        // Nothing was sent, so nothing is unknown.
        assert!(matches!(&found, Err(Verdict::Retry { after: None, .. })), "{found:?}");
    }
    assert_eq!(desk.stub.asked().len(), 1);
    let refused = desk.ask().await;
    assert!(matches!(&refused, Err(Verdict::Misconfigured { .. })), "{refused:?}");
    assert_eq!(desk.ask().await, token("third"));
}

#[tokio::test]
async fn a_token_of_our_own_making_is_kept_too() {
    let desk = Desk::new(&[]).await;
    assert_eq!(desk.find(desk.account, "ready", "").await, Ok(None));
    let made = token("made at 2026-03-01T09:30:00.000Z");
    assert_eq!(desk.find(desk.account, "made", "").await, made);
    desk.clock.advance(60_000).unwrap();
    assert_eq!(desk.find(desk.account, "made", "").await, made);
    desk.clock.advance(3_600_000).unwrap();
    assert_ne!(desk.find(desk.account, "made", "").await, made);
}
