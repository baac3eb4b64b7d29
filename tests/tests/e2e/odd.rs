//! Odd input, tried systematically: every field of every body and every parameter of every question, with values that nobody means.
//! Each is answered as described, and never by a fault of ours.

use std::collections::BTreeMap;

use http::Method;
use serde_json::{Value, json};
use tests::contract::{Lets, Operation};
use tests::{Company, Contract, Reply, Story};

/// Values that fit nowhere, or only seem to.
fn odd_values() -> Vec<Value> {
    vec![
        json!(null),
        json!(true),
        json!(-1),
        json!(1e308),
        json!(18_446_744_073_709_551_615_u64),
        json!(""),
        json!("\u{0}"),
        json!("a\r\nb"),
        json!("\u{202e}\u{1f980}e\u{301}"),
        json!("#"),
        json!("../../etc/passwd"),
        json!("{{ 7 * 7 }}{% for"),
        json!("9999-12-31T23:59:60Z"),
        json!("x".repeat(5_000)),
        json!([]),
        json!([null, 1, {}, "x"]),
        json!({}),
        json!({ "": { "": [] }, "a#b": 1, "~/": "x" }),
    ]
}

/// A body with everything in it, by operation. Ids are the caller's own; "odd" stands where no two may say the same.
fn whole(operation: &str, contact: &str, account: &str, attachment: &str) -> Option<Value> {
    let content =
        json!({ "subject": "Hi {{ v }}", "html": "<p>{{ v }}</p>", "text": "T", "engine": "jinja", "markup": "html" });
    Some(match operation {
        "create_activity" | "update_activity" => activity(contact),
        "create_activities" => json!({ "activities": [activity(contact)] }),
        "create_export" => json!({ "object": "contact" }),
        "create_import" => json!({
            "attachment": attachment, "object": "contact", "mapping": { "PNG!": "email" }, "mode": "upsert", "by": "email",
            "dry_run": true, "side_effects": false, "delimiter": ",", "separator": ";", "encoding": "latin1",
            "consents": ["email:news"], "consent_source": "S",
        }),
        "answer_conversation" => json!({
            "content": { "text": "Hi {{ v }}" }, "variables": { "v": [1] }, "metadata": { "m": 1 }, "tags": ["t"],
        }),
        "cancel_messages" => json!({ "cancel_key": "k", "after": null }),
        "create_account" => json!({
            "name": "A", "provider": "smtp", "from": { "email": "a@acme.example", "name": "A" }, "priority": 1, "enabled": true,
            "settings": { "host": "mail.example.com", "port": 25, "security": "tls" }, "on_unknown": "hold", "weight": 2,
            "limits": { "per_second": 5, "per_day": 1_000_000 }, "price": { "amount": "0.01", "currency": "EUR", "per": "message" },
            "warm_up": { "from": "2026-03-01", "first_day": 50, "growth": 20 },
            "credentials": { "username": "u", "password": "p" },
        }),
        "update_account" => json!({
            "name": "A", "from": { "email": "a@acme.example", "name": null }, "settings": { "region": "eu-west-1", "topic_arns": [] },
            "credentials": {}, "priority": 2, "enabled": true, "on_unknown": "resend", "weight": 3,
            "limits": { "per_second": null, "per_day": 1_000_000 }, "price": { "amount": "2", "currency": "USD", "per": "message" },
            "warm_up": { "from": "2026-03-01", "first_day": 1, "growth": null },
        }),
        "test_account" => json!({ "to": { "email": "a@example.com", "name": "A" } }),
        "create_api_key" => json!({ "name": "A", "role": "viewer", "expires_at": "2027-01-01T00:00:00Z" }),
        "create_attachment" => json!({ "name": "a.png", "media_type": "image/png", "bytes": 4 }),
        "create_company" | "update_company" => json!({
            "name": "A", "domains": ["odd.example"], "phone": "+14155552671", "website": "https://example.com/", "address": ["L"],
            "owner": null, "tags": ["t"], "fields": { "f": 1.5 },
        }),
        "create_deal" | "update_deal" => json!({
            "title": "A", "value": "1.5", "currency": "EUR", "stage": "new", "expected_close": "2026-04-01", "contact_id": contact,
            "company_id": null, "owner": null, "tags": ["t"], "fields": { "f": 1.5 },
        }),
        "win_deal" | "lose_deal" => json!({ "reason": "R" }),
        "create_field" => json!({
            "object": "task", "key": "odd", "label": "L", "kind": "select", "options": ["a"], "required": false, "unique": false,
        }),
        "update_field" => json!({ "label": "L", "options": ["a"], "required": false, "archived": false }),
        "put_contacts" => json!({ "by": "email", "contacts": [{ "emails": ["odd@example.com"], "first_name": "A" }] }),
        "create_contact" | "put_contact" | "update_contact" => json!({
            "first_name": "A", "last_name": "B", "company": "C", "company_id": null, "owner": null, "emails": ["odd@example.com"], "phones": ["+14155552671"],
            "zone": "UTC", "locale": "de", "do_not_contact": false, "consents": { "email:news": true }, "tags": ["t"],
            "quiet_hours": { "start": "21:00", "end": "08:00" }, "fields": { "f": 1.5 },
        }),
        "record_consent" => json!({
            "channel": "email", "category": "news", "granted": true, "double_opt_in": false,
            "proof": { "ip": "203.0.113.7", "user_agent": "A", "text": "T" },
        }),
        "update_preferences" => json!({
            "do_not_contact": false, "channels": { "email": true }, "categories": { "news": null }, "campaigns": { "c": false },
            "consents": { "email:news": true }, "locale": "de", "zone": "UTC", "cap": { "per_day": 1, "per_week": 2 },
            "quiet_hours": { "start": "21:00", "end": "08:00" },
        }),
        "create_suppression" => json!({ "channel": "email", "address": "a@example.com", "reason": "manual" }),
        "create_team" | "update_team" => json!({ "name": "A", "members": [] }),
        "create_template" => json!({
            "name": "odd", "description": "D", "use": "message", "channel": "email", "category": "news", "locale": "en", "active": true,
        }),
        "update_template" => json!({ "name": "kept", "description": "D", "category": "news", "locale": "en", "active": true }),
        "create_user" => {
            json!({ "name": "A", "email": "a@acme.example", "role": "viewer", "subject": "odd", "phone": "+14155552671", "zone": "UTC",
            "locale": "de", "available": true })
        }
        "update_user" => {
            json!({ "name": "A", "email": "a@acme.example", "role": "viewer", "subject": null, "phone": null, "zone": "UTC",
            "locale": "de", "available": false })
        }
        "update_tenant" => json!({
            "name": "A", "zone": "UTC", "locale": "en", "quiet_hours": { "start": "21:00", "end": "08:00" }, "active": true,
        }),
        "create_rule" | "update_rule" => rule(account),
        "adopt_rule" => json!({ "name": "welcome" }),
        "report_event" => event(contact),
        "report_events" => json!({ "events": [event(contact)] }),
        "test_rule" => json!({ "event": trial(contact) }),
        "test_draft_rule" => json!({ "rule": rule(account), "event": trial(contact) }),
        "create_version" => json!({
            "contents": { "en": content }, "note": "N", "publish": true,
            "variables": [{ "name": "v", "kind": "text", "required": false, "default": "x", "description": "D" }],
        }),
        "preview_template" => json!({ "version": 1, "locale": "en", "variables": { "v": "x" }, "contact": contact }),
        "test_template" => json!({
            "content": content, "version": 1, "locale": "en", "variables": { "v": "x" }, "contact": contact, "send_to": "a@example.com",
        }),
        "estimate_message" | "send_message" => json!({
            "to": { "email": "a@example.com", "name": "A" }, "channel": "email", "content": content, "locale": "en",
            "variables": { "v": { "w": [1] } }, "metadata": { "m": 1 }, "headers": { "X-A": "b" }, "reply_to": "r@example.com",
            "cc": ["c@example.com"], "bcc": ["d@example.com"], "tags": ["t"], "category": "transactional",
            "send_at": "2026-03-03T00:00:00Z", "account": account, "campaign": "c", "cancel_key": "k", "deal_id": null,
            "throttle": { "key": "t", "per": 60, "limit": 100 }, "sandbox": true, "track": false,
            "attachments": [{ "id": attachment, "inline": "logo" }],
        }),
        _ => return None,
    })
}

