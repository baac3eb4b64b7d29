//! Mail that is fetched by IMAP: it comes in once, whatever dies or is said twice, and a mailbox that cannot be read says why.

use serde_json::{Value, json};
use store::memory::Fault;
use stub::Identity;
use stub::imap::{At, Deed, Stub};
use tests::Story;
use tests::letterbox::{mail, mailbox, previews, sight, way, words};

#[tokio::test]
async fn new_mail_comes_in_once_and_what_was_there_before_stays_where_it_is() {
    let stub = Stub::start().await;
    let stage = Story::reading(way(&stub));
    let (acme, other) = (stage.bare_tenant("acme").await, stage.bare_tenant("other").await);
    stub.deliver(&mail(1));
    let account = acme.account(&words(&stub)).await;
    stage.drain().await;
    assert_eq!(previews(&acme).await, Vec::<String>::new(), "history is not imported");
    assert_eq!(mailbox(&acme, &account).await["next_at"], "2026-03-02T09:01:00.000Z");

    stub.deliver(&mail(2));
    stub.deliver(&mail(3));
    stage.pass(60).await;
    assert_eq!(previews(&acme).await, ["Where is parcel 2?", "Where is parcel 3?"]);
    assert_eq!(mailbox(&acme, &account).await["taken"], 2);
    let conversation = acme.get("/v1/conversations").await["data"][0].clone();
    assert_eq!((&conversation["address"], &conversation["unread"]), (&json!("ada@example.com"), &json!(2)));

    let before = stage.rows_of("inbound");
    stage.replay_stream();
    stage.drain().await;
    stage.pass(60).await;
    // The same mail once more, as a list delivers it beside the sender.
    stub.deliver(&mail(3));
    stage.pass(60).await;
    assert_eq!(stage.rows_of("inbound"), before);
    assert_eq!(previews(&other).await, Vec::<String>::new());
    assert_eq!(stub.told("UID FETCH 1 ").len(), 0);
    assert!(stub.told("STORE").is_empty() && stub.told("SELECT").is_empty(), "nothing in the mailbox changes");
}

#[tokio::test]
async fn a_look_that_dies_anywhere_loses_nothing_and_repeats_nothing() {
    for fault in [Fault::CrashBefore, Fault::CrashAfter, Fault::LostReply] {
        for at in 0.. {
            let stub = Stub::start().await;
            let stage = Story::reading(way(&stub));
            let acme = stage.bare_tenant("acme").await;
            let account = acme.account(&words(&stub)).await;
            stage.drain().await;
            stub.deliver(&mail(1));
            stub.deliver(&mail(2));
            stage.clock.advance(60_000).unwrap();
            stage.faults.strike(stage.faults.calls() + at, fault);
            stage.scan().await;
            stage.drain().await;
            let struck = !stage.faults.struck().is_empty();
            stage.faults.calm();
            for _ in 0..15 {
                stage.pass(60).await;
            }
            assert_eq!(previews(&acme).await, ["Where is parcel 1?", "Where is parcel 2?"], "{fault:?} at {at}");
            let conversation = acme.get("/v1/conversations").await["data"][0].clone();
            assert_eq!(conversation["unread"], 2, "{fault:?} at {at}");
            assert_eq!(sight(&acme, &account).await.0, "read", "{fault:?} at {at}");
            if !struck {
                break;
            }
        }
    }
}

#[tokio::test]
async fn of_two_workers_one_looks() {
    for seed in 0..20 {
        let stub = Stub::start().await;
        let stage = Story::reading(way(&stub));
        let acme = stage.bare_tenant("acme").await;
        let account = acme.account(&words(&stub)).await;
        stage.drain().await;
        stub.deliver(&mail(1));
        stage.clock.advance(60_000).unwrap();
        stage.scan().await;
        let other = stage.another_collector(way(&stub));
        let job = json!({ "v": 1, "tenant": acme.id, "mailbox": account, "seq": 2 }).to_string();
        let event = || serde_json::from_value(json!({ "Records": [{ "messageId": "1", "body": job }] })).unwrap();
        stage.faults.interleave(seed);
        let (one, two) =
            futures_util::future::join(collect::handle(&stage.collector, event()), collect::handle(&other, event())).await;
        assert!(one.batch_item_failures.is_empty() && two.batch_item_failures.is_empty(), "seed {seed}");
        assert_eq!(stub.mailbox().connections, 2, "seed {seed}: the first look, and one of the two");
        stage.drain().await;
        assert_eq!(stub.mailbox().connections, 2, "seed {seed}: the job that comes again is void");
        assert_eq!(previews(&acme).await, ["Where is parcel 1?"], "seed {seed}");
    }
}

