//! Tokens of accounts that a person consented to: one process asks, all share, and none is lost or shown twice.

use domain::flows::connect;
use domain::{Account, Tenant};
use futures_util::future::join_all;
use kernel::ids::{AccountId, TenantId};
use providers::{Setup, Verdict};
use send::Sender;
use send::tokens::{self, Found};
use serde_json::{Value, json};
use store::TenantScope;
use store::memory::{Fault, Faults};
use tests::bank::{self, Bank, FIRST};
use tests::{Company, Story};

/// An account as senders see it.
struct Desk {
    scope: TenantScope,
    tenant: Tenant,
    account: Account,
    credentials: Value,
}

impl Desk {
    async fn of(acme: &Company<'_>, account: &str) -> Self {
        let stage = acme.story;
        let scope = stage.store.platform().reopen(TenantId::parse(&acme.id).unwrap()).await.unwrap();
        let tenant = scope.find::<Tenant>(scope.tenant()).await.unwrap().row;
        let account = scope.find::<Account>(AccountId::parse(account).unwrap()).await.unwrap().row;
        let credentials = connect::open(&stage.vault, &tenant, &account).await.unwrap();
        Self { scope, tenant, account, credentials }
    }

    async fn find(&self, sender: &Sender) -> Found {
        let setup = Setup { settings: &self.account.settings, credentials: &self.credentials, token: None, callback: "" };
        tokens::find(sender, &self.scope, &self.tenant, &self.account, &setup).await.unwrap()
    }

    async fn word(&self, sender: &Sender) -> String {
        match self.find(sender).await {
            Found::Token(token) => token.unwrap().reveal().to_owned(),
            Found::Refused(Verdict::Misconfigured { reason }) => reason,
            Found::Refused(other) => format!("{other:?}"),
            Found::Busy => "busy".to_owned(),
        }
    }
}

fn mail(number: usize) -> Value {
    json!({ "to": { "email": format!("p{number}@example.com") }, "content": { "subject": "Hi", "text": "Hello" } })
}

#[tokio::test]
async fn of_two_processes_one_asks() {
    let mut waited = 0;
    for seed in 0..30 {
        let stage = Story::begin().await;
        let acme = stage.bare_tenant("acme").await;
        let bank = Bank::open(&stage);
        let desk = Desk::of(&acme, &bank::consented(&acme).await).await;
        let (one, two) = (stage.another_sender(), stage.another_sender());
        stage.faults.interleave(seed);
        let found = join_all([&one, &two, &one, &two, &one, &two].map(|sender| desk.word(sender))).await;
        assert!(found.iter().all(|word| word == "access-canary-1" || word == "busy"), "{found:?}");
        waited += usize::from(found.iter().any(|word| word == "busy"));
        assert_eq!((desk.word(&one).await, desk.word(&two).await), ("access-canary-1".into(), "access-canary-1".into()));
        assert_eq!(bank.books().shown, [FIRST]);
    }
    assert!(waited > 0, "nobody ever met another");
}

/// The next is asked for a minute before the end, and the old one serves meanwhile.
#[tokio::test]
async fn a_provider_that_takes_each_refresh_token_once_is_never_shown_one_twice() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let bank = Bank::open(&stage);
    let desk = Desk::of(&acme, &bank::consented(&acme).await).await;
    let processes = [stage.another_sender(), stage.another_sender(), stage.another_sender()];
    for hour in 1..=12 {
        stage.faults.interleave(hour);
        let found = join_all(processes.iter().map(|sender| desk.word(sender))).await;
        let (new, old) = (format!("access-canary-{hour}"), format!("access-canary-{}", hour - 1));
        assert!(
            found.iter().all(|word| *word == new || (hour > 1 && *word == old) || (hour == 1 && word == "busy")),
            "{found:?}"
        );
        for sender in &processes {
            assert_eq!(desk.word(sender).await, new);
        }
        // A token of 65 minutes is said to last an hour here.
        stage.clock.advance(3_570_000).unwrap();
    }
    let expected: Vec<String> = (0..12).map(|number| format!("refresh-canary-{number}")).collect();
    assert_eq!(bank.books().shown, expected);
    let before = stage.memory.bill();
    assert_eq!(desk.word(&stage.another_sender()).await, "access-canary-13");
    let bill = stage.memory.bill().since(before);
    assert!(bill.write_units <= 4.0, "a lease and the tokens: {bill:?}");
}

