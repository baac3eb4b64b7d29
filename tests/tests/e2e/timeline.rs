//! Timelines: nothing has to be logged by hand, and a page costs what a page costs.

use domain::Entry;
use domain::entry::Noun;
use domain::flows::chronicle::chronicle;
use http::Method;
use kernel::Time;
use kernel::ids::{ActivityId, TenantId};
use local::provider::Deed;
use serde_json::{Value, json};
use store::memory::Faults;
use store::{Memory, Store, Stored, Table, TenantScope};
use tests::chat::{self, WORD};
use tests::token::{claims, signed};
use tests::{Company, Story};

const PERSON: &str =
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36";

/// Kind, type and status of each entry, newest first.
fn told(page: &Value) -> Vec<String> {
    let word = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let entry = |entry: &Value| format!("{} {} {}", word(&entry["kind"]), word(&entry["type"]), word(&entry["status"]));
    page["data"].as_array().unwrap().iter().map(entry).collect()
}

#[tokio::test]
async fn nothing_has_to_be_logged_by_hand() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let hook = chat::telegram(&acme).await;
    let fields = json!({
        "first_name": "Ada", "emails": ["ada@example.com"], "handles": [{ "channel": "telegram", "address": "700000001" }],
    });
    let ada = acme.contact_with(&fields).await;
    stage.clock.advance(1_000).unwrap();
    acme.patch(&format!("/v1/contacts/{}", ada.id), &json!({ "consents": { "email:marketing": true } })).await;
    stage.clock.advance(1_000).unwrap();
    let message = acme.news(&ada).await;
    stage.drain().await;
    let letter = stage.letter();
    stage.told(&letter, Deed::Deliver).await;
    stage.clock.advance(1_000).unwrap();
    for path in [letter.pixel().unwrap(), letter.tracked_link()] {
        stage.ask(Method::GET, &path).header("user-agent", PERSON).now().await;
    }
    stage.clock.advance(1_000).unwrap();
    chat::post(&stage, &hook, &chat::written(700_000_001, 41, "Is the shop open?"), WORD).await.is(200);
    stage.clock.advance(1_000).unwrap();
    let call = json!({ "type": "call", "subject": "Called back", "contact_id": ada.id });
    let call = acme.post("/v1/activities", &call).await.is(201)["id"].as_str().unwrap().to_owned();
    stage.drain().await;

    let path = format!("/v1/contacts/{}/timeline", ada.id);
    let page = acme.get(&path).await;
    let expected =
        ["activity call completed", "message - -", "message - sent", "consent granted:email:marketing -", "contact created -"];
    assert_eq!(told(&page), expected);
    let (came, went) = (&page["data"][1], &page["data"][2]);
    assert_eq!(
        (&came["direction"], &came["channel"], &came["title"]),
        (&json!("inbound"), &json!("telegram"), &json!("Is the shop open?"))
    );
    assert_eq!((&went["direction"], &went["subject"]), (&json!("outbound"), &json!(message.id)));
    let did: Vec<&str> = went["engagement"].as_array().unwrap().iter().map(|one| one["kind"].as_str().unwrap()).collect();
    assert_eq!(did, ["opened", "clicked"]);
    let combined = acme.get("/v1/timeline").await;
    assert_eq!(told(&combined), ["activity call completed", "message - -", "message - sent", "contact created -"]);

    // What it tells of is brought along.
    let full = acme.get(&format!("{path}?expand=subject")).await;
    let expanded = |at: usize, what: &str, field: &str| full["data"][at]["expanded"][what][field].clone();
    assert_eq!(expanded(0, "activity", "id"), call);
    assert_eq!(expanded(1, "inbound", "text"), "Is the shop open?");
    assert_eq!(expanded(2, "message", "status"), "delivered");

    // However often the stream is read.
    let before = stage.rows();
    stage.replay_stream();
    stage.drain().await;
    stage.nothing_changed_since(&before, "a replayed stream");
}

