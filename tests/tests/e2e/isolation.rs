//! Tenants see nothing of each other: every operation of `openapi.json`, tried with no credential and with every id of another
//! tenant, in its path, in its query and in its body. An operation without a case fails the test; `exempt.txt` says why a few need none.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use tests::contract::{Lets, Operation};
use tests::{Company, Contract, Reply, Story};

mod activities;
mod borrowed;
mod people;
mod rules;
mod tasks;

const EXEMPT: &str = include_str!("../../exempt.txt");

/// One id of every kind, by its prefix.
type Ids = BTreeMap<&'static str, String>;

/// What `bravo` has.
async fn belongings(bravo: &Company<'_>) -> Ids {
    let contact = bravo.contact("Bob", "bob@example.com").await;
    let account = bravo.account(&json!({})).await;
    let template = bravo.template(&json!({ "name": "secret" }), &json!({ "subject": "Secret", "text": "Secret" })).await;
    let message = bravo.send(&contact, "secret").await;
    let entry = bravo.post("/v1/suppressions", &json!({ "channel": "email", "address": "eve@example.com" })).await.is(201);
    let user = bravo.post("/v1/users", &json!({ "name": "Bob", "email": "bob@bravo.example", "role": "agent" })).await.is(201);
    let team = bravo.post("/v1/teams", &json!({ "name": "Sales" })).await.is(201);
    let key = bravo.post("/v1/api-keys", &json!({ "name": "robot", "role": "agent" })).await.is(201);
    let call = json!({ "type": "call", "subject": "Secret", "contact_id": contact.id });
    let activity = bravo.post("/v1/activities", &call).await.is(201);
    let conversation = tests::chat::conversation(bravo).await;
    let attachment = tests::files::bring(bravo, "secret.png", "image/png", b"PNG!").await;
    let order = json!({ "attachment": attachment, "mapping": { "PNG!": "email" } });
    let import = bravo.post("/v1/imports", &order).await.is(202);
    let export = bravo.post("/v1/exports", &json!({})).await.is(202);
    let (event, rule, run) = rules::belongings(bravo).await;
    let [made, deal, field] = people::belongings(bravo).await;
    let (task, series) = tasks::belongings(bravo).await;
    let id = |made: &Value| made["id"].as_str().unwrap().to_owned();
    [
        ("cmp", made),
        ("con", contact.id),
        ("dea", deal),
        ("fld", field),
        ("cnv", conversation),
        ("acc", account),
        ("act", id(&activity)),
        ("att", attachment),
        ("exp", id(&export)),
        ("imp", id(&import)),
        ("evt", event),
        ("rul", rule),
        ("run", run),
        ("ser", series),
        ("tpl", template),
        ("tsk", task),
        ("msg", message.id),
        ("sup", id(&entry)),
        ("tea", id(&team)),
        ("usr", id(&user)),
        ("key", id(&key)),
        ("ten", bravo.id.clone()),
    ]
    .into()
}

/// Ids of nobody.
fn nobodys(ids: &Ids) -> Ids {
    ids.iter().map(|(kind, id)| (*kind, format!("{}{}", &id[..id.len() - 16], "0123456789abcdef"))).collect()
}

/// A kind of id, and a body that has one of it.
type Case = (&'static str, fn(&str) -> Value);

/// The kind of id that an operation's `{id}` is.
fn kind_of(operation: &Operation) -> &'static str {
    match operation.path.split('/').nth(2).unwrap() {
        "accounts" => "acc",
        "activities" => "act",
        "api-keys" => "key",
        "attachments" => "att",
        "companies" => "cmp",
        "contacts" => "con",
        "deals" => "dea",
        "fields" => "fld",
        "conversations" => "cnv",
        "events" => "evt",
        "exports" => "exp",
        "imports" => "imp",
        "rules" => "rul",
        "runs" => "run",
        "messages" => "msg",
        "series" => "ser",
        "suppressions" => "sup",
        "tasks" => "tsk",
        "teams" => "tea",
        "templates" => "tpl",
        "tenants" => "ten",
        "users" => "usr",
        other => panic!("no id is known of {other}"),
    }
}

