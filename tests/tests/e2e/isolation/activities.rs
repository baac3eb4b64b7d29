//! Activities that refer to what another tenant has.

use serde_json::{Value, json};

use super::Case;

fn note(field: &str, id: &str) -> Value {
    let mut note = json!({ "type": "note", "subject": "A" });
    note[field] = json!(id);
    note
}

fn notes(field: &str, id: &str) -> Value {
    json!({ "activities": [note(field, id)] })
}

/// Bodies in which one id stands where the pointer says, by the kind of id.
pub(super) fn body_with(operation: &str, pointer: &str) -> Option<Case> {
    Some(match (operation, pointer) {
        ("create_activity" | "update_activity", "/contact_id") => ("con", |id| note("contact_id", id)),
        ("create_activity" | "update_activity", "/company_id") => ("cmp", |id| note("company_id", id)),
        ("create_activity" | "update_activity", "/deal_id") => ("dea", |id| note("deal_id", id)),
        ("create_activity" | "update_activity", "/owner") => ("usr", |id| note("owner", id)),
        ("create_activity" | "update_activity", "/assignee") => ("usr", |id| note("assignee", id)),
        ("create_activity" | "update_activity", "/team") => ("tea", |id| note("team", id)),
        ("create_activities", "/activities/0/assignee") => ("usr", |id| notes("assignee", id)),
        ("create_activities", "/activities/0/team") => ("tea", |id| notes("team", id)),
        ("create_activities", "/activities/0/contact_id") => ("con", |id| notes("contact_id", id)),
        ("create_activities", "/activities/0/company_id") => ("cmp", |id| notes("company_id", id)),
        ("create_activities", "/activities/0/deal_id") => ("dea", |id| notes("deal_id", id)),
        ("create_activities", "/activities/0/owner") => ("usr", |id| notes("owner", id)),
        _ => return None,
    })
}