#[tokio::test]
async fn an_entry_follows_what_it_tells_of() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let (ada, bob) = (acme.contact("Ada", "ada@example.com").await, acme.contact("Bob", "bob@example.com").await);
    let timeline = async |id: &str| told(&acme.get(&format!("/v1/contacts/{id}/timeline?kind=activity")).await);
    let meeting = json!({ "type": "meeting", "subject": "M", "contact_id": ada.id, "scheduled_at": "2026-03-09T09:00:00Z" });
    let made = acme.post("/v1/activities", &meeting).await.is(201);
    let path = format!("/v1/activities/{}", made["id"].as_str().unwrap());
    stage.drain().await;
    assert_eq!(timeline(&ada.id).await, ["activity meeting scheduled"]);
    assert_eq!(acme.get("/v1/timeline?kind=activity").await["data"], json!([]), "what is to be is not on the combined one yet");
    let ahead = "/v1/timeline?kind=activity&until=2026-04-01T00:00:00Z";
    assert_eq!(told(&acme.get(ahead).await), ["activity meeting scheduled"]);

    acme.patch(&path, &json!({ "contact_id": bob.id, "scheduled_at": "2026-04-09T09:00:00Z" })).await;
    acme.patch(&path, &json!({ "status": "completed" })).await;
    stage.drain().await;
    assert_eq!(timeline(&ada.id).await, [""; 0]);
    assert_eq!(timeline(&bob.id).await, ["activity meeting completed"]);
    assert_eq!(acme.get("/v1/timeline?kind=activity").await["data"][0]["at"], "2026-03-02T09:00:00.000Z");

    acme.delete(&path).await;
    acme.delete(&format!("/v1/contacts/{}", ada.id)).await;
    stage.drain().await;
    assert_eq!(timeline(&bob.id).await, [""; 0]);
    assert_eq!(told(&acme.get("/v1/timeline").await), ["contact created -"], "Bob's alone");
    acme.look(&format!("/v1/contacts/{}/timeline", ada.id)).await.problem(404, "not-found");
}

#[tokio::test]
async fn a_timeline_is_filtered_and_paged() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let ada = acme.contact("Ada", "ada@example.com").await;
    let body = json!({ "name": "Eve", "email": "eve@acme.example", "role": "agent" });
    let eve = acme.post("/v1/users", &body).await.is(201)["id"].as_str().unwrap().to_owned();
    for number in 0..12 {
        stage.clock.advance(86_400_000 * 7).unwrap();
        let kind = if number % 2 == 0 { "call" } else { "note" };
        let direction = if number % 3 == 0 { "inbound" } else { "outbound" };
        let mut fields = json!({ "type": kind, "subject": number.to_string(), "contact_id": ada.id, "direction": direction });
        if number == 5 {
            fields["assignee"] = json!(eve);
        }
        acme.post("/v1/activities", &fields).await.is(201);
    }
    acme.send(&ada, "welcome").await;
    stage.drain().await;
    for path in ["/v1/timeline".to_owned(), format!("/v1/contacts/{}/timeline", ada.id)] {
        let titles = async |query: &str| {
            let page = acme.get(&format!("{path}?{query}")).await;
            let title = |entry: &Value| entry["title"].as_str().unwrap_or("-").to_owned();
            (page["data"].as_array().unwrap().iter().map(title).collect::<Vec<_>>(), page["next"].clone())
        };
        assert_eq!(titles("type=note&kind=activity").await.0, ["11", "9", "7", "5", "3", "1"]);
        assert_eq!(titles("direction=inbound").await.0, ["9", "6", "3", "0"]);
        assert_eq!(titles(&format!("user={eve}")).await.0, ["5"]);
        assert_eq!(titles("channel=email").await.0, ["-"]);
        assert_eq!(titles("since=2026-03-16T00:00:00Z&until=2026-03-30T09:00:00Z").await.0, ["2", "1"]);
        let (mut all, mut query) = (Vec::new(), "kind=activity&limit=5".to_owned());
        loop {
            let (some, next) = titles(&query).await;
            assert!(some.len() <= 5);
            all.extend(some);
            let Some(next) = next.as_str() else { break };
            query = format!("kind=activity&limit=5&after={next}");
        }
        assert_eq!(all, (0..12).rev().map(|number| number.to_string()).collect::<Vec<_>>(), "each once");
        for wrong in ["kind=dance", "channel=pigeon", "expand=weather", "since=today", "colour=red", "after=x"] {
            let pointer = format!("?{}", wrong.split('=').next().unwrap());
            assert_eq!(acme.look(&format!("{path}?{wrong}")).await.problem(422, "invalid"), [pointer]);
        }
    }
    // A cursor fits the timeline that it is of.
    let next = acme.get("/v1/timeline?limit=1").await["next"].as_str().unwrap().to_owned();
    let other = acme.look(&format!("/v1/contacts/{}/timeline?limit=1&after={next}", ada.id)).await;
    assert_eq!(other.problem(422, "invalid"), ["?after"]);
}

