//! What is done with somebody's people or for a deal stands on the timeline of the company that these belong to at that moment, unless
//! somebody says which company it is with.

use serde_json::{Value, json};
use tests::{Company, Story};

use crate::imports::import;

/// A company of that name.
async fn firm(acme: &Company<'_>, name: &str) -> String {
    acme.post("/v1/companies", &json!({ "name": name })).await.is(201)["id"].as_str().unwrap().to_owned()
}

async fn made(acme: &Company<'_>, path: &str, fields: &Value) -> String {
    let made = acme.post(path, fields).await.is(201);
    format!("{path}/{}", made["id"].as_str().unwrap())
}

/// The titles of what stands there, in their order.
async fn titles(acme: &Company<'_>, path: &str) -> Vec<String> {
    let page = acme.get(path).await;
    let title = |row: &Value| [&row["title"], &row["subject"]].into_iter().find_map(Value::as_str).unwrap_or("-").to_owned();
    let mut titles: Vec<String> = page["data"].as_array().unwrap().iter().map(title).collect();
    titles.sort();
    titles
}

struct World<'s> {
    acme: Company<'s>,
    /// Two companies.
    firms: [String; 2],
    /// Of the first one.
    ada: String,
    /// Of the second one.
    deal: String,
}

impl<'s> World<'s> {
    async fn of(acme: Company<'s>) -> Self {
        let firms = [firm(&acme, "Initech").await, firm(&acme, "Globex").await];
        let ada = acme.contact_with(&json!({ "emails": ["ada@example.com"], "company_id": firms[0] })).await.id;
        let deal = json!({ "title": "Ten seats", "company_id": firms[1] });
        let deal = acme.post("/v1/deals", &deal).await.is(201)["id"].as_str().unwrap().to_owned();
        Self { acme, firms, ada, deal }
    }

    /// What the timelines of both companies tell of that kind.
    async fn told(&self, kind: &str) -> [Vec<String>; 2] {
        self.acme.story.drain().await;
        let [first, second] = &self.firms;
        let path = |firm: &String| format!("/v1/companies/{firm}/timeline?kind={kind}");
        [titles(&self.acme, &path(first)).await, titles(&self.acme, &path(second)).await]
    }

    /// What the list of that name has of both.
    async fn listed(&self, list: &str) -> [Vec<String>; 2] {
        self.acme.story.drain().await;
        let [first, second] = &self.firms;
        let path = |firm: &String| format!("/v1/{list}?company_id={firm}");
        [titles(&self.acme, &path(first)).await, titles(&self.acme, &path(second)).await]
    }
}

#[tokio::test]
async fn activities_stand_with_the_company_of_their_contact_or_deal() {
    let stage = Story::begin().await;
    let w = World::of(stage.bare_tenant("acme").await).await;
    let (acme, [initech, globex]) = (&w.acme, &w.firms);
    let call = |subject: &str, more: Value| {
        let mut fields = json!({ "type": "call", "subject": subject });
        fields.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        fields
    };
    let person = made(acme, "/v1/activities", &call("person", json!({ "contact_id": w.ada }))).await;
    made(acme, "/v1/activities", &call("deal", json!({ "deal_id": w.deal }))).await;
    made(acme, "/v1/activities", &call("both", json!({ "contact_id": w.ada, "deal_id": w.deal }))).await;
    made(acme, "/v1/activities", &call("said", json!({ "contact_id": w.ada, "company_id": globex }))).await;
    made(acme, "/v1/activities", &call("none", json!({ "contact_id": w.ada, "company_id": null }))).await;
    let batch = json!({ "activities": [call("many", json!({ "contact_id": w.ada })), call("nobody", json!({}))] });
    acme.post("/v1/activities/batch", &batch).await.is(200);
    let expected = [["both", "many", "person"].map(str::to_owned).to_vec(), ["deal", "said"].map(str::to_owned).to_vec()];
    assert_eq!(w.told("activity").await, expected);
    assert_eq!(w.listed("activities").await, expected);
    assert_eq!(acme.get(&person).await["company_id"], json!(initech));

    // There it stays when the contact goes to another, and goes along when it turns out to be with somebody else.
    acme.patch(&format!("/v1/contacts/{}", w.ada), &json!({ "company_id": globex })).await;
    acme.patch(&person, &json!({ "outcome": "positive" })).await;
    assert_eq!(w.told("activity").await, expected);
    acme.patch(&person, &json!({ "contact_id": null, "deal_id": w.deal })).await;
    assert_eq!(acme.get(&person).await["company_id"], json!(globex));
    assert_eq!(w.told("activity").await, [vec!["both", "many"], vec!["deal", "person", "said"]]);
    acme.patch(&person, &json!({ "company_id": null })).await;
    acme.patch(&person, &json!({ "contact_id": w.ada })).await;
    assert_eq!(acme.get(&person).await["company_id"], Value::Null, "as somebody said");

    stage.drain().await;
    let before = stage.rows();
    stage.replay_stream();
    stage.drain().await;
    stage.nothing_changed_since(&before, "a replayed stream");
}