fn rule(account: &str) -> Value {
    json!({
        "name": "R", "description": "D", "trigger": "shop.visited", "formula": null, "enabled": true, "log": "all",
        "conditions": { "any": [{ "not": { "field": "contact.zone", "op": "eq", "value": "UTC" } }] },
        "delay": { "days": 0, "hours": 1, "minutes": 1, "seconds": 1, "until": "09:00" },
        "actions": [
            { "send_message": {
                "template": "welcome", "channel": "email", "account": account, "category": "transactional", "locale": "en",
                "variables": { "v": 1 },
            } },
            { "update_contact": {
                "fields": { "f": "x" }, "add_tags": ["t"], "remove_tags": ["u"], "locale": "en", "do_not_contact": false,
            } },
            { "call_webhook": { "url": "https://shop.example", "account": account } },
            { "raise_event": { "name": "shop.noticed", "data": { "n": 1 } } },
        ],
    })
}

fn activity(contact: &str) -> Value {
    json!({
        "type": "call", "subject": "S", "description": "D", "contact_id": contact, "company_id": null, "deal_id": null, "status": "scheduled", "direction": "inbound",
        "duration": 60, "scheduled_at": "2026-03-03T09:00:00Z", "completed_at": null, "location": "L", "outcome": "neutral",
        "priority": "urgent", "assignee": null, "tags": ["t"], "fields": { "f": 1.5 }, "visibility": "tenant", "owner": null,
        "team": null,
    })
}