fn placed(operation: &Operation, ids: &Ids) -> String {
    let path = operation.path.replace("{number}", "1");
    if path.contains("{id}") { path.replace("{id}", &ids[kind_of(operation)]) } else { path }
}

/// A body that would be accepted, so that nothing but the id is wrong.
fn body(operation: &str) -> Option<Value> {
    let content = json!({ "subject": "Hi", "text": "Hello" });
    Some(match operation {
        "answer_conversation" => json!({ "content": { "text": "A" } }),
        "cancel_messages" => json!({ "cancel_key": "k" }),
        "create_export" => json!({}),
        "create_import" => json!({ "attachment": "att_0195527c0d7b7c3e8a51d2b0f3a94c11", "mapping": { "email": "email" } }),
        "create_account" => json!({ "name": "A", "provider": "capture", "from": { "email": "a@acme.example" } }),
        "create_activities" => json!({ "activities": [{ "type": "note", "subject": "A" }] }),
        "create_activity" => json!({ "type": "note", "subject": "A" }),
        "create_api_key" => json!({ "name": "A", "role": "viewer" }),
        "create_attachment" => json!({ "name": "a.png", "media_type": "image/png", "bytes": 4 }),
        "create_contact" => json!({ "first_name": "A" }),
        "create_suppression" => json!({ "channel": "email", "address": "a@example.com" }),
        "create_team" | "update_team" => json!({ "name": "A" }),
        "create_template" => json!({ "name": "a" }),
        "create_tenant" => json!({ "slug": "a", "name": "A" }),
        "limit_tenant" => json!({ "requests_per_hour": 5 }),
        "create_user" => json!({ "name": "A", "email": "a@acme.example", "role": "viewer" }),
        "create_version" => json!({ "contents": { "en": content } }),
        "preview_template" | "test_template" => json!({}),
        "estimate_message" | "send_message" => json!({ "to": { "email": "a@example.com" }, "template": "welcome" }),
        "record_consent" => json!({ "channel": "email", "category": "news" }),
        "test_account" => json!({ "to": { "email": "a@example.com" } }),
        "update_account" | "update_user" | "update_tenant" => json!({ "name": "A" }),
        "update_activity" => json!({ "subject": "A" }),
        "update_preferences" => json!({ "locale": "de" }),
        "update_contact" => json!({ "first_name": "A" }),
        "update_template" => json!({ "description": "A" }),
        _ => return people::body(operation).or_else(|| rules::body(operation)).or_else(|| tasks::body(operation)),
    })
}

async fn call(company: &Company<'_>, operation: &Operation, path: &str, body: Option<Value>) -> Reply {
    let ask = company.ask(operation.method.clone(), path);
    match body {
        Some(body) => ask.json(&body).now().await,
        None => ask.now().await,
    }
}

fn exempt() -> BTreeSet<&'static str> {
    let lines = EXEMPT.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let (id, reason) = line.split_once(": ").unwrap_or_else(|| panic!("an exemption without a reason: {line}"));
            assert!(reason.len() > 10, "an exemption without a reason: {line}");
            id
        })
        .collect()
}

#[tokio::test]
async fn nobody_gets_in_without_a_credential() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let ids = belongings(&acme).await;
    let (before, exempt) = (stage.rows(), exempt());
    let mut tried = BTreeSet::new();
    for operation in Contract::committed().operations() {
        if exempt.contains(operation.id.as_str()) {
            assert_eq!(operation.lets(), Lets::Anybody, "{} asks for a credential: it cannot be exempt", operation.id);
            continue;
        }
        assert_eq!(operation.takes_body(), body(&operation.id).is_some(), "{} has no case: give it a body", operation.id);
        let ask = stage.ask(operation.method.clone(), &placed(operation, &ids));
        let ask = match body(&operation.id) {
            Some(body) => ask.json(&body),
            None => ask,
        };
        for ask in [ask.clone(), ask.clone().header("idempotency-key", "k"), ask.header("x-tenant-id", &acme.id)] {
            ask.now().await.problem(401, "unauthenticated");
        }
        tried.insert(operation.id.as_str());
    }
    assert_eq!(tried.len() + exempt.len(), Contract::committed().operations().len(), "every operation has its case");
    stage.nothing_changed_since(&before, "a stranger");
}