#[tokio::test]
async fn a_token_that_the_provider_would_not_have_is_replaced_for_all() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let bank = Bank::open(&stage);
    let account = bank::consented(&acme).await;
    let first = acme.send_with(&mail(1)).await;
    stage.drain().await;
    assert_eq!(acme.status(&first).await, "sent");
    // It is withdrawn before its end.
    bank.books().access = "another".to_owned();
    let second = acme.send_with(&mail(2)).await;
    stage.drain().await;
    assert_eq!(acme.verdicts(&second).await, ["retry"]);
    stage.pass(60).await;
    assert_eq!((acme.status(&second).await, bank.books().shown.len()), ("sent".to_owned(), 2));
    let desk = Desk::of(&acme, &account).await;
    assert_eq!(desk.word(&stage.another_sender()).await, "access-canary-2", "every process has the new one");
    assert_eq!(bank.books().shown.len(), 2);
}

#[tokio::test]
async fn a_consent_that_has_ended_pauses_the_account_and_says_so() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let bank = Bank::open(&stage);
    let account = bank::consented(&acme).await;
    bank.books().refresh = "revoked".to_owned();
    let mut messages = Vec::new();
    for number in 0..8 {
        messages.push(acme.send_with(&mail(number)).await);
    }
    stage.drain().await;
    let health = acme.get(&format!("/v1/accounts/{account}")).await["health"].clone();
    assert_eq!(health["state"], "refused");
    let note = health["note"].as_str().unwrap();
    assert!(note.starts_with("somebody has to consent again: ") && note.contains("expired or revoked"), "{note}");
    assert!(acme.why(&messages[0]).await.contains("somebody has to consent again"));
    assert_eq!(bank.books().taken, 0);
    let asked = bank.books().shown.len();
    stage.pass(120).await;
    assert!(bank.books().shown.len() <= asked + 1, "it is left alone, but for one message that tries");
}

#[tokio::test]
async fn tokens_go_with_their_account() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let _bank = Bank::open(&stage);
    let account = bank::consented(&acme).await;
    acme.send_with(&mail(1)).await;
    stage.drain().await;
    assert_eq!(stage.rows_of("token").len(), 1);
    acme.delete(&format!("/v1/accounts/{account}")).await;
    assert_eq!(stage.rows_of("token").len(), 0);
}

/// A run of one message whose sender is struck once while it is given a token, and of another message after that.
async fn struck(at: u64, fault: Fault) -> (u64, usize, bool) {
    let faults = Faults::none();
    let stage = Story::with(faults.clone()).await;
    let acme = stage.bare_tenant("acme").await;
    let bank = Bank::open(&stage);
    bank::consented(&acme).await;
    let first = acme.send_with(&mail(1)).await;
    let begun = faults.calls();
    faults.strike(begun + at, fault);
    stage.drain().await;
    let calls = faults.calls() - begun;
    for _ in 0..8 {
        stage.pass(200).await;
    }
    let second = acme.send_with(&mail(2)).await;
    for _ in 0..4 {
        stage.drain().await;
        stage.pass(200).await;
    }
    let again = format!("{}{}", acme.why(&first).await, acme.why(&second).await).contains("somebody has to consent again");
    let status = acme.status(&second).await;
    assert_eq!(status == "sent", !again, "{fault:?} at {at}: the second message is {status}");
    let shown = bank.books().shown.clone();
    let twice = shown.iter().enumerate().any(|(place, token)| shown[..place].contains(token));
    assert_eq!(twice, again, "{fault:?} at {at}: {shown:?}");
    (calls, usize::from(!faults.struck().is_empty()), again)
}

/// Only a sender that dies, or cannot write, between the provider's answer and its own write loses a refresh token, and then the
/// account says what is to be done.
#[tokio::test]
async fn whatever_strikes_a_token_is_kept_or_a_new_consent_is_asked_for() {
    let (calls, _, again) = struck(u64::MAX / 2, Fault::CrashBefore).await;
    assert!(!again);
    let (mut strikes, mut asked) = (0, 0);
    for at in 0..calls {
        for fault in [Fault::CrashBefore, Fault::CrashAfter, Fault::LostReply, Fault::Throttle] {
            let (_, struck, again) = struck(at, fault).await;
            strikes += struck;
            asked += usize::from(again);
        }
    }
    assert!(strikes > 20, "{strikes} strikes");
    assert!((1..=3).contains(&asked), "{asked} of {strikes} strikes cost the consent");
}