fn event(contact: &str) -> Value {
    json!({
        "name": "shop.visited", "occurred_at": "2026-03-02T08:00:00Z", "contact": contact, "address": null, "data": { "n": [1] },
        "key": "odd",
    })
}

fn trial(contact: &str) -> Value {
    json!({
        "name": "shop.visited", "contact": contact, "address": null, "data": { "n": [1] },
        "changes": { "contact.zone": { "old": "UTC", "new": null } },
    })
}

/// The body with words of its own.
fn fresh(body: &Value, number: usize) -> Value {
    let text = body.to_string().replace("odd", &format!("odd{number}"));
    serde_json::from_str(&text.replace("+14155552671", &format!("+1415{}", 2_000_000 + number))).unwrap()
}

/// Every place in a value, as pointers.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    let step = |name: &str| format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"));
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, below)| {
            found.push(step(name));
            places(below, &step(name), found);
        }),
        Value::Array(rows) => rows.iter().enumerate().for_each(|(number, below)| {
            found.push(step(&number.to_string()));
            places(below, &step(&number.to_string()), found);
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

struct House<'s> {
    acme: Company<'s>,
    contact: String,
    account: String,
    activity: String,
    attachment: String,
    company: String,
    conversation: String,
    /// One that is changed and lost, and one that is won.
    deals: [String; 2],
    field: String,
    rule: String,
    template: String,
    user: String,
    team: String,
    tasks: BTreeMap<&'static str, String>,
}

/// Operations after which a task is not what the next one needs: each has a task of its own.
const ON_TASKS: [&str; 7] =
    ["update_task", "acknowledge_task", "cancel_task", "complete_task", "delegate_task", "reopen_task", "transfer_task"];

impl House<'_> {
    /// A body with everything in it, for operations on tasks, notifications and series.
    fn task_body(&self, operation: &str) -> Option<Value> {
        Some(match operation {
            "cancel_task" | "reopen_task" => json!({ "reason": "R" }),
            "complete_task" => json!({ "outcome": "O" }),
            "create_series" => json!({
                "order": { "to": { "email": "a@example.com" }, "template": "welcome", "variables": { "v": [1] } },
                "recurrence": "FREQ=MONTHLY;BYDAY=1MO", "start_at": "2026-03-03T00:00:00Z", "zone": "UTC",
            }),
            "create_task" | "update_task" => json!({
                "kind": "follow_up", "title": "T", "description": "D", "status": "in_progress", "priority": "high",
                "due_at": "2026-03-03T00:00:00Z", "assignee": self.user, "team": self.team, "contact_id": self.contact, "tags": ["t"],
                "fields": { "f": 1.5 }, "checklist": [{ "text": "C", "done": true }], "recurrence": "FREQ=WEEKLY;BYDAY=MO",
                "reminders": [{ "before": 30, "by": ["email", "sms"] }, { "at": "2026-03-02T12:00:00Z", "by": ["notification"] }],
                "escalation": [{ "after_minutes": 5, "to": { "user": self.user } }, { "after_minutes": 6, "to": { "role": "owner" } }],
            }),
            "delegate_task" => json!({ "user": self.user, "note": "N" }),
            "read_notifications" => json!({ "user_id": self.user, "until": "2026-03-02T12:00:00Z" }),
            "transfer_task" => json!({ "team": self.team, "reason": "R" }),
            _ => return None,
        })
    }
}

