//! What each role may do: the table of least roles, tried operation by operation.

use std::collections::BTreeMap;

use http::Method;
use serde_json::json;
use tests::contract::Lets;
use tests::{Contract, Story};

const ROLES: [&str; 5] = ["viewer", "agent", "manager", "admin", "owner"];

/// The least role of each operation that asks for a credential of a tenant.
const TABLE: &str = "
acknowledge_task agent
adopt_rule manager
answer_conversation agent
ask_account_consent admin
cancel_import agent
cancel_message agent
cancel_messages agent
cancel_series agent
cancel_task agent
check_account admin
complete_task agent
count_account_usage admin
count_activities viewer
count_channels viewer
count_deals viewer
count_emails viewer
count_engagement viewer
count_responses viewer
count_tasks viewer
count_templates viewer
count_unread_notifications viewer
create_account admin
create_activities agent
create_activity agent
create_api_key admin
create_attachment agent
create_company agent
create_contact agent
create_deal agent
create_export manager
create_field manager
create_import agent
create_rule manager
create_series agent
create_suppression manager
create_task agent
create_team admin
create_template manager
create_user admin
create_version manager
delegate_task agent
delete_account admin
delete_activity agent
delete_api_key admin
delete_attachment manager
delete_company manager
delete_contact manager
delete_deal manager
delete_message manager
delete_rule manager
delete_suppression manager
delete_task agent
delete_team admin
delete_template manager
delete_user admin
estimate_message agent
find_account admin
find_account_mailbox admin
find_activity viewer
find_api_key admin
find_attachment viewer
find_company viewer
find_contact viewer
find_conversation viewer
find_deal viewer
find_event viewer
find_export manager
find_field viewer
find_import viewer
find_message viewer
find_notification_preferences viewer
find_preferences viewer
find_rule viewer
find_run viewer
find_series viewer
find_signup_form viewer
find_suppression viewer
find_task viewer
find_team viewer
find_template viewer
find_tenant viewer
find_user admin
find_version viewer
list_accounts admin
list_activities viewer
list_api_keys admin
list_companies viewer
list_company_timeline viewer
list_consents viewer
list_contact_timeline viewer
list_contacts viewer
list_conversation_messages viewer
list_conversations viewer
list_deal_timeline viewer
list_deals viewer
list_events viewer
list_fields viewer
list_import_errors viewer
list_imports viewer
list_messages viewer
list_notifications viewer
list_rules viewer
list_runs viewer
list_series viewer
list_shipped_rules viewer
list_suppressions viewer
list_tasks viewer
list_teams viewer
list_templates viewer
list_timeline viewer
list_users admin
list_versions viewer
lose_deal agent
pause_import agent
pause_series agent
preview_template viewer
publish_version manager
put_contact agent
put_contacts agent
put_notification_preferences viewer
put_signup_form manager
read_account_health admin
read_channels viewer
read_dashboard viewer
read_notifications viewer
read_rule_terms viewer
record_consent agent
reopen_deal agent
reopen_task agent
report_event agent
report_events agent
resume_import agent
resume_series agent
retry_message agent
score_contact viewer
search_things viewer
send_message agent
tell_contact_frequency viewer
tell_frequency viewer
test_account admin
test_draft_rule manager
test_rule manager
test_template manager
trace_message viewer
transfer_task agent
update_account admin
update_activity agent
update_company agent
update_contact agent
update_deal agent
update_field manager
update_preferences agent
update_rule manager
update_task agent
update_team admin
update_template manager
update_tenant owner
update_user admin
win_deal agent
";

