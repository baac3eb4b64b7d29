//! How engaged a contact is: from what they did, with the reasons, and less as time goes by.

use http::Method;
use local::provider::Deed;
use serde_json::{Value, json};
use tests::Story;
use tests::chat::{self, WORD};

const PERSON: &str =
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36";
const SCANNER: &str = "Mozilla/5.0 (compatible; GoogleImageProxy)";

#[tokio::test]
async fn a_score_says_what_it_is_made_of_and_halves_in_thirty_days() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let hook = chat::telegram(&acme).await;
    let fields = json!({
        "first_name": "Ada", "emails": ["ada@example.com"], "handles": [{ "channel": "telegram", "address": "700000001" }],
        "consents": { "email:marketing": true },
    });
    let ada = acme.contact_with(&fields).await;
    let path = format!("/v1/contacts/{}/engagement", ada.id);
    assert_eq!(acme.get(&path).await, json!({ "score": 0, "reasons": [] }));

    acme.news(&ada).await;
    stage.drain().await;
    let letter = stage.letter();
    stage.told(&letter, Deed::Deliver).await;
    stage.ask(Method::GET, &letter.pixel().unwrap()).header("user-agent", SCANNER).now().await;
    stage.drain().await;
    assert_eq!(acme.get(&path).await["score"], 0, "a program is nobody");

    stage.clock.advance(1_000).unwrap();
    for address in [letter.pixel().unwrap(), letter.tracked_link()] {
        stage.ask(Method::GET, &address).header("user-agent", PERSON).now().await;
    }
    chat::post(&stage, &hook, &chat::written(700_000_001, 41, "Is the shop open?"), WORD).await.is(200);
    stage.drain().await;
    let fresh = acme.get(&path).await;
    let made_of = |score: &Value| -> Vec<(String, f64)> {
        let reasons = score["reasons"].as_array().unwrap().iter();
        reasons.map(|reason| (reason["act"].as_str().unwrap().to_owned(), reason["points"].as_f64().unwrap())).collect()
    };
    let reasons =
        |points: [f64; 3]| ["wrote", "clicked", "opened"].map(str::to_owned).into_iter().zip(points).collect::<Vec<_>>();
    assert_eq!((made_of(&fresh), &fresh["score"]), (reasons([8.0, 5.0, 2.0]), &json!(41)));

    stage.pass(30 * 24 * 3600).await;
    let faded = acme.get(&path).await;
    assert_eq!((made_of(&faded), &faded["score"]), (reasons([4.0, 2.5, 1.0]), &json!(23)));
}

#[tokio::test]
async fn who_writes_to_be_left_alone_is_not_engaged_by_it() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let hook = chat::telegram(&acme).await;
    let fields = json!({ "emails": ["ada@example.com"], "handles": [{ "channel": "telegram", "address": "700000001" }] });
    let ada = acme.contact_with(&fields).await;
    chat::post(&stage, &hook, &chat::written(700_000_001, 41, "STOP"), WORD).await.is(200);
    stage.drain().await;
    let told = acme.get(&format!("/v1/contacts/{}/engagement", ada.id)).await;
    assert_eq!((&told["score"], &told["reasons"][0]["act"]), (&json!(0), &json!("unsubscribed")));
    assert_eq!(told["reasons"].as_array().unwrap().len(), 1, "{told}");
}