impl House<'_> {
    /// A tenant has few rules: those that were taken go again.
    async fn make_room(&self, operation: &Operation, reply: &Reply) {
        if ["create_rule", "adopt_rule"].contains(&operation.id.as_str()) && reply.status == 201 {
            self.acme.delete(&format!("/v1/rules/{}", reply.body["id"].as_str().unwrap())).await;
        }
    }

    fn path(&self, operation: &Operation) -> String {
        let id = match operation.path.split('/').nth(2).unwrap() {
            "accounts" => &self.account,
            "activities" => &self.activity,
            "attachments" => &self.attachment,
            "companies" => &self.company,
            "contacts" => &self.contact,
            "conversations" => &self.conversation,
            "deals" => &self.deals[usize::from(operation.id == "win_deal")],
            "fields" => &self.field,
            "rules" => &self.rule,
            "tasks" => self.tasks.get(operation.id.as_str()).or(self.tasks.get("update_task")).unwrap(),
            "teams" => &self.team,
            "templates" => &self.template,
            "users" => &self.user,
            _ => "none",
        };
        operation.path.replace("{id}", id).replace("{number}", "1")
    }
}

async fn house(stage: &Story) -> House<'_> {
    let acme = stage.tenant("acme").await;
    let contact = acme.contact("Ada", "ada@example.com").await.id;
    let account = acme.get("/v1/accounts").await["data"][0]["id"].as_str().unwrap().to_owned();
    let template = acme.template(&json!({ "name": "kept" }), &json!({ "subject": "Hi", "text": "{{ v }}" })).await;
    let user = json!({ "name": "U", "email": "u@acme.example", "role": "agent" });
    let user = acme.post("/v1/users", &user).await.is(201)["id"].as_str().unwrap().to_owned();
    let attachment = tests::files::bring(&acme, "a.png", "image/png", b"PNG!").await;
    let made = async |path: &str, body: Value| acme.post(path, &body).await.is(201)["id"].as_str().unwrap().to_owned();
    let company = made("/v1/companies", json!({ "name": "C" })).await;
    let deals = [made("/v1/deals", json!({ "title": "D" })).await, made("/v1/deals", json!({ "title": "D" })).await];
    let field = json!({ "object": "task", "key": "kept", "kind": "select", "options": ["a"] });
    let field = made("/v1/fields", field).await;
    let team = acme.post("/v1/teams", &json!({ "name": "T" })).await.is(201)["id"].as_str().unwrap().to_owned();
    let rule = acme.post("/v1/rules", &rule(&account)).await.is(201)["id"].as_str().unwrap().to_owned();
    let activity = acme.post("/v1/activities", &activity(&contact)).await.is(201)["id"].as_str().unwrap().to_owned();
    let mut tasks = BTreeMap::new();
    for operation in ON_TASKS {
        let made = acme.post("/v1/tasks", &json!({ "title": operation })).await.is(201);
        tasks.insert(operation, made["id"].as_str().unwrap().to_owned());
    }
    let conversation = tests::chat::conversation(&acme).await;
    House {
        acme,
        contact,
        account,
        activity,
        attachment,
        company,
        conversation,
        deals,
        field,
        rule,
        template,
        user,
        team,
        tasks,
    }
}