#[tokio::test]
async fn mail_is_for_whom_the_tenant_says() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let ada = acme.contact("Ada", "ada@example.com").await;
    acme.send(&ada, "welcome").await;
    stage.drain().await;
    let mut people = Vec::new();
    for role in ["agent", "admin"] {
        let body = json!({ "name": role, "email": format!("{role}@acme.example"), "role": role, "subject": role });
        acme.post("/v1/users", &body).await.is(201);
        people.push(acme.acting_as(&signed(&claims(role, stage.clock.now()))));
    }
    let seen = async |company: &Company<'_>| {
        let page = company.get(&format!("/v1/contacts/{}/timeline?kind=message", ada.id)).await;
        page["data"].as_array().unwrap().len()
    };
    for (setting, expected) in [("tenant", [1, 1, 1]), ("team", [0, 1, 1]), ("private", [0, 1, 0])] {
        acme.patch("/v1/tenant", &json!({ "mail_visibility": setting })).await;
        // Settings are trusted for some seconds.
        stage.clock.advance(6_000).unwrap();
        let found = [seen(&people[0]).await, seen(&people[1]).await, seen(&acme).await];
        assert_eq!(found, expected, "{setting}");
    }
}

/// So many entries, one a minute, on the timeline of that owner.
async fn fill(scope: &TenantScope, stage: &Story, owner: Option<&str>, count: usize) {
    for number in 0..count {
        let at = Time::from_millis(stage.clock.now().millis() - i64::try_from(number).unwrap() * 60_000);
        let subject = ActivityId::new(&stage.context.ids, &stage.clock).to_string();
        let entry = Entry {
            word: Some("call".to_owned()),
            title: Some("Called".to_owned()),
            ..Entry::new(Noun::Activity, subject, at)
        };
        let row = match owner {
            Some(owner) => Entry { owner: owner.to_owned(), ..entry },
            None => entry.everywhere().remove(0),
        };
        scope.supersede(&Stored { row, version: 1 }).await.unwrap();
    }
}

#[tokio::test]
async fn a_page_costs_the_same_however_long_the_timeline_is() {
    let mut bills = Vec::new();
    for count in [1_000, 20_000] {
        let stage = Story::begin().await;
        let acme = stage.bare_tenant("acme").await;
        let ada = acme.contact("Ada", "ada@example.com").await;
        let scope = stage.store.platform().reopen(TenantId::parse(&acme.id).unwrap()).await.unwrap();
        fill(&scope, &stage, Some(&ada.id[4..]), count).await;
        fill(&scope, &stage, None, count).await;
        for path in [format!("/v1/contacts/{}/timeline", ada.id), "/v1/timeline".to_owned()] {
            acme.get(&path).await;
            let before = stage.memory.bill();
            assert_eq!(acme.get(&path).await["data"].as_array().unwrap().len(), 50);
            let bill = stage.memory.bill().since(before);
            bills.push((path.starts_with("/v1/timeline"), bill.read_units, bill.requests));
        }
    }
    assert_eq!(bills[..2], bills[2..]);
    assert_eq!((bills[0].2, bills[1].2), (2, 4), "the contact and one query; four shards");
}

