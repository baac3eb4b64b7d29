//! Mails that cannot be taken in, and servers that are slow: what comes behind them is read all the same, and nothing is passed over
//! without a word.

use std::sync::Arc;

use providers::collecting::LARGEST;
use serde_json::{Value, json};
use stub::imap::{At, Deed, Meanwhile, Stub};
use tests::letterbox::{mail, mailbox, previews, sight, way, words};
use tests::{Company, Story};

/// Looks again when the next look is due.
async fn look_again(stage: &Story, company: &Company<'_>, account: &str) {
    let next = mailbox(company, account).await["next_at"].clone();
    stage.pass_until(next.as_str().unwrap()).await;
}

#[tokio::test]
async fn a_mail_that_is_larger_than_its_server_said_is_passed_over_and_the_mailbox_remembers() {
    let stub = Stub::start().await;
    let stage = Story::reading(way(&stub));
    let acme = stage.bare_tenant("acme").await;
    let account = acme.account(&words(&stub)).await;
    stage.drain().await;
    assert_eq!(mailbox(&acme, &account).await["passed_over"], Value::Null);
    stub.deliver_saying(&(mail(1) + &"x".repeat(LARGEST)), 1_000);
    stub.deliver(&mail(2));
    stage.pass(60).await;
    let said = "a mail was passed over: it is too large".to_owned();
    assert_eq!(sight(&acme, &account).await, ("read".to_owned(), said), "as many bytes as a look may read");
    stage.pass(0).await;
    assert_eq!(previews(&acme).await, ["Where is parcel 2?"]);

    for number in 3..8 {
        stub.deliver_saying(&mail(number), 30_000_000 + 2_000_000 * usize::try_from(number).unwrap());
    }
    stage.pass(60).await;
    stage.pass(60).await;
    assert_eq!(sight(&acme, &account).await, ("read".to_owned(), String::new()), "the last look met none");
    let passed = mailbox(&acme, &account).await["passed_over"].clone();
    assert_eq!(passed["count"], 6);
    let last = passed["last"].as_array().unwrap();
    let reasons: Vec<&str> = last.iter().map(|one| one["reason"].as_str().unwrap()).collect();
    let sizes = [44, 42, 40, 38, 36].map(|size| format!("it is too large ({size} MB)"));
    assert_eq!(reasons, sizes);
    assert_eq!((&last[0]["mail"], &last[0]["at"]), (&json!("7:7"), &json!("2026-03-02T09:02:00.000Z")));
}

#[tokio::test]
async fn a_mail_that_five_looks_in_a_row_fail_at_is_passed_over_and_no_other_is() {
    let stub = Stub::start().await;
    let stage = Story::reading(way(&stub));
    let acme = stage.bare_tenant("acme").await;
    let account = acme.account(&words(&stub)).await;
    stage.drain().await;
    for number in 1..=4 {
        stub.deliver(&mail(number));
    }
    // The second comes at the fifth look, the third never.
    stub.mailbox().broken = vec![2, 3];
    stage.pass(60).await;
    assert_eq!(previews(&acme).await, ["Where is parcel 1?"]);
    for failures in 1..=4 {
        let now = mailbox(&acme, &account).await;
        assert_eq!((&now["result"], &now["failures"]), (&json!("failed"), &json!(failures)));
        if failures == 4 {
            stub.mailbox().broken = vec![3];
        }
        look_again(&stage, &acme, &account).await;
    }
    assert_eq!(previews(&acme).await, ["Where is parcel 1?", "Where is parcel 2?"]);
    for _ in 0..4 {
        look_again(&stage, &acme, &account).await;
        let now = mailbox(&acme, &account).await;
        assert_eq!((&now["result"], &now["passed_over"]), (&json!("failed"), &Value::Null));
    }
    look_again(&stage, &acme, &account).await;
    assert_eq!(previews(&acme).await, ["Where is parcel 1?", "Where is parcel 2?", "Where is parcel 4?"]);
    let now = mailbox(&acme, &account).await;
    let why = "5 looks in a row failed at it: the server closed the connection at FETCH";
    assert_eq!((&now["result"], &now["failures"]), (&json!("read"), &json!(0)));
    assert_eq!(now["note"], format!("a mail was passed over: {why}"));
    assert_eq!(now["passed_over"]["count"], 1);
    assert_eq!(
        (&now["passed_over"]["last"][0]["mail"], &now["passed_over"]["last"][0]["reason"]),
        (&json!("7:3"), &json!(why))
    );
}

#[tokio::test]
async fn looks_that_fail_before_any_mail_pass_nothing_over() {
    let stub = Stub::start().await;
    let stage = Story::reading(way(&stub));
    let acme = stage.bare_tenant("acme").await;
    let account = acme.account(&words(&stub)).await;
    stage.drain().await;
    stub.deliver(&mail(1));
    for _ in 0..7 {
        stub.at(At::Greeting, Deed::Say("* BYE too many\r\n".to_owned()));
        look_again(&stage, &acme, &account).await;
    }
    assert_eq!(mailbox(&acme, &account).await["failures"], 7);
    look_again(&stage, &acme, &account).await;
    assert_eq!(previews(&acme).await, ["Where is parcel 1?"]);
    assert_eq!(mailbox(&acme, &account).await["passed_over"], Value::Null);
}

#[tokio::test]
async fn a_look_that_got_on_counts_as_no_further_failure() {
    let stub = Stub::start().await;
    let stage = Story::reading(way(&stub));
    let acme = stage.bare_tenant("acme").await;
    let account = acme.account(&words(&stub)).await;
    stage.drain().await;
    for number in 1..=6 {
        stub.deliver(&mail(number));
    }
    for broken in 2..=6 {
        stub.mailbox().broken = vec![broken];
        stage.pass(60).await;
        let now = mailbox(&acme, &account).await;
        assert_eq!((&now["result"], &now["failures"], &now["taken"]), (&json!("failed"), &json!(1), &json!(1)), "at {broken}");
    }
    stub.mailbox().broken.clear();
    stage.pass(60).await;
    assert_eq!((previews(&acme).await.len(), sight(&acme, &account).await.0), (6, "read".to_owned()));
}

#[tokio::test]
async fn a_server_that_is_slow_is_read_in_parts() {
    let stub = Stub::start().await;
    let stage = Story::reading(way(&stub));
    let acme = stage.bare_tenant("acme").await;
    let account = acme.account(&words(&stub)).await;
    stage.drain().await;
    stub.deliver(&mail(1));
    stub.deliver(&mail(2));
    let clock = stage.clock.clone();
    let slow = Meanwhile(Arc::new(move || clock.advance(100_000).unwrap()));
    stub.at(At::Mail, Deed::Slowly(slow));
    stage.pass(60).await;
    assert_eq!(previews(&acme).await, ["Where is parcel 1?"]);
    let now = mailbox(&acme, &account).await;
    assert_eq!((&now["result"], &now["next_at"]), (&json!("read"), &now["looked_at"]), "there is more: it goes on at once");
    stage.pass(0).await;
    assert_eq!(previews(&acme).await, ["Where is parcel 1?", "Where is parcel 2?"]);
}
