//! What files can be like: their line ends, a quote that is never closed, people with their company; and what one that was called off has
//! done.

use serde_json::json;
use store::memory::Faults;
use tests::Story;

use super::{by_email, counts, errors, import, order, path, people};

/// As programs of tables on some machines write it.
#[tokio::test]
async fn lines_may_end_with_a_return_alone() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let rows: String = (0..150).map(|n| format!("m{n}@example.com,N{n}\r")).collect();
    let words = json!({ "mapping": { "E-mail": "email", "Name": "first_name" } });
    let done = import(&acme, format!("E-mail,Name\r{rows}wrong,N\r").as_bytes(), &words).await;
    assert_eq!(counts(&done), [151, 150, 0, 1]);
    assert_eq!(errors(&acme, &done).await[0].0, 152);
    for number in [0, 98, 99, 100, 149] {
        let found = acme.get(&format!("/v1/contacts?email=m{number}@example.com")).await;
        assert_eq!(found["data"][0]["first_name"], format!("N{number}"));
    }
}

#[tokio::test]
async fn a_quote_that_is_never_closed_fails_the_import_and_is_told_by_its_line() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let rows: String = (0..3_000).map(|n| format!("q{n}@example.com,N{n}\n")).collect();
    let words = json!({ "mapping": { "E-mail": "email", "Name": "first_name" } });
    let done = import(&acme, format!("E-mail,Name\na@example.com,A\nb@example.com,\"B\n{rows}").as_bytes(), &words).await;
    assert_eq!((&done["state"], counts(&done)), (&json!("failed"), [2, 1, 0, 1]));
    assert!(done["why"].as_str().unwrap().contains("quote"), "{done}");
    assert_eq!(errors(&acme, &done).await, [(3, "-".to_owned(), "quote".to_owned())]);
}

/// The part that was under way when the import was called off is counted too: what it made stays.
#[tokio::test]
async fn what_an_import_did_when_it_was_called_off_is_counted() {
    let mut counted = Vec::new();
    for seed in 0..6 {
        let faults = Faults::none();
        let stage = Story::with(faults.clone()).await;
        let acme = stage.bare_tenant("acme").await;
        let ordered = order(&acme, &people(250), &json!({})).await;
        faults.interleave(seed);
        let cancel = async {
            while stage.rows_of("contact").len() < 20 {
                tokio::task::yield_now().await;
            }
            acme.order(&format!("{}/cancel", path(&ordered))).await.is(200);
        };
        tokio::join!(stage.drain(), cancel);
        stage.drain().await;
        let done = acme.get(&path(&ordered)).await;
        let made = u64::try_from(stage.rows_of("contact").len()).unwrap();
        assert_eq!((&done["state"], counts(&done)), (&json!("cancelled"), [made, made, 0, 0]), "seed {seed}");
        counted.push(made);
    }
    assert!(counted.iter().all(|made| (20..250).contains(made)), "{counted:?}");
}

#[tokio::test]
async fn people_come_with_their_company() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let bravo = stage.bare_tenant("bravo").await;
    let known =
        acme.post("/v1/companies", &json!({ "name": "Engines", "domains": ["engines.example"] })).await.is(201)["id"].clone();
    let foreign = bravo.post("/v1/companies", &json!({ "name": "B", "domains": ["b.example"] })).await.is(201)["id"].clone();
    let file = format!(
        "Mail,Web,Id\na@example.com,Engines.example,\nb@example.com,,{known}\nc@example.com,b.example,\nd@example.com,,{foreign}\n",
        known = known.as_str().unwrap(),
        foreign = foreign.as_str().unwrap(),
    );
    let words = json!({ "mapping": { "Mail": "email", "Web": "company.domain", "Id": "company_id" } });
    let done = import(&acme, file.as_bytes(), &words).await;
    let told = [(4, "Web".to_owned(), "unknown".to_owned()), (5, "Id".to_owned(), "unknown".to_owned())];
    assert_eq!((counts(&done), errors(&acme, &done).await), ([4, 2, 0, 2], told.to_vec()));
    for email in ["a@example.com", "b@example.com"] {
        let found = by_email(&acme, email).await;
        assert_eq!((&found["company_id"], &found["company"]), (&known, &json!("Engines")), "{email}");
    }
}
