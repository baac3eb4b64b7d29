//! Search: by the beginning of any word, an address or a number, at a price that does not grow.

use serde_json::{Value, json};
use tests::{Company, Story};

async fn found(acme: &Company<'_>, kind: &str, q: &str) -> Vec<String> {
    let q: String = url::form_urlencoded::byte_serialize(q.as_bytes()).collect();
    let page = acme.get(&format!("/v1/search?kind={kind}&q={q}")).await;
    page["data"].as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap_or_default().to_owned()).collect()
}

#[tokio::test]
async fn people_are_found_by_the_beginning_of_any_word() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let ada = json!({
        "first_name": "Åda", "last_name": "Lovelace-Byron", "company": "Analytical Engines",
        "emails": ["countess.ada@example.com"], "phones": ["+14155552671"],
    });
    let ada = acme.contact_with(&ada).await;
    acme.contact_with(&json!({ "first_name": "Adam", "last_name": "Straße", "emails": ["adam@example.org"] })).await;
    acme.contact_with(&json!({ "first_name": "Grace", "last_name": "Hopper", "phones": ["+14155552672"] })).await;
    for (q, names) in [
        ("ad", vec!["Åda Lovelace-Byron", "Adam Straße"]),
        ("ÅDA", vec!["Åda Lovelace-Byron", "Adam Straße"]),
        ("love", vec!["Åda Lovelace-Byron"]),
        ("byr ad", vec!["Åda Lovelace-Byron"]),
        ("ad strasse", vec!["Adam Straße"]),
        ("ad hopper", vec![]),
        ("engin", vec!["Åda Lovelace-Byron"]),
        ("countess.ada@ex", vec!["Åda Lovelace-Byron"]),
        ("countess.ad", vec!["Åda Lovelace-Byron"]),
        ("adam@example.org", vec!["Adam Straße"]),
        ("+1 415-555", vec!["Åda Lovelace-Byron", "Grace Hopper"]),
        ("14155552672", vec!["Grace Hopper"]),
        ("141", vec!["Åda Lovelace-Byron", "Grace Hopper"]),
        ("ovelace", vec![]),
    ] {
        assert_eq!(found(&acme, "contact", q).await, names, "{q}");
    }
    let hit = acme.get("/v1/search?kind=contact&q=love").await["data"][0].clone();
    let expected =
        json!({ "kind": "contact", "id": ada.id, "name": "Åda Lovelace-Byron", "detail": "countess.ada@example.com" });
    assert_eq!(hit, expected);

    // What is changed is found by what it is now, and what is gone is found by nothing.
    let path = format!("/v1/contacts/{}", ada.id);
    acme.patch(&path, &json!({ "last_name": "King", "emails": [] })).await;
    assert_eq!(found(&acme, "contact", "king").await, ["Åda King"]);
    assert_eq!(found(&acme, "contact", "lovelace").await, [""; 0]);
    assert_eq!(found(&acme, "contact", "countess").await, [""; 0]);
    acme.delete(&path).await;
    assert_eq!(found(&acme, "contact", "king").await, [""; 0]);
    let left = json!([store::Value::S(ada.id[4..].to_owned())]);
    assert!(stage.rows_of("find").iter().all(|row| json!([row["of"]]) != left), "no word leads to what is gone");
}

#[tokio::test]
async fn companies_and_deals_are_found_too_and_each_among_its_own() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let bravo = stage.bare_tenant("bravo").await;
    acme.post("/v1/companies", &json!({ "name": "Looms & Sons", "domains": ["weaving.example"], "phone": "+14155552671" }))
        .await
        .is(201);
    acme.post("/v1/deals", &json!({ "title": "Seats for Looms" })).await.is(201);
    for (kind, q, names) in [
        ("company", "sons", vec!["Looms & Sons"]),
        ("company", "weaving.ex", vec!["Looms & Sons"]),
        ("company", "+1415", vec!["Looms & Sons"]),
        ("deal", "loo sea", vec!["Seats for Looms"]),
        ("contact", "looms", vec![]),
    ] {
        assert_eq!(found(&acme, kind, q).await, names, "{kind} {q}");
        assert_eq!(found(&bravo, kind, q).await, [""; 0], "{kind} {q}");
    }
}

#[tokio::test]
async fn whoever_writes_first_is_found() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    tests::chat::conversation(&acme).await;
    let contact = acme.get("/v1/contacts").await["data"][0].clone();
    let name = contact["first_name"].as_str().unwrap();
    assert_eq!(acme.get(&format!("/v1/search?kind=contact&q={name}")).await["data"][0]["id"], contact["id"]);
}

#[tokio::test]
async fn pages_of_a_search_show_each_thing_once() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    for number in 0..45 {
        // Two words of each begin alike.
        acme.contact_with(&json!({ "first_name": format!("Anna{number:02}"), "last_name": "Anders" })).await;
    }
    acme.contact_with(&json!({ "first_name": "Anton" })).await;
    let (mut names, mut after) = (Vec::new(), String::new());
    loop {
        let page = acme.get(&format!("/v1/search?kind=contact&q=an&limit=7{after}")).await;
        let rows = page["data"].as_array().unwrap();
        assert!(rows.len() <= 7);
        names.extend(rows.iter().map(|row| row["name"].as_str().unwrap().to_owned()));
        let Some(next) = page["next"].as_str() else { break };
        after = format!("&after={next}");
    }
    assert_eq!(names.len(), 46);
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 46, "nothing twice, nothing missing");
}

#[tokio::test]
async fn questions_that_are_too_short_or_not_asked_of_anything_are_refused() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    for (query, parameter) in [
        ("kind=contact", "?q"),
        ("q=ada", "?kind"),
        ("kind=message&q=ada", "?kind"),
        ("kind=contact&q=", "?q"),
        ("kind=contact&q=a", "?q"),
        ("kind=contact&q=12", "?q"),
        ("kind=contact&q=...", "?q"),
        ("kind=contact&q=ada&limit=21", "?limit"),
        ("kind=contact&q=ada&limit=0", "?limit"),
        ("kind=contact&q=ada&after=x", "?after"),
        ("kind=contact&q=ada&nonsense=1", "?nonsense"),
    ] {
        assert_eq!(acme.look(&format!("/v1/search?{query}")).await.problem(422, "invalid"), [parameter], "{query}");
    }
}

/// The price of a page is the price of what it shows, whatever the number of contacts.
#[tokio::test]
async fn a_search_costs_the_same_among_a_thousand_contacts_and_among_twenty_thousand() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let mut units = Vec::new();
    let mut made = 0;
    for count in [1_000, 20_000] {
        while made < count {
            let contacts: Vec<Value> = (made..made + 25)
                .map(|number| json!({ "first_name": "Maria", "last_name": format!("M{number:05}"), "emails": [format!("p{number}@example.com")] }))
                .collect();
            acme.post("/v1/contacts/batch", &json!({ "contacts": contacts })).await.is(200);
            made += 25;
        }
        acme.get("/v1/tenant").await;
        let mut bill = Vec::new();
        for q in ["maria", "maria+m00042", "p42@example.com"] {
            let before = stage.memory.bill();
            let page = acme.get(&format!("/v1/search?kind=contact&q={q}")).await;
            assert_eq!(page["data"].as_array().unwrap().len(), if q == "maria" { 20 } else { 1 }, "{q}");
            bill.push(stage.memory.bill().since(before).read_units);
        }
        units.push(bill);
    }
    assert_eq!(units[0], units[1]);
    stage.abandon();
}