#[tokio::test]
async fn an_id_of_another_tenant_is_like_an_id_of_nobody() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let bravo = stage.bare_tenant("bravo").await;
    let theirs = belongings(&bravo).await;
    // What acme reads of itself is in memory from here on, and shows in no bill.
    acme.get("/v1/accounts").await;
    let (nobodys, before) = (nobodys(&theirs), stage.rows());
    let mut tried = 0;
    let tenants = |it: &&Operation| it.lets() == Lets::Tenants;
    for operation in Contract::committed().operations().iter().filter(tenants).filter(|it| it.path.contains("{id}")) {
        let mut replies = Vec::new();
        let mut bills = Vec::new();
        for ids in [&theirs, &nobodys] {
            let before = stage.memory.bill();
            replies.push(call(&acme, operation, &placed(operation, ids), body(&operation.id)).await);
            bills.push(stage.memory.bill().since(before));
        }
        let (foreign, random) = (&replies[0], &replies[1]);
        foreign.problem(404, "not-found");
        assert_eq!(bills[0], bills[1], "{}: neither do they differ in what is read", operation.id);
        assert_eq!(foreign.anonymous(), random.anonymous(), "{}", operation.id);
        assert_eq!(foreign.bytes.len(), random.bytes.len(), "{}", operation.id);
        let names = |reply: &Reply| reply.headers.keys().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(names(foreign), names(random), "{}", operation.id);
        // What is no id at all, and an id of another kind, are nobody's either.
        let other = if kind_of(operation) == "msg" { &theirs["con"] } else { &theirs["msg"] };
        for wrong in ["x", "%2e%2e", other.as_str(), "msg_", "0195527c0d7b7c3e8a51d2b0f3a94c11"] {
            let path = operation.path.replace("{number}", "1").replace("{id}", wrong);
            call(&acme, operation, &path, body(&operation.id)).await.problem(404, "not-found");
        }
        tried += 1;
    }
    assert!(tried > 20);
    stage.nothing_changed_since(&before, "ids of another tenant");
    // One's own that is gone is nobody's either.
    let gone = acme.contact("Gone", "gone@example.com").await;
    let path = format!("/v1/contacts/{}", gone.id);
    acme.delete(&path).await;
    let nobody = acme.look(&format!("/v1/contacts/{}", nobodys["con"])).await;
    assert_eq!(acme.look(&path).await.anonymous(), nobody.anonymous());
    // They are all there, for whoever they belong to: a mailbox with an account that is read.
    let settings = json!({ "host": "mail.bravo.example", "username": "bob" });
    let words = json!({ "provider": "imap", "from": null, "settings": settings, "credentials": { "password": "hunter2" } });
    let mut read = theirs.clone();
    read.insert("acc", bravo.account(&words).await);
    for operation in
        Contract::committed().operations().iter().filter(|it| it.path.contains("{id}") && it.method == http::Method::GET)
    {
        let ids = if operation.id == "find_account_mailbox" { &read } else { &theirs };
        call(&bravo, operation, &placed(operation, ids), None).await.is(200);
    }
    stage.drain().await;
}