#[tokio::test]
async fn mails_that_are_numbered_anew_are_read_from_then_on() {
    let stub = Stub::start().await;
    let stage = Story::reading(way(&stub));
    let acme = stage.bare_tenant("acme").await;
    let account = acme.account(&words(&stub)).await;
    stage.drain().await;
    stub.deliver(&mail(1));
    stub.mailbox().validity = 8;
    stage.pass(60).await;
    assert_eq!(previews(&acme).await, Vec::<String>::new());
    let (result, note) = sight(&acme, &account).await;
    assert_eq!((result.as_str(), note.as_str()), ("read", "the server has numbered its mails anew: reading begins anew"));
    stub.deliver(&mail(2));
    stage.pass(60).await;
    assert_eq!(previews(&acme).await, ["Where is parcel 2?"]);
    assert_eq!(sight(&acme, &account).await.1, "");
}

#[tokio::test]
async fn a_wrong_password_is_said_and_tried_ever_more_seldom_until_it_is_mended() {
    let stub = Stub::start().await;
    let stage = Story::reading(way(&stub));
    let acme = stage.bare_tenant("acme").await;
    let account = acme.account(&words(&stub)).await;
    stage.drain().await;
    stub.deliver(&mail(1));
    "another-hunter2".clone_into(&mut stub.mailbox().password);
    stage.pass(60).await;
    let refused = ("refused".to_owned(), "the server refuses the login: wrong password".to_owned());
    assert_eq!(sight(&acme, &account).await, refused);
    let tries = || stub.told("LOGIN").len();
    let before = tries();
    for _ in 0..60 {
        stage.pass(60).await;
    }
    // After 15 and 30 minutes, and not yet after an hour more.
    assert_eq!((tries() - before, mailbox(&acme, &account).await["failures"].clone()), (2, json!(3)));
    for row in stage.rows() {
        assert!(!format!("{row:?}").contains("hunter2"), "{row:?}");
    }
    acme.patch(&format!("/v1/accounts/{account}"), &json!({ "credentials": { "password": "another-hunter2" } })).await;
    stage.drain().await;
    assert_eq!(sight(&acme, &account).await.0, "read", "a changed account is looked at at once");
    assert_eq!(previews(&acme).await, ["Where is parcel 1?"], "what came meanwhile is not lost");
}

#[tokio::test]
async fn a_check_says_whether_the_mailbox_can_be_read() {
    let stub = Stub::start().await;
    let stage = Story::reading(way(&stub));
    let acme = stage.bare_tenant("acme").await;
    let account = acme.account(&words(&stub)).await;
    stage.drain().await;
    for (password, state, note) in [
        ("hunter2", "passed", Value::Null),
        ("other", "failed", json!("the mailbox cannot be read: the server refuses the login: wrong password")),
    ] {
        password.clone_into(&mut stub.mailbox().password);
        let asked = acme.order(&format!("/v1/accounts/{account}/check")).await.is(202);
        assert_eq!(asked["state"], "pending");
        stage.drain().await;
        let check = acme.get(&format!("/v1/accounts/{account}")).await["check"].clone();
        assert_eq!((check["state"].as_str().unwrap(), &check["note"]), (state, &note));
    }
}