#[tokio::test]
async fn a_message_costs_two_write_units_more_and_what_people_do_with_it_one_each_up_to_three() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let ada = acme.contact_with(&json!({ "emails": ["ada@example.com"], "consents": { "email:marketing": true } })).await;
    stage.drain().await;
    let timelines = Memory::new(Faults::none());
    let store = Store::new(Table::Memory(timelines.clone()));
    let mut read = stage.memory.stream(0).len();
    let mut cost = async || {
        let (records, before) = (stage.memory.stream(read), timelines.bill());
        chronicle(&store, &records, stage.clock.now()).await.unwrap();
        read += records.len();
        timelines.bill().since(before).write_units
    };
    acme.news(&ada).await;
    stage.drain().await;
    let letter = stage.letter();
    assert_eq!(cost().await, 2.0, "the contact's and the combined");
    stage.told(&letter, Deed::Deliver).await;
    assert_eq!(cost().await, 0.0, "delivered");
    let mut opens = Vec::new();
    for _ in 0..5 {
        stage.clock.advance(3_600_000).unwrap();
        stage.ask(Method::GET, &letter.pixel().unwrap()).header("user-agent", PERSON).now().await;
        stage.drain().await;
        opens.push(cost().await);
    }
    assert_eq!(opens, [1.0, 1.0, 1.0, 0.0, 0.0]);
}

#[tokio::test]
async fn a_company_adds_one_write_unit_to_a_message() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let initech = acme.post("/v1/companies", &json!({ "name": "Initech" })).await.is(201)["id"].clone();
    let consents = json!({ "email:marketing": true });
    let ada = acme.contact_with(&json!({ "emails": ["ada@example.com"], "consents": consents })).await;
    let bob = json!({ "emails": ["bob@example.com"], "consents": consents, "company_id": initech });
    let bob = acme.contact_with(&bob).await;
    let mut units = Vec::new();
    // The first fills what processes keep in memory.
    for contact in [&ada, &ada, &bob] {
        let before = stage.memory.bill();
        acme.news(contact).await;
        stage.drain().await;
        stage.told(stage.letters().last().unwrap(), Deed::Deliver).await;
        stage.drain().await;
        units.push(stage.memory.bill().since(before).write_units);
    }
    assert_eq!(units[2] - units[1], 1.0, "{units:?}");
}

#[tokio::test]
async fn a_deal_and_a_company_have_timelines_of_their_own() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let ada = acme.contact("Ada", "ada@example.com").await;
    let company = acme.post("/v1/companies", &json!({ "name": "Initech" })).await.is(201)["id"].clone();
    let deal = json!({ "title": "Ten seats", "contact_id": ada.id, "company_id": company });
    let deal = acme.post("/v1/deals", &deal).await.is(201)["id"].as_str().unwrap().to_owned();
    stage.clock.advance(1_000).unwrap();
    acme.patch(&format!("/v1/deals/{deal}"), &json!({ "stage": "offer" })).await;
    stage.clock.advance(1_000).unwrap();
    let call = json!({ "type": "call", "subject": "Agreed", "contact_id": ada.id, "company_id": company, "deal_id": deal });
    acme.post("/v1/activities", &call).await.is(201);
    stage.drain().await;
    let expected = ["activity call completed", "deal stage_changed offer", "deal created -"];
    let paths = [
        format!("/v1/deals/{deal}/timeline"),
        format!("/v1/companies/{}/timeline", company.as_str().unwrap()),
        format!("/v1/contacts/{}/timeline", ada.id),
    ];
    for path in &paths {
        assert_eq!(told(&acme.get(path).await)[..3], expected, "{path}");
    }
    let page = acme.get(&format!("{}?expand=subject", paths[0])).await;
    assert_eq!(page["data"][1]["expanded"]["deal"]["title"], "Ten seats");
    for filter in ["company_id", "deal_id"] {
        let id = if filter == "deal_id" { deal.as_str() } else { company.as_str().unwrap() };
        let page = acme.get(&format!("/v1/activities?{filter}={id}")).await;
        assert_eq!(page["data"].as_array().unwrap().len(), 1, "{filter}");
    }
}