/// Fields that hold ids, as pointers into a body, by the schema: whatever is named like a noun that has ids, or ends in `id` or `ids`.
fn id_fields(contract: &Contract, schema: &Value, at: &str, found: &mut BTreeSet<String>) {
    const NOUNS: [&str; 11] =
        ["account", "api_key", "assignee", "contact", "message", "owner", "suppression", "team", "template", "tenant", "user"];
    let schema = contract.resolved(schema);
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        let field = contract.resolved(field);
        let pointer = format!("{at}/{name}");
        let textual =
            field["type"] == "string" || field["type"].as_array().is_some_and(|kinds| kinds.contains(&json!("string")));
        let many = field["type"] == "array" || field["type"].as_array().is_some_and(|kinds| kinds.contains(&json!("array")));
        let single = name.trim_end_matches('s');
        let named = NOUNS.contains(&single) || name.ends_with("_id") || name.ends_with("_ids") || name == "id";
        let ids = many && contract.resolved(&field["items"])["type"] == "string";
        if named && (textual || ids) {
            found.insert(pointer.clone());
        }
        id_fields(contract, &field, &pointer, found);
        for part in ["oneOf", "allOf", "anyOf"].iter().filter_map(|word| field[*word].as_array()).flatten() {
            id_fields(contract, part, &pointer, found);
        }
        if many {
            id_fields(contract, &field["items"], &format!("{pointer}/0"), found);
        }
    }
}

/// Bodies in which one id stands where the pointer says, by the kind of id.
fn body_with(operation: &str, pointer: &str) -> Option<Case> {
    Some(match (operation, pointer) {
        ("estimate_message" | "send_message", "/to/contact") => {
            ("con", |id| json!({ "to": { "contact": id }, "template": "welcome" }))
        }
        ("estimate_message" | "send_message", "/template") => {
            ("tpl", |id| json!({ "to": { "email": "a@example.com" }, "template": id }))
        }
        ("estimate_message" | "send_message", "/account") => {
            ("acc", |id| json!({ "to": { "email": "a@example.com" }, "template": "welcome", "account": id }))
        }
        ("test_account", "/to/contact") => ("con", |id| json!({ "to": { "contact": id } })),
        ("estimate_message" | "send_message", "/attachments/0/id") => {
            ("att", |id| json!({ "to": { "email": "a@example.com" }, "template": "welcome", "attachments": [{ "id": id }] }))
        }
        ("create_team", "/members/0/user") => ("usr", |id| json!({ "name": "A", "members": [{ "user": id }] })),
        ("update_team", "/members/0/user") => ("usr", |id| json!({ "members": [{ "user": id }] })),
        ("preview_template" | "test_template", "/contact") => ("con", |id| json!({ "contact": id })),
        _ => {
            let more = [activities::body_with, people::body_with, rules::body_with, tasks::body_with];
            return more.into_iter().find_map(|body_with| body_with(operation, pointer));
        }
    })
}

#[tokio::test]
async fn an_id_of_another_tenant_in_a_body_is_refused() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let bravo = stage.bare_tenant("bravo").await;
    let theirs = belongings(&bravo).await;
    let mut own = nobodys(&theirs);
    own.insert("tpl", acme.get("/v1/templates?name=welcome").await["data"][0]["id"].as_str().unwrap().to_owned());
    own.extend(people::own(&acme).await);
    own.insert("con", acme.contact("Own", "own@example.com").await.id);
    let team = acme.post("/v1/teams", &json!({ "name": "Sales" })).await.is(201);
    own.insert("tea", team["id"].as_str().unwrap().to_owned());
    let user = json!({ "name": "Own", "email": "own@acme.example", "role": "agent" });
    own.insert("usr", acme.post("/v1/users", &user).await.is(201)["id"].as_str().unwrap().to_owned());
    own.insert("rul", rules::own(&acme).await);
    own.insert("tsk", tasks::own(&acme).await);
    own.insert("acc", acme.get("/v1/accounts").await["data"][0]["id"].as_str().unwrap().to_owned());
    let note = json!({ "type": "call", "subject": "Own" });
    own.insert("act", acme.post("/v1/activities", &note).await.is(201)["id"].as_str().unwrap().to_owned());
    let (nobodys, before, contract) = (nobodys(&theirs), stage.rows(), Contract::committed());
    let mut tried = Vec::new();
    for operation in contract.operations() {
        let Some(schema) = contract.body_schema(operation) else { continue };
        let mut fields = BTreeSet::new();
        id_fields(contract, &schema, "", &mut fields);
        for pointer in fields {
            let case = body_with(&operation.id, &pointer);
            let (kind, body) = case.unwrap_or_else(|| panic!("{} {pointer} holds an id and has no case", operation.id));
            let path = placed(operation, &own);
            let foreign = call(&acme, operation, &path, Some(body(&theirs[kind]))).await;
            let random = call(&acme, operation, &path, Some(body(&nobodys[kind]))).await;
            if operation.id == "put_contacts" {
                people::refused_alike(&pointer, &foreign, &random);
            } else {
                assert_eq!(foreign.problem(422, "invalid"), std::slice::from_ref(&pointer), "{}", operation.id);
                assert_eq!(foreign.anonymous(), random.anonymous(), "{} {pointer}", operation.id);
            }
            tried.push(format!("{} {pointer}", operation.id));
        }
    }
    assert_eq!(tried.join("\n"), include_str!("isolation/fields.txt").trim_end());
    stage.nothing_changed_since(&before, "ids of another tenant in bodies");
}