#[tokio::test]
async fn every_operation_asks_for_its_role_and_says_what_is_missing() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let mut keys = BTreeMap::new();
    for role in ROLES {
        keys.insert(role, acme.new_key(role).await);
    }
    let table: BTreeMap<&str, &str> = TABLE.lines().filter_map(|line| line.split_once(' ')).collect();
    let operations: Vec<_> = Contract::committed().operations().iter().filter(|it| it.lets() == Lets::Tenants).collect();
    let described: Vec<&str> = operations.iter().map(|it| it.id.as_str()).collect();
    for id in table.keys() {
        assert!(described.contains(id), "{id} is no operation any more");
    }
    for operation in operations {
        let least =
            table.get(operation.id.as_str()).unwrap_or_else(|| panic!("{} is missing in the table of roles", operation.id));
        let least = ROLES.iter().position(|role| role == least).unwrap();
        let path = operation.path.replace("{id}", "nothing").replace("{number}", "1");
        for (rank, role) in ROLES.iter().enumerate() {
            let before = stage.rows();
            // A body that nobody accepts: rights are asked for before anything is read.
            let ask = stage.ask(operation.method.clone(), &path).bearer(&keys[role]);
            let reply = if operation.takes_body() { ask.json(&json!({ "?": 0 })).now().await } else { ask.now().await };
            if rank < least {
                reply.problem(403, "forbidden");
                assert!(reply.body["detail"].as_str().unwrap().starts_with("The right "), "{}", operation.id);
            } else {
                assert!(![401, 403].contains(&reply.status), "{} as {role}: {}", operation.id, reply.status);
            }
            stage.nothing_changed_since(&before, &operation.id);
        }
    }
}

#[tokio::test]
async fn nobody_makes_a_key_or_a_person_above_themselves() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let admin = acme.acting_as(&acme.new_key("admin").await);
    let before = stage.rows();
    admin.post("/v1/api-keys", &json!({ "name": "mine", "role": "owner" })).await.problem(403, "forbidden");
    let owner = json!({ "name": "Eve", "email": "eve@acme.example", "role": "owner" });
    admin.post("/v1/users", &owner).await.problem(403, "forbidden");
    let keys = acme.get("/v1/api-keys").await;
    let first = keys["data"].as_array().unwrap().iter().find(|key| key["role"] == "owner").unwrap().clone();
    let path = format!("/v1/api-keys/{}", first["id"].as_str().unwrap());
    admin.ask(Method::DELETE, &path).now().await.problem(403, "forbidden");
    stage.nothing_changed_since(&before, "reaching above oneself");
    admin.post("/v1/api-keys", &json!({ "name": "mine", "role": "admin" })).await.is(201);
}

#[tokio::test]
async fn a_test_message_is_a_message() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let id = acme.get("/v1/templates?name=welcome").await["data"][0]["id"].as_str().unwrap().to_owned();
    let viewer = acme.acting_as(&acme.new_key("viewer").await);
    viewer.post(&format!("/v1/templates/{id}/preview"), &json!({})).await.is(200);
    viewer.post(&format!("/v1/templates/{id}/test"), &json!({ "send_to": "ada@example.com" })).await.problem(403, "forbidden");
    let manager = acme.acting_as(&acme.new_key("manager").await);
    let tested = manager.post(&format!("/v1/templates/{id}/test"), &json!({ "send_to": "ada@example.com" })).await.is(200);
    stage.drain().await;
    assert_eq!(stage.letter().subject, tested["subject"]);
}

/// Whoever may not do a thing must not be told what came of it either.
#[tokio::test]
async fn a_stored_answer_is_for_those_who_may_ask_for_it() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let body = json!({ "name": "robot", "role": "owner" });
    let ask = |key: &str| stage.ask(Method::POST, "/v1/api-keys").bearer(key).header("idempotency-key", "deploy-1").json(&body);
    let secret = ask(&acme.key).now().await.is(201)["secret"].as_str().unwrap().to_owned();

    for role in ["viewer", "agent", "manager", "admin"] {
        let reply = ask(&acme.new_key(role).await).now().await;
        assert!(!String::from_utf8_lossy(&reply.bytes).contains(&secret), "a {role} is handed an owner's key");
        reply.problem(403, "forbidden");
    }
    let again = ask(&acme.new_key("owner").await).now().await;
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
}
