//! The cases of rules, events and runs.

use serde_json::{Value, json};
use tests::Company;

use super::Case;

fn id(made: &Value) -> String {
    made["id"].as_str().unwrap().to_owned()
}

/// An event, a rule that has acted on it, and the run.
pub(super) async fn belongings(bravo: &Company<'_>) -> (String, String, String) {
    let rule = json!({ "name": "Secret", "trigger": "secret.kept", "actions": [raising()] });
    let rule = id(&bravo.post("/v1/rules", &rule).await.is(201));
    bravo.story.clock.advance(5_000).unwrap();
    let event = id(&bravo.post("/v1/events", &json!({ "name": "secret.kept" })).await.is(202));
    bravo.story.drain().await;
    let run = bravo.get(&format!("/v1/rules/{rule}/runs")).await["data"][0].clone();
    (event, rule, id(&run))
}

/// A rule of the tenant's own.
pub(super) async fn own(acme: &Company<'_>) -> String {
    id(&acme.post("/v1/rules", &rule(&sending("welcome"))).await.is(201))
}

fn rule(action: &Value) -> Value {
    json!({ "name": "A", "trigger": "a.b", "actions": [action] })
}

fn draft(action: &Value) -> Value {
    json!({ "rule": rule(action), "event": { "name": "a.b" } })
}

/// A trial of an event about that.
fn about(field: &str, id: &str) -> Value {
    let mut body = draft(&raising());
    body["event"][field] = json!(id);
    body
}

fn raising() -> Value {
    json!({ "raise_event": { "name": "a.c" } })
}

fn posting(account: &str) -> Value {
    json!({ "call_webhook": { "url": "https://a.example", "account": account } })
}

fn sending(template: &str) -> Value {
    json!({ "send_message": { "template": template } })
}

fn assigning(user: &str) -> Value {
    json!({ "create_task": { "title": "A", "assignee": user } })
}

fn teaming(team: &str) -> Value {
    json!({ "create_task": { "title": "A", "team": team } })
}

fn owning(user: &str) -> Value {
    json!({ "update_contact": { "owner": user } })
}

fn sending_by(account: &str) -> Value {
    json!({ "send_message": { "template": "welcome", "account": account } })
}

pub(super) fn body(operation: &str) -> Option<Value> {
    Some(match operation {
        "adopt_rule" => json!({ "name": "welcome" }),
        "create_rule" => rule(&raising()),
        "report_event" => json!({ "name": "a.b" }),
        "report_events" => json!({ "events": [{ "name": "a.b" }] }),
        "test_draft_rule" => draft(&raising()),
        "test_rule" => json!({ "event": { "name": "a.b" } }),
        "update_rule" => json!({ "name": "A" }),
        _ => return None,
    })
}

pub(super) fn body_with(operation: &str, pointer: &str) -> Option<Case> {
    Some(match (operation, pointer) {
        ("create_rule", "/actions/0/call_webhook/account") => ("acc", |id| rule(&posting(id))),
        ("create_rule", "/actions/0/create_task/assignee") => ("usr", |id| rule(&assigning(id))),
        ("create_rule", "/actions/0/create_task/team") => ("tea", |id| rule(&teaming(id))),
        ("create_rule", "/actions/0/update_contact/owner") => ("usr", |id| rule(&owning(id))),
        ("create_rule", "/actions/0/send_message/account") => ("acc", |id| rule(&sending_by(id))),
        ("create_rule", "/actions/0/send_message/template") => ("tpl", |id| rule(&sending(id))),
        ("update_rule", "/actions/0/call_webhook/account") => ("acc", |id| json!({ "actions": [posting(id)] })),
        ("update_rule", "/actions/0/create_task/assignee") => ("usr", |id| json!({ "actions": [assigning(id)] })),
        ("update_rule", "/actions/0/create_task/team") => ("tea", |id| json!({ "actions": [teaming(id)] })),
        ("update_rule", "/actions/0/update_contact/owner") => ("usr", |id| json!({ "actions": [owning(id)] })),
        ("update_rule", "/actions/0/send_message/account") => ("acc", |id| json!({ "actions": [sending_by(id)] })),
        ("update_rule", "/actions/0/send_message/template") => ("tpl", |id| json!({ "actions": [sending(id)] })),
        ("test_draft_rule", "/rule/actions/0/call_webhook/account") => ("acc", |id| draft(&posting(id))),
        ("test_draft_rule", "/rule/actions/0/create_task/assignee") => ("usr", |id| draft(&assigning(id))),
        ("test_draft_rule", "/rule/actions/0/create_task/team") => ("tea", |id| draft(&teaming(id))),
        ("test_draft_rule", "/rule/actions/0/update_contact/owner") => ("usr", |id| draft(&owning(id))),
        ("test_draft_rule", "/rule/actions/0/send_message/account") => ("acc", |id| draft(&sending_by(id))),
        ("test_draft_rule", "/rule/actions/0/send_message/template") => ("tpl", |id| draft(&sending(id))),
        ("test_draft_rule", "/event/company_id") => ("cmp", |id| about("company_id", id)),
        ("test_draft_rule", "/event/contact") => ("con", |id| about("contact", id)),
        ("test_draft_rule", "/event/deal_id") => ("dea", |id| about("deal_id", id)),
        ("test_draft_rule", "/event/message") => ("msg", |id| about("message", id)),
        ("test_draft_rule", "/event/user") => ("usr", |id| about("user", id)),
        ("test_rule", "/event/company_id") => ("cmp", |id| json!({ "event": { "name": "a.b", "company_id": id } })),
        ("test_rule", "/event/contact") => ("con", |id| json!({ "event": { "name": "a.b", "contact": id } })),
        ("test_rule", "/event/deal_id") => ("dea", |id| json!({ "event": { "name": "a.b", "deal_id": id } })),
        ("test_rule", "/event/message") => ("msg", |id| json!({ "event": { "name": "a.b", "message": id } })),
        ("test_rule", "/event/user") => ("usr", |id| json!({ "event": { "name": "a.b", "user": id } })),
        ("report_event", "/contact") => ("con", |id| json!({ "name": "a.b", "contact": id })),
        ("report_event", "/company_id") => ("cmp", |id| json!({ "name": "a.b", "company_id": id })),
        ("report_event", "/deal_id") => ("dea", |id| json!({ "name": "a.b", "deal_id": id })),
        ("report_events", "/events/0/company_id") => ("cmp", |id| json!({ "events": [{ "name": "a.b", "company_id": id }] })),
        ("report_events", "/events/0/deal_id") => ("dea", |id| json!({ "events": [{ "name": "a.b", "deal_id": id }] })),
        ("report_events", "/events/0/contact") => ("con", |id| json!({ "events": [{ "name": "a.b", "contact": id }] })),
        _ => return None,
    })
}
