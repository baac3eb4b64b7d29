//! Looks into a mailbox that meet others: a check that is asked for, a change of the account, its end.

use domain::Mailbox;
use domain::flows::look::{self, Left};
use domain::mailbox::{Looked, Sight};
use futures_util::future::join;
use http::Method;
use kernel::Ids;
use kernel::ids::{AccountId, ErrandId};
use serde_json::json;
use store::{Job, TenantScope};
use stub::imap::Stub;
use tests::letterbox::{mail, sight, way, words};
use tests::{Company, Story};

/// The rows of the tenant, as a job of its mailbox reaches them.
fn rows(stage: &Story, company: &Company<'_>, account: &str, seq: u64) -> (TenantScope, String) {
    let job = json!({ "v": 1, "tenant": company.id, "mailbox": account, "seq": seq }).to_string();
    (stage.store.resume(&Job::decode(&job).unwrap().internal()), job)
}

async fn found(scope: &TenantScope, account: &str) -> Mailbox {
    look::find(scope, AccountId::parse(account).unwrap()).await.unwrap().unwrap().row
}

/// What a look leaves behind that read as far as that.
fn left(mailbox: &Mailbox, mark: &str) -> Left {
    let looked = Looked { at: mailbox.next_at, result: Sight::Read, note: None, taken: 0 };
    Left {
        mark: Some(mark.to_owned()),
        looked,
        failures: 0,
        snag: None,
        passed_over: None,
        watch: None,
        next_at: mailbox.next_at,
    }
}

#[tokio::test]
async fn a_check_that_is_asked_for_during_the_look_of_another_waits_for_the_next_look() {
    let stub = Stub::start().await;
    let stage = Story::reading(way(&stub));
    let acme = stage.bare_tenant("acme").await;
    let account = acme.account(&words(&stub)).await;
    stage.drain().await;
    let (scope, id) = (rows(&stage, &acme, &account, 0).0, AccountId::parse(&account).unwrap());
    let earlier = ErrandId::new(&Ids::seeded(9), &stage.clock);
    assert!(look::ask(&scope, id, earlier, stage.clock.now()).await.unwrap());
    let seq = found(&scope, &account).await.state_seq;
    let under_way = look::begin(&stage.context, &scope, id, seq).await.unwrap().unwrap();

    acme.order(&format!("/v1/accounts/{account}/check")).await.is(202);
    stage.drain().await;
    look::end(&stage.context, &scope, &under_way, &left(&under_way, "7:0")).await.unwrap();
    stage.pass(0).await;
    let check = acme.get(&format!("/v1/accounts/{account}")).await["check"].clone();
    assert_eq!(check["state"], "passed", "{check}");
    assert_eq!(found(&scope, &account).await.errand, None);
}

#[tokio::test]
async fn the_mark_of_one_mailbox_is_never_written_onto_another() {
    for seed in 0..40 {
        let stub = Stub::start().await;
        let stage = Story::reading(way(&stub));
        let acme = stage.bare_tenant("acme").await;
        let account = acme.account(&words(&stub)).await;
        stage.drain().await;
        let (scope, id) = (rows(&stage, &acme, &account, 0).0, AccountId::parse(&account).unwrap());
        stage.clock.advance(60_000).unwrap();
        stage.scan().await;
        let seq = found(&scope, &account).await.state_seq;
        let under_way = look::begin(&stage.context, &scope, id, seq).await.unwrap().unwrap();
        look::push(&scope, id, stage.clock.now()).await.unwrap();
        stage.faults.interleave(seed);
        let elsewhere = json!({ "settings": { "mailbox": "Old" } });
        let (path, left) = (format!("/v1/accounts/{account}"), left(&under_way, "7:5"));
        let (ended, _) = join(look::end(&stage.context, &scope, &under_way, &left), acme.patch(&path, &elsewhere)).await;
        ended.unwrap();
        let now = found(&scope, &account).await;
        assert_ne!(now.of, under_way.of, "seed {seed}");
        assert_eq!(now.mark, None, "seed {seed}");
    }
}

#[tokio::test]
async fn an_account_is_deleted_at_once_whoever_looks_into_its_mailbox() {
    for seed in 0..40 {
        let stub = Stub::start().await;
        let stage = Story::reading(way(&stub));
        let acme = stage.bare_tenant("acme").await;
        let account = acme.account(&words(&stub)).await;
        stage.drain().await;
        assert_eq!(sight(&acme, &account).await.0, "read");
        stub.deliver(&mail(1));
        stage.clock.advance(60_000).unwrap();
        stage.scan().await;
        let job = rows(&stage, &acme, &account, 2).1;
        let event = serde_json::from_value(json!({ "Records": [{ "messageId": "1", "body": job }] })).unwrap();
        stage.faults.interleave(seed);
        let gone = acme.ask(Method::DELETE, &format!("/v1/accounts/{account}")).now();
        let (_, gone) = join(collect::handle(&stage.collector, event), gone).await;
        assert_eq!(gone.status, 204, "seed {seed}: {:?}", gone.body);
        assert!(stage.rows_of("mailbox").is_empty(), "seed {seed}");
        stage.pass(3_600).await;
    }
}
