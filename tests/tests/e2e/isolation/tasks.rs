//! The cases of tasks, notifications and series.

use serde_json::{Value, json};
use tests::Company;

use super::Case;

fn id(made: &Value) -> String {
    made["id"].as_str().unwrap().to_owned()
}

fn order() -> Value {
    json!({ "to": { "email": "a@example.com" }, "template": "welcome" })
}

/// A task and a series.
pub(super) async fn belongings(bravo: &Company<'_>) -> (String, String) {
    let series = json!({ "order": order(), "recurrence": "FREQ=WEEKLY", "start_at": "2027-01-01T09:00:00Z" });
    (own(bravo).await, id(&bravo.post("/v1/series", &series).await.is(201)))
}

/// A task of the tenant's own.
pub(super) async fn own(company: &Company<'_>) -> String {
    id(&company.post("/v1/tasks", &json!({ "title": "Secret" })).await.is(201))
}

pub(super) fn body(operation: &str) -> Option<Value> {
    let nobody = "usr_0195527c0d7b7c3e8a51d2b0f3a94c11";
    Some(match operation {
        "cancel_task" | "complete_task" | "reopen_task" => json!({}),
        "create_series" => json!({ "order": order(), "recurrence": "FREQ=DAILY" }),
        "create_task" | "update_task" => json!({ "title": "A" }),
        "delegate_task" | "transfer_task" => json!({ "user": nobody }),
        "put_notification_preferences" => json!({}),
        "read_notifications" => json!({ "user_id": nobody, "ids": [] }),
        _ => return None,
    })
}

/// A task that follows.
fn next(mut words: Value) -> Value {
    words["title"] = json!("A");
    json!({ "next": words })
}

fn series(order: &Value) -> Value {
    json!({ "order": order, "recurrence": "FREQ=DAILY" })
}

pub(super) fn body_with(operation: &str, pointer: &str) -> Option<Case> {
    Some(match (operation, pointer) {
        ("read_notifications", "/user_id") => ("usr", |id| json!({ "user_id": id, "ids": [] })),
        ("create_series", "/order/account") => {
            ("acc", |id| series(&json!({ "to": { "email": "a@example.com" }, "template": "welcome", "account": id })))
        }
        ("create_series", "/order/attachments/0/id") => ("att", |id| {
            let mut order = order();
            order["attachments"] = json!([{ "id": id }]);
            series(&order)
        }),
        ("create_series", "/order/deal_id") => {
            ("dea", |id| series(&json!({ "to": { "email": "a@example.com" }, "template": "welcome", "deal_id": id })))
        }
        ("create_series", "/order/template") => {
            ("tpl", |id| series(&json!({ "to": { "email": "a@example.com" }, "template": id })))
        }
        ("create_series", "/order/to/contact") => {
            ("con", |id| series(&json!({ "to": { "contact": id }, "template": "welcome" })))
        }
        ("complete_task", "/next/activity_id") => ("act", |id| next(json!({ "activity_id": id }))),
        ("complete_task", "/next/assign/team") => ("tea", |id| next(json!({ "assign": { "strategy": "load", "team": id } }))),
        ("complete_task", "/next/assignee") => ("usr", |id| next(json!({ "assignee": id }))),
        ("complete_task", "/next/company_id") => ("cmp", |id| next(json!({ "company_id": id }))),
        ("complete_task", "/next/contact_id") => ("con", |id| next(json!({ "contact_id": id }))),
        ("complete_task", "/next/deal_id") => ("dea", |id| next(json!({ "deal_id": id }))),
        ("complete_task", "/next/escalation/0/to/team") => {
            ("tea", |id| next(json!({ "escalation": [{ "after_minutes": 5, "to": { "team": id } }] })))
        }
        ("complete_task", "/next/escalation/0/to/user") => {
            ("usr", |id| next(json!({ "escalation": [{ "after_minutes": 5, "to": { "user": id } }] })))
        }
        ("complete_task", "/next/team") => ("tea", |id| next(json!({ "team": id }))),
        ("create_task" | "update_task", "/activity_id") => ("act", |id| json!({ "title": "A", "activity_id": id })),
        ("create_task" | "update_task", "/company_id") => ("cmp", |id| json!({ "title": "A", "company_id": id })),
        ("create_task" | "update_task", "/deal_id") => ("dea", |id| json!({ "title": "A", "deal_id": id })),
        ("create_task" | "update_task", "/assign/team") => {
            ("tea", |id| json!({ "title": "A", "assign": { "strategy": "load", "team": id } }))
        }
        ("create_task" | "update_task", "/assignee") => ("usr", |id| json!({ "title": "A", "assignee": id })),
        ("create_task" | "update_task", "/contact_id") => ("con", |id| json!({ "title": "A", "contact_id": id })),
        ("create_task" | "update_task", "/team") => ("tea", |id| json!({ "title": "A", "team": id })),
        ("create_task" | "update_task", "/escalation/0/to/team") => {
            ("tea", |id| json!({ "title": "A", "escalation": [{ "after_minutes": 5, "to": { "team": id } }] }))
        }
        ("create_task" | "update_task", "/escalation/0/to/user") => {
            ("usr", |id| json!({ "title": "A", "escalation": [{ "after_minutes": 5, "to": { "user": id } }] }))
        }
        ("delegate_task" | "transfer_task", "/user") => ("usr", |id| json!({ "user": id })),
        ("transfer_task", "/team") => ("tea", |id| json!({ "team": id })),
        _ => return None,
    })
}
