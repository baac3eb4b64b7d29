//! Lists: newest first, page by page, nothing twice, nothing missing, and at a price that does not grow.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tests::{Company, Story};

/// Ids of every page of a list.
async fn pages(company: &Company<'_>, path: &str, limit: usize) -> Vec<Vec<String>> {
    let mut pages = Vec::new();
    let mut after = String::new();
    loop {
        let join = if path.contains('?') { '&' } else { '?' };
        let page = company.get(&format!("{path}{join}limit={limit}{after}")).await;
        let ids = page["data"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect();
        pages.push(ids);
        assert_eq!(page["has_more"].as_bool(), Some(page["next"].is_string()));
        let Some(next) = page["next"].as_str() else { return pages };
        assert!(pages.len() < 1_000, "a list without end");
        after = format!("&after={next}");
    }
}

async fn fill(company: &Company<'_>, count: usize) {
    for number in 0..count {
        let tags = if number % 10 == 0 { json!(["tenth"]) } else { json!([]) };
        let order = json!({ "to": { "email": format!("p{number}@example.com") }, "template": "welcome", "sandbox": true, "tags": tags });
        company.send_with(&order).await;
    }
}

#[tokio::test]
async fn two_months_of_messages_come_newest_first_and_each_once() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let mut sent = Vec::new();
    for number in 0..230 {
        let order = json!({ "to": { "email": format!("p{number}@example.com") }, "template": "welcome", "sandbox": true });
        sent.push(acme.send_with(&order).await.id);
        // From the second of March to the fourteenth of April.
        stage.clock.advance(16_200_000).unwrap();
    }
    sent.reverse();
    for limit in [1, 7, 50, 100] {
        let pages = pages(&acme, "/v1/messages", limit).await;
        assert!(pages.iter().all(|page| page.len() <= limit));
        assert_eq!(pages.concat(), sent, "pages of {limit}");
    }
    // What comes in meanwhile is not in pages that were begun before.
    let first = acme.get("/v1/messages?limit=100").await;
    acme.send_with(&json!({ "to": { "email": "new@example.com" }, "template": "welcome" })).await;
    let second = acme.get(&format!("/v1/messages?limit=100&after={}", first["next"].as_str().unwrap())).await;
    let ids = |page: &Value| {
        page["data"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!([ids(&first), ids(&second)].concat(), sent[..200]);

    let window = "/v1/messages?since=2026-03-20T00:00:00Z&until=2026-04-02T12:00:00%2B02:00";
    let found: BTreeSet<String> = pages(&acme, window, 30).await.concat().into_iter().collect();
    let at = |text: &str| kernel::Time::parse(text).unwrap();
    let made = |id: &str| kernel::ids::MessageId::parse(id).unwrap().made_at();
    let expected = sent.iter().filter(|id| (at("2026-03-20T00:00:00Z")..at("2026-04-02T10:00:00Z")).contains(&made(id)));
    assert_eq!(found, expected.cloned().collect());
    stage.drain().await;
}

#[tokio::test]
async fn filters_let_through_what_they_say() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let ada = acme.contact("Ada", "ada@example.com").await;
    fill(&acme, 30).await;
    let invoice = json!({ "to": { "contact": ada.id }, "template": "invoice", "variables": { "number": "1", "amount": "2" } });
    let invoice = acme.send_with(&invoice).await;
    stage.clock.advance(1).unwrap();
    let news = acme.news(&ada).await;
    stage.clock.advance(1).unwrap();
    let later = json!({ "to": { "contact": ada.id }, "template": "welcome", "send_at": "2026-03-03T00:00:00Z" });
    let later = acme.send_with(&later).await;
    stage.drain().await;

    let template = invoice.accepted["template"]["id"].as_str().unwrap();
    for (filter, expected) in [
        ("contact=".to_owned() + &ada.id, vec![&later.id, &news.id, &invoice.id]),
        (format!("template={template}"), vec![&invoice.id]),
        ("status=scheduled".to_owned(), vec![&later.id]),
        ("status=rejected&category=marketing".to_owned(), vec![&news.id]),
        (format!("status=sent&contact={}", ada.id), vec![&invoice.id]),
        ("channel=email&status=bounced".to_owned(), vec![]),
    ] {
        let found = pages(&acme, &format!("/v1/messages?{filter}"), 2).await.concat();
        assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{filter}");
    }
    assert_eq!(pages(&acme, "/v1/messages?tag=tenth", 2).await.concat().len(), 3);
    acme.patch(&format!("/v1/contacts/{}", ada.id), &json!({ "tags": ["vip"] })).await;
    acme.contact("Bob", "bob@example.com").await;
    assert_eq!(pages(&acme, "/v1/contacts?tag=vip", 10).await.concat(), std::slice::from_ref(&ada.id));
    assert_eq!(pages(&acme, "/v1/templates?use=layout", 10).await.concat(), [""; 0]);
    stage.drain().await;
}

#[tokio::test]
async fn a_list_shows_only_the_fields_that_are_wanted() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    fill(&acme, 3).await;
    let page = acme.get("/v1/messages?fields=status,%20to,nothing").await;
    for row in page["data"].as_array().unwrap() {
        let names: Vec<&String> = row.as_object().unwrap().keys().collect();
        assert_eq!(names, ["id", "status", "to"]);
    }
    let whole = acme.get("/v1/messages").await["data"][0].clone();
    assert!(whole.as_object().unwrap().len() > 20);
    stage.drain().await;
}