#[tokio::test]
async fn what_a_hostile_or_failing_server_does_harms_nobody() {
    let stub = Stub::start().await;
    let stage = Story::reading(way(&stub));
    let acme = stage.bare_tenant("acme").await;
    let account = acme.account(&words(&stub)).await;
    stage.drain().await;
    // Too large by its own word: passed over, and said.
    stub.deliver_saying(&mail(1), 31 * 1024 * 1024);
    stub.deliver(&mail(2));
    stage.pass(60).await;
    assert_eq!(previews(&acme).await, ["Where is parcel 2?"]);
    assert_eq!(sight(&acme, &account).await, ("read".to_owned(), "a mail was passed over: it is too large (33 MB)".to_owned()));

    let says = |said: &str| Deed::Say(said.to_owned());
    let huge = "* 1 FETCH (UID 3 BODY[] {4000000000}\r\n";
    for (number, (at, deed, note)) in [
        (At::Greeting, says("* BYE too many\r\n"), "the server says BYE at the greeting: too many"),
        (At::Greeting, says("220 mail.example.com ESMTP\r\n"), "the server's answer at the greeting is no IMAP"),
        (At::Greeting, Deed::Silence, "the server did not answer in time at the greeting"),
        (At::Login, says("TAG NO [UNAVAILABLE] later\r\n"), "the server says NO at LOGIN: later"),
        (At::Login, Deed::Silence, "the server did not answer in time at LOGIN"),
        (At::Examine, Deed::HangUpHalfWay, "the server closed the connection at EXAMINE"),
        (At::Sizes, says("* BYE bye\r\n"), "the server says BYE at FETCH: bye"),
        (At::Mail, says(huge), "the server's answer at FETCH is larger than it may be"),
        (At::Mail, Deed::HangUpHalfWay, "the server closed the connection at FETCH"),
        (At::Mail, Deed::Silence, "the server did not answer in time at FETCH"),
    ]
    .into_iter()
    .enumerate()
    {
        let number = u32::try_from(number).unwrap() + 3;
        stub.deliver(&mail(number));
        stub.at(at, deed);
        stage.pass(60).await;
        assert_eq!(sight(&acme, &account).await, ("failed".to_owned(), note.to_owned()));
        stage.pass(60).await;
        assert_eq!(sight(&acme, &account).await, ("read".to_owned(), String::new()), "after {note}");
        assert!(previews(&acme).await.contains(&format!("Where is parcel {number}?")), "after {note}");
    }
    // A mailbox that is not there.
    let elsewhere = acme.patch(&format!("/v1/accounts/{account}"), &json!({ "settings": { "mailbox": "Old" } })).await;
    assert_eq!(elsewhere["settings"]["mailbox"], "Old");
    stage.drain().await;
    assert_eq!(sight(&acme, &account).await.0, "failed");
}

#[tokio::test]
async fn a_flood_of_mail_is_read_in_parts() {
    let stub = Stub::start().await;
    let stage = Story::reading(way(&stub));
    let acme = stage.bare_tenant("acme").await;
    let account = acme.account(&words(&stub)).await;
    stage.drain().await;
    for number in 0..120 {
        stub.deliver(&mail(number));
    }
    // Numbers of mails that were deleted are passed over in ranges.
    stub.mailbox().next += 1_000;
    stub.deliver(&mail(120));
    stage.pass(60).await;
    assert_eq!(stage.rows_of("inbound").len(), 50);
    assert_eq!(mailbox(&acme, &account).await["next_at"], "2026-03-02T09:01:00.000Z", "there is more: it goes on at once");
    stage.pass(0).await;
    stage.pass(0).await;
    assert_eq!(stage.rows_of("inbound").len(), 121);
}

#[tokio::test]
async fn a_connection_is_protected_before_the_password_is_said() {
    for implicit in [true, false] {
        let identity = Identity::of("localhost");
        let stub = Stub::protected(&identity, implicit).await;
        let mut way = way(&stub);
        way.imap = way.imap.trusting(identity.client.clone());
        let stage = Story::reading(way);
        let acme = stage.bare_tenant("acme").await;
        let mut account = words(&stub);
        account["settings"]["host"] = json!("localhost");
        account["settings"]["security"] = json!(if implicit { "tls" } else { "starttls" });
        let account = acme.account(&account).await;
        stage.drain().await;
        assert_eq!(sight(&acme, &account).await, ("read".to_owned(), String::new()));
        if !implicit {
            assert_eq!(stub.mailbox().commands[0], "STARTTLS");
            let before = stub.told("LOGIN").len();
            for (said, result) in [("TAG NO no TLS today\r\n", "refused"), ("TAG OK go on\r\ns2 OK forged\r\n", "failed")] {
                stub.at(At::Starttls, Deed::Say(said.to_owned()));
                acme.patch(&format!("/v1/accounts/{account}"), &json!({ "settings": { "minutes": 2 } })).await;
                stage.drain().await;
                assert_eq!(sight(&acme, &account).await.0, result);
            }
            assert_eq!(stub.told("LOGIN").len(), before, "the password stays with us");
        }
    }
}