#[tokio::test]
async fn messages_stand_on_the_timeline_of_the_company_that_their_contact_belonged_to() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let hook = chat::telegram(&acme).await;
    let mut companies = Vec::new();
    for name in ["Initech", "Globex"] {
        let made = acme.post("/v1/companies", &json!({ "name": name })).await.is(201);
        companies.push(made["id"].as_str().unwrap().to_owned());
    }
    let fields = json!({
        "emails": ["ada@example.com"], "company_id": companies[0], "consents": { "email:marketing": true },
        "handles": [{ "channel": "telegram", "address": "700000001" }],
    });
    let ada = acme.contact_with(&fields).await;
    let mut sent = Vec::new();
    for (number, company) in (41..).zip(&companies) {
        acme.patch(&format!("/v1/contacts/{}", ada.id), &json!({ "company_id": company })).await;
        sent.push(acme.news(&ada).await.id);
        stage.drain().await;
        stage.clock.advance(1_000).unwrap();
        chat::post(&stage, &hook, &chat::written(700_000_001, number, "Is the shop open?"), WORD).await.is(200);
        stage.clock.advance(1_000).unwrap();
        stage.drain().await;
    }
    let timeline = async |company: &String| acme.get(&format!("/v1/companies/{company}/timeline")).await;
    for (company, sent) in companies.iter().zip(&sent) {
        let page = timeline(company).await;
        assert_eq!(told(&page), ["message - -", "message - sent"], "each where it was then");
        assert_eq!((&page["data"][1]["subject"], &page["data"][1]["company_id"]), (&json!(sent), &json!(company)));
    }
    // What people do with a message is told on their own timeline alone.
    let before = timeline(&companies[0]).await;
    let pixel = stage.letters()[0].pixel().unwrap();
    stage.ask(Method::GET, &pixel).header("user-agent", PERSON).now().await;
    stage.drain().await;
    assert_eq!(timeline(&companies[0]).await, before);
}

#[tokio::test]
async fn a_task_is_told_of_when_it_is_made_and_when_it_is_completed() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let ada = acme.contact("Ada", "ada@example.com").await;
    let task = json!({ "title": "Send the offer", "contact_id": ada.id });
    let task = acme.post("/v1/tasks", &task).await.is(201)["id"].as_str().unwrap().to_owned();
    stage.clock.advance(1_000).unwrap();
    assert!(acme.post(&format!("/v1/tasks/{task}/complete"), &json!({})).await.status < 300);
    stage.drain().await;
    let path = format!("/v1/contacts/{}/timeline?kind=task", ada.id);
    assert_eq!(told(&acme.get(&path).await), ["task completed -", "task created -"]);
    let full = acme.get(&format!("{path}&expand=subject")).await;
    for entry in full["data"].as_array().unwrap() {
        let task = &entry["expanded"]["task"];
        assert_eq!((&task["title"], &task["status"]), (&json!("Send the offer"), &json!("completed")), "as it is now");
    }
    for deed in ["reopen", "complete"] {
        stage.clock.advance(1_000).unwrap();
        assert!(acme.post(&format!("/v1/tasks/{task}/{deed}"), &json!({})).await.status < 300);
    }
    stage.drain().await;
    assert_eq!(told(&acme.get(&path).await), ["task completed -", "task reopened -", "task completed -", "task created -"]);
    acme.delete(&format!("/v1/tasks/{task}")).await;
    stage.drain().await;
    for path in [path.as_str(), "/v1/timeline?kind=task"] {
        assert_eq!(told(&acme.get(path).await), [""; 0], "{path}");
    }
}
