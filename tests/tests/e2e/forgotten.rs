//! What is erased is gone from timelines as well: from its own, from those of others, and from the combined one.

use domain::Entry;
use domain::entry::Noun;
use kernel::ids::{ActivityId, ContactId, TenantId};
use serde_json::{Value, json};
use store::Stored;
use store::memory::Fault;
use tests::chat::{self, WORD};
use tests::{Company, Contact, Story};

use crate::exact::kind;

/// A day and what the stream may be late.
const LATE: i64 = 25 * 3_600;

/// Kind, type and title of each entry, newest first.
async fn told(company: &Company<'_>, path: &str) -> Vec<String> {
    let word = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let entry = |entry: &Value| format!("{} {} {}", word(&entry["kind"]), word(&entry["type"]), word(&entry["title"]));
    company.get(path).await["data"].as_array().unwrap().iter().map(entry).collect()
}

/// Rows of entries that still stand and say this.
fn saying(stage: &Story, words: &str) -> Vec<String> {
    let rows = stage.rows();
    let standing = rows.iter().filter(|row| kind(row) == "entry" && !row.contains_key("withdrawn"));
    standing.map(|row| format!("{row:?}")).filter(|row| row.contains(words)).collect()
}

async fn company(acme: &Company<'_>, name: &str) -> String {
    acme.post("/v1/companies", &json!({ "name": name })).await.is(201)["id"].as_str().unwrap().to_owned()
}

/// Ada of a company, by Telegram and email.
async fn ada(acme: &Company<'_>, company: &str) -> Contact {
    let fields = json!({
        "first_name": "Ada", "emails": ["ada@example.com"], "company_id": company, "consents": { "email:marketing": true },
        "handles": [{ "channel": "telegram", "address": "700000001" }],
    });
    acme.contact_with(&fields).await
}

#[tokio::test]
async fn nothing_is_told_any_more_of_who_is_erased() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let hook = chat::telegram(&acme).await;
    let initech = company(&acme, "Initech").await;
    let (ada, bob) = (ada(&acme, &initech).await, acme.contact("Bob", "bob@example.com").await);
    for number in 41..80 {
        chat::post(&stage, &hook, &chat::written(700_000_001, number, "It is Ada's birthday"), WORD).await.is(200);
        stage.clock.advance(1_000).unwrap();
    }
    acme.news(&ada).await;
    acme.send(&bob, "welcome").await;
    acme.patch(&format!("/v1/contacts/{}", ada.id), &json!({ "consents": { "email:marketing": false } })).await;
    let deal = json!({ "title": "Ten seats", "contact_id": ada.id });
    acme.post("/v1/deals", &deal).await.is(201);
    let call = json!({ "type": "call", "subject": "Called back", "contact_id": ada.id });
    acme.post("/v1/activities", &call).await.is(201);
    stage.drain().await;
    assert_eq!(saying(&stage, "birthday").len(), 3 * 39, "Ada's, the company's and the combined timeline");
    acme.delete(&format!("/v1/contacts/{}", ada.id)).await;
    stage.drain().await;

    assert_eq!(saying(&stage, "birthday"), [""; 0]);
    let stays = ["activity call Called back"];
    assert_eq!(told(&acme, &format!("/v1/companies/{initech}/timeline")).await, stays, "what people did is theirs");
    let mut left = told(&acme, "/v1/timeline?limit=100&expand=subject").await;
    left.sort();
    let expected = ["activity call Called back", "contact created -", "deal created Ten seats", "message - -"];
    assert_eq!(left, expected, "what is still there, and Bob's");
    let own = format!("TML#{}", &ada.id[4..]);
    assert_eq!(saying(&stage, &own), [""; 0], "not even where nobody can look any more");
    for row in stage.rows_of("entry") {
        assert!(!format!("{row:?}").contains("ada@example.com"), "{row:?}");
    }

    // However often the stream is read, and once more for what it brings late.
    stage.replay_stream();
    stage.drain().await;
    assert_eq!(saying(&stage, "birthday"), [""; 0]);
    let scope = stage.store.platform().reopen(TenantId::parse(&acme.id).unwrap()).await.unwrap();
    let late = Entry {
        title: Some("A late birthday".to_owned()),
        contact: ContactId::parse(&ada.id),
        ..Entry::new(Noun::Message, "inb_late0".to_owned(), stage.clock.now())
    };
    for row in late.everywhere() {
        assert!(scope.supersede(&Stored { row, version: 1 }).await.unwrap());
    }
    stage.pass(LATE).await;
    assert_eq!((saying(&stage, "birthday").len(), stage.rows_of("erasure").len()), (0, 0), "and then it is done");
}