#[tokio::test]
async fn a_mailbox_goes_with_its_account_and_with_its_switch() {
    let stub = Stub::start().await;
    let stage = Story::reading(way(&stub));
    let acme = stage.bare_tenant("acme").await;
    let account = acme.account(&words(&stub)).await;
    let path = format!("/v1/accounts/{account}");
    stage.drain().await;
    acme.patch(&path, &json!({ "enabled": false })).await;
    assert_eq!(acme.look(&format!("{path}/mailbox")).await.problem(404, "not-found"), Vec::<String>::new());
    let before = stub.mailbox().connections;
    stage.pass(3_600).await;
    assert_eq!(stub.mailbox().connections, before);
    acme.patch(&path, &json!({ "enabled": true })).await;
    stage.drain().await;
    assert_eq!(sight(&acme, &account).await.0, "read");
    acme.delete(&path).await;
    assert!(stage.rows_of("mailbox").is_empty());
    stage.pass(3_600).await;
}

#[tokio::test]
async fn nothing_is_sent_through_an_account_that_is_only_read() {
    let stub = Stub::start().await;
    let stage = Story::reading(way(&stub));
    let acme = stage.bare_tenant("acme").await;
    let account = acme.account(&words(&stub)).await;
    let content = json!({ "subject": "Hi", "text": "Hello" });
    let order = json!({ "to": { "email": "ada@example.com" }, "content": content, "account": account });
    let refused = acme.post("/v1/messages", &order).await;
    assert_eq!(refused.problem(422, "invalid"), ["/account"]);
    let refused = acme.post(&format!("/v1/accounts/{account}/test"), &json!({ "to": { "email": "ada@example.com" } })).await;
    assert_eq!(refused.problem(422, "invalid"), ["/account"]);
    let mut named = words(&stub);
    named["from"] = json!({ "email": "help@acme.example" });
    named["name"] = json!("Office");
    assert_eq!(acme.post("/v1/accounts", &named).await.problem(422, "invalid"), ["/from"]);
    let message = acme.send_with(&json!({ "to": { "email": "ada@example.com" }, "content": content })).await;
    stage.drain().await;
    assert_eq!((acme.status(&message).await.as_str(), stage.sent().len()), ("rejected", 0), "no account sends");
}

#[tokio::test]
async fn a_bounce_that_comes_back_is_told_of_its_message_and_of_no_other_tenants() {
    let stub = Stub::start().await;
    let stage = Story::reading(way(&stub));
    let (acme, other) = (stage.tenant("acme").await, stage.bare_tenant("other").await);
    other.account(&words(&stub)).await;
    let content = json!({ "subject": "Hi", "text": "Hello" });
    let message = acme.send_with(&json!({ "to": { "email": "gone@example.com" }, "content": content })).await;
    stage.drain().await;
    let report = format!(
        "From: MAILER-DAEMON@example.com\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n\
         --b\r\nContent-Type: text/plain\r\n\r\nNo such user\r\n\
         --b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.com\r\n\r\n\
         Final-Recipient: rfc822; gone@example.com\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n\
         --b\r\nContent-Type: text/rfc822-headers\r\n\r\nX-Switchboard-Ref: {}\r\n\r\n--b--\r\n",
        stage.letter().kept.tag
    );
    stub.deliver(&report);
    stage.pass(60).await;
    assert_eq!(acme.status(&message).await, "sent", "who brings the report is another tenant");
    acme.account(&words(&stub)).await;
    stage.drain().await;
    stub.deliver(&report);
    stage.pass(60).await;
    assert_eq!(acme.status(&message).await, "bounced");
    assert!(stage.rows_of("inbound").is_empty(), "a report is nobody's words");
}
