//! Odd input, tried systematically: every field of every body and every parameter of every question, with values that nobody means.
//! Each is answered as described, and never by a fault of ours.

use std::collections::BTreeMap;

use http::Method;
use serde_json::{Value, json};
use tests::contract::{Lets, Operation};
use tests::{Company, Contract, Reply, Story};

mod bodies;

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
        let path = operation.path.replace("{id}", id).replace("{number}", "1");
        // A key speaks for nobody.
        if operation.id == "put_notification_preferences" { format!("{path}?user_id={}", self.user) } else { path }
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
    // Of a noun that is not made any more when fields are odd: one that must be there would stand in the way.
    let field = json!({ "object": "deal", "key": "kept", "kind": "select", "options": ["a"] });
    let field = made("/v1/fields", field).await;
    let team = acme.post("/v1/teams", &json!({ "name": "T" })).await.is(201)["id"].as_str().unwrap().to_owned();
    let rule = acme.post("/v1/rules", &bodies::rule(&account)).await.is(201)["id"].as_str().unwrap().to_owned();
    let activity = acme.post("/v1/activities", &bodies::activity(&contact)).await.is(201)["id"].as_str().unwrap().to_owned();
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
        let body = house.body(&operation.id);
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