#[tokio::test]
async fn questions_that_make_no_sense_are_refused() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    fill(&acme, 2).await;
    stage.drain().await;
    let next = acme.get("/v1/messages?limit=1").await["next"].as_str().unwrap().to_owned();
    let mut flipped = next.clone();
    let last = if flipped.pop() == Some('A') { 'B' } else { 'A' };
    flipped.push(last);
    let before = stage.rows();
    for list in
        ["messages", "contacts", "companies", "deals", "fields", "templates", "accounts", "suppressions", "users", "api-keys"]
    {
        for (query, parameter) in [
            ("limit=0", "?limit"),
            ("limit=101", "?limit"),
            ("limit=-1", "?limit"),
            ("limit=ten", "?limit"),
            ("limit=", "?limit"),
            ("after=x", "?after"),
            ("after=", "?after"),
            (&format!("after={flipped}"), "?after"),
            ("nonsense=1", "?nonsense"),
            ("Limit=1", "?Limit"),
        ] {
            let refused = acme.look(&format!("/v1/{list}?{query}")).await;
            assert_eq!(refused.problem(422, "invalid"), [parameter], "{list} {query}");
        }
    }
    for (path, parameter) in [
        ("/v1/messages?status=gone", "?status"),
        ("/v1/messages?contact=msg_0195527c0d7b7c3e8a51d2b0f3a94c11", "?contact"),
        ("/v1/messages?since=yesterday", "?since"),
        ("/v1/contacts?email=nobody", "?email"),
        ("/v1/templates?active=maybe", "?active"),
        ("/v1/suppressions?reason=boredom", "?reason"),
        ("/v1/analytics/emails?since=x", "?since"),
        ("/v1/analytics/emails?group_by=weather", "?group_by"),
        ("/v1/analytics/emails?since=2026-03-02T00:00:00Z&until=2026-03-01T00:00:00Z", "?until"),
        ("/v1/analytics/emails?since=2025-03-02T00:00:00Z&group_by=hour", "?since"),
        ("/v1/analytics/activities?group_by=weather", "?group_by"),
        ("/v1/analytics/activities?tag=vip&group_by=user", "?tag"),
        ("/v1/analytics/tasks?group_by=hour&since=2025-03-02T00:00:00Z", "?since"),
        ("/v1/analytics/tasks?assignee=usr_0195527c0d7b7c3e8a51d2b0f3a94c11&group_by=team", "?assignee"),
        ("/v1/analytics/deals?until=2024-03-02T00:00:00Z&since=2024-03-02T00:00:00Z", "?until"),
        ("/v1/analytics/frequency?since=2026-01-01T00:00:00Z", "?since"),
        ("/v1/activities?at_since=x", "?at_since"),
        ("/v1/tasks?ended_since=x", "?ended_since"),
        ("/v1/deals?closed_since=x", "?closed_since"),
        ("/v1/messages?reached=gone", "?reached"),
        ("/v1/messages?reached_since=2026-03-02T00:00:00Z&reached_until=2026-03-01T00:00:00Z", "?reached_until"),
        ("/v1/messages?account=everybody", "?account"),
    ] {
        assert_eq!(acme.look(path).await.problem(422, "invalid"), [parameter], "{path}");
    }
    // A cursor answers the question that it came from, and no other.
    let other = acme.look(&format!("/v1/messages?limit=1&tag=tenth&after={next}")).await;
    assert_eq!(other.problem(422, "invalid"), ["?after"]);
    stage.nothing_changed_since(&before, "questions");
}

/// The price of a page is the price of its rows, not of the tenant. Rows are spread by chance, so it is the walk through a small
/// house that is compared with one as long through a large one.
#[tokio::test]
async fn a_page_costs_the_same_in_a_small_house_and_in_a_large_one() {
    let stage = Story::begin().await;
    let (small, large) = (stage.bare_tenant("small").await, stage.bare_tenant("large").await);
    for (company, messages) in [(&small, 600), (&large, 2_400)] {
        fill(company, messages).await;
        for number in 0..messages / 20 {
            company.contact("Ada", &format!("ada{number}@example.com")).await;
        }
    }
    for (list, rounds) in [
        ("/v1/messages?limit=10", 50),
        ("/v1/messages?limit=50", 10),
        ("/v1/messages?limit=100", 5),
        ("/v1/contacts?limit=10", 2),
    ] {
        let mut units = Vec::new();
        for company in [&small, &large] {
            company.get("/v1/tenant").await;
            let before = stage.memory.bill();
            let mut after = String::new();
            for _ in 0..rounds {
                let page = company.get(&format!("{list}{after}")).await;
                after = format!("&after={}", page["next"].as_str().unwrap());
            }
            units.push(stage.memory.bill().since(before).read_units);
        }
        let [small, large] = units[..] else { unreachable!() };
        assert!((large - small).abs() <= small * 0.1, "{list}: {small} units of 600, {large} units of 2,400");
    }
    stage.abandon();
}

/// A filter that lets hardly anything through ends its page before it has read the whole house.
#[tokio::test]
async fn a_page_looks_at_a_bounded_number_of_rows() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    fill(&acme, 1_200).await;
    let before = stage.memory.bill();
    let page = acme.get("/v1/messages?tag=nothing").await;
    assert_eq!((page["data"].as_array().unwrap().len(), page["has_more"].as_bool()), (0, Some(true)));
    let units = stage.memory.bill().since(before).read_units;
    assert!(units < 120.0, "{units} units");
    assert_eq!(pages(&acme, "/v1/messages?tag=nothing", 50).await.len(), 3);
    stage.abandon();
}