#[tokio::test]
async fn so_do_tasks_and_what_completes_them() {
    let stage = Story::begin().await;
    let w = World::of(stage.bare_tenant("acme").await).await;
    let (acme, [initech, globex]) = (&w.acme, &w.firms);
    let person = made(acme, "/v1/tasks", &json!({ "title": "person", "contact_id": w.ada })).await;
    let deal = made(acme, "/v1/tasks", &json!({ "title": "deal", "deal_id": w.deal })).await;
    made(acme, "/v1/tasks", &json!({ "title": "said", "contact_id": w.ada, "company_id": globex })).await;
    let call = json!({ "type": "call", "subject": "call", "contact_id": w.ada });
    let call = acme.post("/v1/activities", &call).await.is(201)["id"].clone();
    made(acme, "/v1/tasks", &json!({ "activity_id": call })).await;
    let expected = [vec!["call", "person"], vec!["deal", "said"]];
    assert_eq!(w.told("task").await, expected);
    assert_eq!(w.listed("tasks").await, expected);
    assert_eq!(acme.get(&person).await["company_id"], json!(initech));

    // It follows its contact and deal, of which the contact comes first, until somebody says which company it is about.
    acme.patch(&deal, &json!({ "contact_id": w.ada })).await;
    assert_eq!(acme.get(&deal).await["company_id"], json!(initech));
    acme.patch(&deal, &json!({ "contact_id": null })).await;
    assert_eq!(acme.get(&deal).await["company_id"], json!(globex));
    acme.patch(&deal, &json!({ "company_id": initech })).await;
    acme.patch(&deal, &json!({ "contact_id": w.ada, "deal_id": null })).await;
    assert_eq!(acme.get(&deal).await["company_id"], json!(initech));

    let done = json!({ "activity": { "type": "meeting", "subject": "done" }, "next": { "title": "next" } });
    acme.post(&format!("{person}/complete"), &done).await.is(200);
    assert_eq!(w.listed("activities").await, [vec!["call", "done"], vec![]]);
    assert_eq!(w.listed("tasks").await, [vec!["call", "deal", "next"], vec!["said"]]);
}

#[tokio::test]
async fn so_does_what_rules_and_files_bring() {
    let stage = Story::begin().await;
    let w = World::of(stage.tenant("acme").await).await;
    let acme = &w.acme;
    let actions = json!([
        { "log_activity": { "type": "note", "subject": "by a rule" } }, { "create_task": { "title": "by a rule" } },
    ]);
    acme.post("/v1/rules", &json!({ "name": "R", "trigger": "invoice.overdue", "actions": actions })).await.is(201);
    stage.clock.advance(6_000).unwrap();
    acme.post("/v1/events", &json!({ "name": "invoice.overdue", "contact": w.ada })).await;
    stage.drain().await;
    let file = b"t,s,w\ncall,by a file,ada@example.com\n";
    let words = json!({ "object": "activity", "mapping": { "t": "type", "s": "subject", "w": "contact.email" } });
    import(acme, file, &words).await;
    assert_eq!(w.listed("activities").await, [vec!["by a file", "by a rule"], vec![]]);
    assert_eq!(w.listed("tasks").await, [vec!["by a rule"], vec![]]);
}