#[tokio::test]
async fn whatever_strikes_all_of_it_is_forgotten() {
    for fault in [Fault::CrashBefore, Fault::CrashAfter, Fault::LostReply] {
        for at in 0.. {
            let stage = Story::begin().await;
            let acme = stage.tenant("acme").await;
            let hook = chat::telegram(&acme).await;
            let initech = company(&acme, "Initech").await;
            let ada = ada(&acme, &initech).await;
            for number in 41..44 {
                chat::post(&stage, &hook, &chat::written(700_000_001, number, "It is Ada's birthday"), WORD).await.is(200);
                stage.clock.advance(1_000).unwrap();
            }
            stage.drain().await;
            acme.delete(&format!("/v1/contacts/{}", ada.id)).await;
            stage.faults.strike(stage.faults.calls() + at, fault);
            stage.drain().await;
            let struck = !stage.faults.struck().is_empty();
            stage.faults.calm();
            // Jobs come again.
            for _ in 0..3 {
                stage.pass(181).await;
            }
            assert_eq!(saying(&stage, "birthday"), [""; 0], "{fault:?} at {at}");
            stage.pass(LATE).await;
            assert!(stage.rows_of("erasure").is_empty(), "{fault:?} at {at}");
            if !struck {
                break;
            }
        }
    }
}

#[tokio::test]
async fn a_deal_goes_with_everything_that_it_went_through() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let [first, second] = [company(&acme, "Initech").await, company(&acme, "Globex").await];
    let bob = acme.contact("Bob", "bob@example.com").await;
    let deal = json!({ "title": "Ten seats", "contact_id": bob.id, "company_id": first });
    let deal = acme.post("/v1/deals", &deal).await.is(201)["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/deals/{deal}");
    for change in [json!({ "stage": "offer" }), json!({ "stage": "contract", "company_id": second })] {
        stage.clock.advance(1_000).unwrap();
        acme.patch(&path, &change).await;
    }
    stage.drain().await;
    let timeline = |company: &str| format!("/v1/companies/{company}/timeline");
    assert_eq!(told(&acme, &timeline(&first)).await, ["deal stage_changed Ten seats"], "an offer was made to that company");
    let moved = ["deal stage_changed Ten seats", "deal created Ten seats"];
    assert_eq!(told(&acme, &timeline(&second)).await, moved, "and the deal is another's now");

    acme.delete(&path).await;
    stage.drain().await;
    assert_eq!(saying(&stage, "Ten seats"), [""; 0]);
    assert_eq!(told(&acme, "/v1/timeline").await, ["contact created -"]);

    acme.delete(&format!("/v1/companies/{first}")).await;
    stage.drain().await;
    assert_eq!(saying(&stage, &format!("TML#{}", &first[4..])), [""; 0]);
}

#[tokio::test]
async fn forgetting_costs_the_same_few_units_and_one_for_each_entry() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let scope = stage.store.platform().reopen(TenantId::parse(&acme.id).unwrap()).await.unwrap();
    for (entries, units) in [(0, 5.0), (10, 15.0)] {
        let initech = company(&acme, "Initech").await;
        for _ in 0..entries {
            let subject = ActivityId::new(&stage.context.ids, &stage.clock).to_string();
            let row = Entry { owner: initech[4..].to_owned(), ..Entry::new(Noun::Activity, subject, stage.clock.now()) };
            scope.supersede(&Stored { row, version: 1 }).await.unwrap();
        }
        acme.delete(&format!("/v1/companies/{initech}")).await;
        let before = stage.memory.bill();
        stage.drain().await;
        stage.pass(LATE).await;
        assert_eq!(stage.memory.bill().since(before).write_units, units, "{entries} entries");
    }
}