#[tokio::test]
async fn filters_and_names_of_another_tenant_find_nothing() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let ada = acme.contact("Ada", "ada@example.com").await;
    acme.send(&ada, "welcome").await;
    let bravo = stage.bare_tenant("bravo").await;
    let theirs = belongings(&bravo).await;
    let (nobodys, before) = (nobodys(&theirs), stage.rows());
    for (path, kind) in [
        ("/v1/messages?contact=", "con"),
        ("/v1/messages?template=", "tpl"),
        ("/v1/conversations?contact=", "con"),
        ("/v1/messages?account=", "acc"),
        ("/v1/contacts?company_id=", "cmp"),
        ("/v1/companies?owner=", "usr"),
        ("/v1/deals?company_id=", "cmp"),
        ("/v1/activities?contact_id=", "con"),
        ("/v1/activities?assignee=", "usr"),
        ("/v1/timeline?user=", "usr"),
        ("/v1/notifications?user_id=", "usr"),
        ("/v1/series?contact=", "con"),
        ("/v1/tasks?assignee=", "usr"),
        ("/v1/tasks?activity_id=", "act"),
        ("/v1/tasks?company_id=", "cmp"),
        ("/v1/tasks?contact_id=", "con"),
        ("/v1/tasks?deal_id=", "dea"),
        ("/v1/tasks?team=", "tea"),
    ] {
        let foreign = acme.get(&format!("{path}{}", theirs[kind])).await;
        assert_eq!(foreign, acme.get(&format!("{path}{}", nobodys[kind])).await, "{path}");
        assert_eq!(foreign["data"].as_array().map_or(0, Vec::len), 0);
    }
    for path in [
        "/v1/search?kind=company&q=secret",
        "/v1/search?kind=contact&q=bob",
        "/v1/contacts?email=bob@example.com",
        "/v1/suppressions?address=eve@example.com",
        "/v1/templates?name=secret",
    ] {
        assert_eq!(acme.get(path).await["data"], json!([]), "{path}");
    }
    // Names are a tenant's own: neither a template nor a layout of another is found by its name.
    let order = json!({ "to": { "contact": ada.id }, "template": "secret" });
    assert_eq!(acme.post("/v1/messages", &order).await.problem(422, "invalid"), ["/template"]);
    stage.nothing_changed_since(&before, "filters");
    let layout = bravo.post("/v1/templates", &json!({ "name": "frame", "use": "layout" })).await.is(201)["id"]
        .as_str()
        .unwrap()
        .to_owned();
    bravo.version(&layout, &json!({ "contents": { "en": { "html": "<b>bravo</b>" } } })).await;
    let own = acme.post("/v1/templates", &json!({ "name": "own" })).await.is(201)["id"].as_str().unwrap().to_owned();
    let contents = json!({ "contents": { "en": { "subject": "x", "html": "{% include 'frame' %}" } } });
    assert_eq!(acme.post(&format!("/v1/templates/{own}/versions"), &contents).await.problem(422, "invalid"), ["/contents/en"]);
    stage.drain().await;
}