#[tokio::test]
async fn no_field_of_any_body_makes_us_fail() {
    let stage = Story::begin().await;
    let house = house(&stage).await;
    let (mut tried, mut taken) = (0, 0);
    let operations = Contract::committed().operations().iter().filter(|it| it.takes_body() && it.lets() == Lets::Tenants);
    for operation in operations {
        let body = whole(&operation.id, &house.contact, &house.account, &house.attachment);
        let body = body.or_else(|| house.task_body(&operation.id));
        let body = body.unwrap_or_else(|| panic!("{} has no body to be odd with", operation.id));
        let path = house.path(operation);
        tried += 1;
        let right = house.acme.ask(operation.method.clone(), &path).json(&fresh(&body, tried)).now().await;
        assert!(right.status < 300, "{}: {}", operation.id, String::from_utf8_lossy(&right.bytes));
        let mut pointers = Vec::new();
        places(&body, "", &mut pointers);
        for pointer in pointers {
            for odd in odd_values() {
                tried += 1;
                let mut changed = fresh(&body, tried);
                *changed.pointer_mut(&pointer).unwrap() = odd.clone();
                let reply = house.acme.ask(operation.method.clone(), &path).json(&changed).now().await;
                assert!(reply.status < 500, "{} {pointer} {odd}: {}", operation.id, reply.status);
                house.make_room(operation, &reply).await;
                taken += usize::from(reply.status < 300);
            }
            let mut changed = body.clone();
            let (parent, name) = pointer.rsplit_once('/').unwrap();
            if let Some(fields) = changed.pointer_mut(parent).and_then(Value::as_object_mut) {
                fields.remove(name);
            }
            let reply = house.acme.ask(operation.method.clone(), &path).json(&changed).now().await;
            house.make_room(operation, &reply).await;
            assert!(reply.status < 500, "{} without {pointer}: {}", operation.id, reply.status);
        }
    }
    assert!(tried > 2_000 && taken > 50, "{tried} tried, {taken} taken");
    // Whatever was taken can be read, listed and sent.
    stage.drain().await;
    stage.pass(2 * 86_400).await;
    for list in ["messages", "contacts", "templates", "accounts", "suppressions", "users", "api-keys", "events", "rules"] {
        house.acme.get(&format!("/v1/{list}?limit=100")).await;
    }
    for message in house.acme.get("/v1/messages?limit=100").await["data"].as_array().unwrap() {
        assert!(!["accepted", "queued", "sending"].contains(&message["status"].as_str().unwrap()), "{message}");
        house.acme.get(&format!("/v1/messages/{}/trace", message["id"].as_str().unwrap())).await;
    }
    assert_eq!(stage.hidden(), 0, "nothing hangs in the queue");
}

#[tokio::test]
async fn no_question_makes_us_fail() {
    let stage = Story::begin().await;
    let house = house(&stage).await;
    let odd = [
        "",
        "0",
        "-1",
        "65536",
        "1e9",
        "null",
        "%00",
        "%FF",
        "%F0%9F%A6%80",
        "a%0D%0Ab",
        "%23",
        "%",
        "1970-01-01T00:00:00Z",
        "-009999-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "2026-03-02T09:00:00Z",
        "2026-02-30T00:00:00Z",
        "email",
        "AAAA",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "id,,,",
        "*",
    ];
    let mut tried = 0;
    for operation in
        Contract::committed().operations().iter().filter(|it| it.method == Method::GET && it.lets() == Lets::Tenants)
    {
        let path = house.path(operation);
        let parameters = operation.words["parameters"].as_array().cloned().unwrap_or_default();
        for name in parameters.iter().filter(|one| one["in"] == "query").map(|one| one["name"].as_str().unwrap()) {
            for value in odd {
                for query in
                    [format!("{name}={value}"), format!("{name}={value}&{name}={value}"), format!("{name}={value}&limit=100")]
                {
                    let reply = house.acme.look(&format!("{path}?{query}")).await;
                    assert!(reply.status < 500, "{} {query}: {}", operation.id, reply.status);
                    tried += 1;
                }
            }
        }
    }
    assert!(tried > 1_500, "{tried}");
    for header in ["if-match", "idempotency-key", "content-type", "authorization", "accept", "x-request-id"] {
        for value in ["", "\"", "*", "W/\"1\"", "\u{e9}", "18446744073709551616", "\"-1\"", "x, y", "\"1\", \"2\""] {
            let path = format!("/v1/contacts/{}", house.contact);
            let ask = house.acme.ask(Method::PATCH, &path).header(header, value).json(&json!({ "first_name": "A" }));
            let reply = ask.now().await;
            assert!(reply.status < 500, "{header}: {value}: {}", reply.status);
        }
    }
    stage.drain().await;
}
