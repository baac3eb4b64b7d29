//! A tour of the whole house: every operation answers well at least once, as it is described; and what the house says of itself.

use std::collections::BTreeSet;

use http::Method;
use local::stage::PLATFORM_KEY;
use serde_json::{Value, json};
use tests::{Contract, Story};

#[tokio::test]
async fn every_operation_answers_as_it_is_described() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let mut seen = BTreeSet::from(["create_tenant".to_owned()]);
    let mut step = async |method: Method, path: &str, body: Option<Value>, status: u16| {
        let key = if path.starts_with("/v1/tenants") { PLATFORM_KEY } else { acme.key.as_str() };
        let ask = stage.ask(method.clone(), path).bearer(key);
        let reply = match body {
            Some(body) => ask.json(&body).now().await,
            None => ask.now().await,
        };
        let steps: Vec<&str> = path.split('?').next().unwrap().split('/').collect();
        let fits = |known: &str| {
            let known: Vec<&str> = known.split('/').collect();
            known.len() == steps.len() && known.iter().zip(&steps).all(|(a, b)| a == b || a.starts_with('{'))
        };
        let operation = Contract::committed().operations().iter().find(|it| it.method == method && fits(&it.path)).unwrap();
        seen.insert(operation.id.clone());
        reply.is(status)
    };
    let id = |body: &Value| body["id"].as_str().unwrap().to_owned();
    let (get, post, patch, delete) = (Method::GET, Method::POST, Method::PATCH, Method::DELETE);

    step(get.clone(), "/health", None, 200).await;
    step(get.clone(), "/v1/tenants", None, 200).await;
    step(get.clone(), "/v1/channels", None, 200).await;
    step(get.clone(), "/v1/tenant", None, 200).await;
    step(patch.clone(), &format!("/v1/tenants/{}", acme.id), Some(json!({ "requests_per_hour": 5_000 })), 200).await;
    step(
        patch.clone(),
        "/v1/tenant",
        Some(json!({ "quiet_hours": { "start": "22:00", "end": "07:00" }, "locale": "de" })),
        200,
    )
    .await;
    let account = json!({ "name": "A", "provider": "capture", "from": { "email": "a@acme.example" } });
    let account = id(&step(post.clone(), "/v1/accounts", Some(account), 201).await);
    let user = json!({ "name": "U", "email": "u@acme.example", "role": "agent" });
    let user = id(&step(post.clone(), "/v1/users", Some(user), 201).await);
    let team = json!({ "name": "T", "members": [{ "user": user, "lead": true }] });
    let team = id(&step(post.clone(), "/v1/teams", Some(team), 201).await);
    let key = id(&step(post.clone(), "/v1/api-keys", Some(json!({ "name": "K", "role": "agent" })), 201).await);
    let full = json!({
        "first_name": "A", "last_name": "B", "company": "C", "emails": ["c@example.com"], "phones": ["+14155552671"], "zone": "UTC",
        "locale": "de", "do_not_contact": false, "consents": { "email:news": true }, "quiet_hours": { "start": "21:00", "end": "08:00" },
        "tags": ["t"], "fields": { "f": 1.5 },
    });
    let contact = id(&step(post.clone(), "/v1/contacts", Some(full), 201).await);
    let template = id(&step(post.clone(), "/v1/templates", Some(json!({ "name": "t", "locale": "en" })), 201).await);
    let version = json!({
        "contents": { "en": { "subject": "S {{ v }}", "html": "<p>H</p>", "text": "T", "engine": "jinja", "markup": "html" } }, "note": "N",
        "variables": [{ "name": "v", "kind": "list", "required": false, "default": [1, { "a": null }], "description": "D" }],
    });
    step(post.clone(), &format!("/v1/templates/{template}/versions"), Some(version), 201).await;
    let entry = json!({ "channel": "email", "address": "s@example.com" });
    let entry = id(&step(post.clone(), "/v1/suppressions", Some(entry), 201).await);
    let order = json!({ "to": { "contact": contact }, "template": template, "send_at": "2026-03-02T12:00:00Z", "metadata": { "m": [1] } });
    let message = id(&step(post.clone(), "/v1/messages", Some(order), 202).await);

    let file = json!({ "name": "a.png", "media_type": "image/png", "bytes": 4 });
    let file = id(&step(post.clone(), "/v1/attachments", Some(file), 201).await);

    let note = json!({ "type": "note", "subject": "N", "contact_id": contact, "owner": user, "visibility": "private" });
    step(post.clone(), "/v1/activities/batch", Some(json!({ "activities": [note] })), 200).await;
    let call = json!({
        "type": "call", "subject": "C", "description": "D", "contact_id": contact, "status": "scheduled", "direction": "inbound",
        "duration": 60, "scheduled_at": "2026-03-03T09:00:00Z", "location": "L", "outcome": "neutral", "priority": "urgent",
        "assignee": user, "tags": ["t"], "fields": { "f": true },
    });
    let activity = id(&step(post.clone(), "/v1/activities", Some(call), 201).await);

    let at = |noun: &str, id: &str| format!("/v1/{noun}/{id}");
    let field = json!({ "object": "company", "key": "size", "label": "Size", "kind": "select", "options": ["s", "l"] });
    let field = id(&step(post.clone(), "/v1/fields", Some(field), 201).await);
    let company = json!({
        "name": "C", "domains": ["c.example"], "phone": "+14155552672", "website": "https://c.example", "address": ["1 Street"],
        "owner": user, "tags": ["t"], "fields": { "size": "l" },
    });
    let company = id(&step(post.clone(), "/v1/companies", Some(company), 201).await);
    let deal = json!({
        "title": "D", "value": "1200.50", "currency": "EUR", "stage": "offer", "expected_close": "2026-04-01", "contact_id": contact,
        "company_id": company, "owner": user, "tags": ["t"], "fields": { "f": true },
    });
    let deal = id(&step(post.clone(), "/v1/deals", Some(deal), 201).await);
    let linked = json!({ "emails": ["c@example.com"], "company_id": company, "owner": user });
    step(Method::PUT, "/v1/contacts?by=email", Some(linked), 200).await;
    let batch = json!({ "contacts": [{ "emails": ["n@example.com"] }, { "first_name": "nobody" }] });
    step(post.clone(), "/v1/contacts/batch", Some(batch), 200).await;
    step(post.clone(), &format!("{}/lose", at("deals", &deal)), Some(json!({ "reason": "R" })), 200).await;
    step(post.clone(), &format!("{}/reopen", at("deals", &deal)), None, 200).await;
    step(post.clone(), &format!("{}/win", at("deals", &deal)), Some(json!({})), 200).await;
    for kind in ["contact", "company", "deal"] {
        step(get.clone(), &format!("/v1/search?kind={kind}&q=no"), None, 200).await;
    }
    step(get.clone(), &at("attachments", &file), None, 200).await;
    for (noun, id, change) in [
        ("activities", &activity, Some(json!({ "status": "completed" }))),
        ("accounts", &account, Some(json!({ "from": { "name": "N" }, "on_unknown": "resend" }))),
        ("users", &user, Some(json!({ "role": "viewer", "subject": "s" }))),
        ("teams", &team, Some(json!({ "name": "Sales" }))),
        ("api-keys", &key, None),
        ("companies", &company, Some(json!({ "website": null }))),
        ("contacts", &contact, Some(json!({ "zone": null }))),
        ("deals", &deal, Some(json!({ "tags": null }))),
        ("fields", &field, Some(json!({ "archived": true }))),
        ("templates", &template, Some(json!({ "category": "news", "description": "D" }))),
        ("suppressions", &entry, None),
        ("messages", &message, None),
    ] {
        step(get.clone(), &format!("/v1/{noun}"), None, 200).await;
        step(get.clone(), &at(noun, id), None, 200).await;
        if let Some(change) = change {
            step(patch.clone(), &at(noun, id), Some(change), 200).await;
        }
    }
    for (path, body, status) in [("check", json!({}), 202), ("test", json!({ "to": { "email": "t@example.com" } }), 202)] {
        step(post.clone(), &format!("{}/{path}", at("accounts", &account)), Some(body), status).await;
    }
    for path in ["usage?group_by=hour", "health"] {
        step(get.clone(), &format!("{}/{path}", at("accounts", &account)), None, 200).await;
    }
    let mailbox = json!({
        "name": "M", "provider": "gmail", "from": { "email": "m@acme.example" }, "settings": { "receive": true },
        "credentials": { "client_id": "app", "client_secret": "s" },
    });
    let mailbox = id(&step(post.clone(), "/v1/accounts", Some(mailbox), 201).await);
    step(post.clone(), &format!("{}/consent", at("accounts", &mailbox)), None, 200).await;
    step(get.clone(), &format!("{}/mailbox", at("accounts", &mailbox)), None, 200).await;
    let price = json!({ "to": { "email": "e@example.com" }, "content": { "subject": "S", "text": "T" } });
    step(post.clone(), "/v1/messages/estimate", Some(price), 200).await;
    let conversation = tests::chat::conversation(&acme).await;
    step(get.clone(), "/v1/conversations?channel=telegram", None, 200).await;
    step(get.clone(), &at("conversations", &conversation), None, 200).await;
    step(get.clone(), &format!("{}/messages", at("conversations", &conversation)), None, 200).await;
    let answer = json!({ "content": { "text": "We open at nine." } });
    step(post.clone(), &format!("{}/messages", at("conversations", &conversation)), Some(answer), 202).await;
    let event = id(&step(post.clone(), "/v1/events", Some(json!({ "name": "a.b", "data": { "c": 1 } })), 202).await);
    step(post.clone(), "/v1/events/batch", Some(json!({ "events": [{ "name": "a.b" }, { "name": "?" }] })), 202).await;
    step(get.clone(), "/v1/events?name=a.*", None, 200).await;
    step(get.clone(), &at("events", &event), None, 200).await;
    let rule = json!({
        "name": "R", "trigger": "a.b", "formula": "event.data.c >= 1", "delay": { "hours": 1, "until": "09:00" }, "log": "all",
        "actions": [
            { "send_message": { "template": "welcome", "channel": "email", "account": account, "category": "news", "locale": "de", "variables": { "v": 1 } } },
            { "update_contact": { "fields": { "f": null }, "add_tags": ["t"], "remove_tags": ["u"], "locale": "de", "do_not_contact": false } },
            { "call_webhook": { "url": "https://shop.example" } }, { "raise_event": { "name": "a.c", "data": { "d": [1] } } },
            { "create_task": { "title": "T", "description": "D", "kind": "follow_up", "priority": "low", "due": { "days": 1 }, "assignee": "owner", "team": team } },
            { "log_activity": { "type": "call", "subject": "S", "description": "D", "status": "scheduled", "outcome": "neutral", "due": { "minutes": 1 } } },
        ],
    });
    let trial = json!({ "name": "a.b", "data": { "c": 1 }, "changes": { "contact.zone": { "new": "UTC" } } });
    step(post.clone(), "/v1/rules/test", Some(json!({ "rule": rule, "event": trial })), 200).await;
    let rule = id(&step(post.clone(), "/v1/rules", Some(rule), 201).await);
    step(post.clone(), &format!("{}/test", at("rules", &rule)), Some(json!({ "event": trial })), 200).await;
    step(get.clone(), "/v1/rules", None, 200).await;
    step(get.clone(), &at("rules", &rule), None, 200).await;
    let tree = json!({ "any": [{ "not": { "field": "contact.zone", "op": "exists" } }, { "field": "event.data.c", "op": "in", "value": [1] }] });
    step(patch.clone(), &at("rules", &rule), Some(json!({ "conditions": tree, "delay": null })), 200).await;
    stage.clock.advance(5_000).unwrap();
    step(post.clone(), "/v1/events", Some(json!({ "name": "a.b", "contact": contact, "data": { "c": 1 } })), 202).await;
    stage.drain().await;
    let runs = step(get.clone(), &format!("{}/runs", at("rules", &rule)), None, 200).await;
    step(get.clone(), &at("runs", &id(&runs["data"][0])), None, 200).await;
    step(get.clone(), "/v1/rules/shipped", None, 200).await;
    step(get.clone(), "/v1/rules/terms", None, 200).await;
    step(post.clone(), "/v1/rules/shipped", Some(json!({ "name": "welcome" })), 201).await;
    step(delete.clone(), &at("rules", &rule), None, 204).await;
    let wishes = format!("{}/preferences", at("contacts", &contact));
    step(get.clone(), &wishes, None, 200).await;
    step(patch.clone(), &wishes, Some(json!({ "channels": { "sms": false }, "cap": { "per_week": 3 } })), 200).await;
    let consents = format!("{}/consents", at("contacts", &contact));
    step(post.clone(), &consents, Some(json!({ "channel": "email", "category": "offers", "double_opt_in": true })), 200).await;
    step(get.clone(), &consents, None, 200).await;
    let form = json!({ "active": true, "topics": [{ "category": "news", "names": { "de": "Neues" } }], "consent": { "de": "Ja.", "en": "Yes." } });
    step(Method::PUT, "/v1/signup-form", Some(form), 200).await;
    step(get.clone(), "/v1/signup-form", None, 200).await;
    step(post.clone(), "/v1/messages/cancel", Some(json!({ "cancel_key": "k" })), 200).await;
    let task = json!({
        "kind": "appointment", "title": "T", "description": "D", "priority": "urgent", "due_at": "2026-03-05T09:00:00Z", "assignee": user,
        "activity_id": activity, "company_id": company, "deal_id": deal, "tags": ["t"], "fields": { "f": 1 },
        "checklist": [{ "text": "C" }], "recurrence": "FREQ=DAILY",
        "reminders": [{ "before": 5, "by": ["notification"] }], "escalation": [{ "after_minutes": 5, "to": { "team": team } }],
    });
    let task = id(&step(post.clone(), "/v1/tasks", Some(task), 201).await);
    step(get.clone(), "/v1/tasks?overdue=false", None, 200).await;
    step(get.clone(), &format!("{}?expand=contact,company,deal,activity", at("tasks", &task)), None, 200).await;
    step(patch.clone(), &at("tasks", &task), Some(json!({ "status": "in_progress" })), 200).await;
    step(post.clone(), &format!("{}/acknowledge", at("tasks", &task)), None, 200).await;
    step(post.clone(), &format!("{}/transfer", at("tasks", &task)), Some(json!({ "team": team, "reason": "R" })), 200).await;
    step(post.clone(), &format!("{}/delegate", at("tasks", &task)), Some(json!({ "user": user })), 200).await;
    for (deed, body) in [
        ("complete", json!({ "outcome": "O", "activity": { "type": "call" }, "next": { "title": "N" } })),
        ("reopen", json!({})),
        ("cancel", json!({ "reason": "R" })),
    ] {
        step(post.clone(), &format!("{}/{deed}", at("tasks", &task)), Some(body), 200).await;
    }
    stage.drain().await;
    step(get.clone(), &format!("/v1/notifications?user_id={user}"), None, 200).await;
    step(get.clone(), &format!("/v1/notifications/unread?user_id={user}"), None, 200).await;
    let all = json!({ "user_id": user, "until": "2026-03-02T12:00:00Z" });
    step(post.clone(), "/v1/notifications/read", Some(all), 200).await;
    let wishes = format!("/v1/notifications/preferences?user_id={user}");
    step(get.clone(), &wishes, None, 200).await;
    let ways = json!({ "ways": { "assigned": ["email", "sms"] }, "quiet_hours": { "start": "21:00", "end": "08:00" } });
    step(Method::PUT, &wishes, Some(ways), 200).await;
    step(delete.clone(), &at("tasks", &task), None, 204).await;
    let series =
        json!({ "order": { "to": { "email": "c@example.com" }, "template": "welcome" }, "recurrence": "FREQ=DAILY;COUNT=3" });
    let series = id(&step(post.clone(), "/v1/series", Some(series), 201).await);
    step(get.clone(), "/v1/series?status=active", None, 200).await;
    step(get.clone(), &at("series", &series), None, 200).await;
    for deed in ["pause", "resume", "cancel"] {
        step(post.clone(), &format!("{}/{deed}", at("series", &series)), None, 200).await;
    }
    let below = |rest: &str| format!("{}/{rest}", at("templates", &template));
    step(get.clone(), &below("versions"), None, 200).await;
    step(get.clone(), &below("versions/1"), None, 200).await;
    step(post.clone(), &below("versions/1/publish"), None, 200).await;
    step(post.clone(), &below("preview"), Some(json!({})), 200).await;
    step(post.clone(), &below("test"), Some(json!({})), 200).await;
    step(post.clone(), &format!("{}/cancel", at("messages", &message)), None, 200).await;
    step(post.clone(), &format!("{}/retry", at("messages", &message)), None, 200).await;
    stage.drain().await;
    step(get.clone(), &format!("{}/trace", at("messages", &message)), None, 200).await;
    for path in [
        "activities?group_by=type",
        "channels",
        "dashboard",
        "deals?group_by=owner",
        "emails?group_by=template",
        "engagement?group_by=hour_of_week",
        "frequency",
        "responses",
        "tasks?group_by=assignee",
        "templates",
    ] {
        step(get.clone(), &format!("/v1/analytics/{path}"), None, 200).await;
    }
    step(get.clone(), &format!("{}/timeline?expand=subject", at("contacts", &contact)), None, 200).await;
    step(get.clone(), &format!("{}/timeline", at("companies", &company)), None, 200).await;
    step(get.clone(), &format!("{}/engagement", at("contacts", &contact)), None, 200).await;
    step(get.clone(), &format!("{}/frequency?weeks=4", at("contacts", &contact)), None, 200).await;
    step(get.clone(), &format!("{}/timeline", at("deals", &deal)), None, 200).await;
    step(get.clone(), "/v1/timeline?expand=subject", None, 200).await;
    let people = tests::files::bring(&acme, "p.csv", "text/csv", b"email\nnobody\nx@example.com\n").await;
    let order = json!({ "attachment": people, "mapping": { "email": "email" }, "side_effects": false });
    let import = id(&step(post.clone(), "/v1/imports", Some(order.clone()), 202).await);
    step(post.clone(), &format!("{}/pause", at("imports", &import)), None, 200).await;
    step(post.clone(), &format!("{}/resume", at("imports", &import)), None, 200).await;
    let other = id(&step(post.clone(), "/v1/imports", Some(order), 202).await);
    step(post.clone(), &format!("{}/cancel", at("imports", &other)), None, 200).await;
    let export = id(&step(post.clone(), "/v1/exports", Some(json!({ "object": "contact" })), 202).await);
    stage.drain().await;
    step(get.clone(), "/v1/imports", None, 200).await;
    step(get.clone(), &at("imports", &import), None, 200).await;
    step(get.clone(), &format!("{}/errors", at("imports", &import)), None, 200).await;
    step(get.clone(), &at("exports", &export), None, 200).await;
    for (noun, id) in [
        ("activities", &activity),
        ("messages", &message),
        ("suppressions", &entry),
        ("attachments", &file),
        ("templates", &template),
        ("deals", &deal),
        ("companies", &company),
        ("contacts", &contact),
        ("api-keys", &key),
        ("teams", &team),
        ("users", &user),
        ("accounts", &account),
    ] {
        step(delete.clone(), &at(noun, id), None, 204).await;
    }
    stage.drain().await;

    let described: BTreeSet<String> = Contract::committed().operations().iter().map(|it| it.id.clone()).collect();
    assert_eq!(seen, described, "every operation is on the tour");
}

/// A contract that notices nothing would let every story pass.
#[test]
fn the_contract_notices_what_is_not_as_described() {
    let problem =
        json!({ "type": "/problems/not-found", "title": "There is no such thing", "status": 404, "instance": "req_1" });
    let key = json!({
        "id": "key_1", "name": "K", "role": "agent", "start": "swk_", "expires_at": null,
        "created_at": "2026-03-02T09:00:00.000Z", "last_used_at": null,
    });
    let with = |body: &Value, place: &str, value: Value| {
        let mut changed = body.clone();
        changed[place] = value;
        changed
    };
    let mut without = key.clone();
    without.as_object_mut().unwrap().remove("role");
    let keeps = |path: &str, status: u16, kind: &str, etag: bool, body: &Value| {
        let mut headers = http::HeaderMap::new();
        headers.insert("content-type", kind.parse().unwrap());
        headers.insert("x-request-id", "req_1".parse().unwrap());
        if etag {
            headers.insert("etag", "\"1\"".parse().unwrap());
        }
        let bytes = body.to_string().into_bytes();
        let check = || Contract::committed().check(&Method::GET, path, status, &headers, &bytes);
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(check)).is_ok()
    };
    let (path, said, bad) = ("/v1/api-keys/key_1", "application/json", "application/problem+json");
    assert!(keeps(path, 200, said, true, &key));
    let page = |row: Value| json!({ "data": [row], "has_more": false, "next": null });
    let (some, row) = ("/v1/api-keys?fields=name,%20digest", json!({ "id": "key_1", "name": "K" }));
    assert!(keeps(some, 200, said, false, &page(row.clone())));
    assert!(keeps(path, 404, bad, false, &problem) && keeps("/v1/nothing", 404, bad, false, &problem));
    for (what, kept) in [
        ("a field that is not described", keeps(path, 200, said, true, &with(&key, "digest", json!("x")))),
        ("a field that is missing", keeps(path, 200, said, true, &without)),
        ("a word that is not one of those", keeps(path, 200, said, true, &with(&key, "role", json!("god")))),
        ("a time that is none", keeps(path, 200, said, true, &with(&key, "created_at", json!("today")))),
        ("a header that is missing", keeps(path, 200, said, false, &key)),
        ("another content type", keeps(path, 200, "text/plain", true, &key)),
        ("another status", keeps(path, 202, said, true, &key)),
        ("an operation that is not described", keeps("/v1/nothing", 200, said, true, &key)),
        ("an error that is no problem", keeps(path, 404, said, false, &problem)),
        ("a problem of no catalogue", keeps(path, 404, bad, false, &with(&problem, "type", json!("/problems/odd")))),
        ("a problem of another status", keeps(path, 403, bad, false, &problem)),
        ("a wanted field that is missing", keeps(some, 200, said, false, &page(json!({ "id": "key_1" })))),
        ("a field that is not wanted", keeps(some, 200, said, false, &page(with(&row, "role", json!("agent"))))),
        ("a row without what is required", keeps("/v1/api-keys", 200, said, false, &page(row))),
        ("the id of another request", keeps(path, 404, bad, false, &with(&problem, "instance", json!("req_2")))),
    ] {
        assert!(!kept, "{what} goes unnoticed");
    }
}

#[tokio::test]
async fn the_house_describes_itself() {
    let stage = Story::begin().await;
    let health = stage.get("/health").await.is(200);
    assert_eq!((&health["status"], &health["uptime_s"]), (&json!("ok"), &json!(0)));
    let channels: Vec<&str> = health["channels"].as_array().unwrap().iter().filter_map(serde_json::Value::as_str).collect();
    assert_eq!((channels.len(), channels[0], channels[1]), (12, "email", "sms"));
    stage.clock.advance(90_000).unwrap();
    assert_eq!(stage.get("/health").await.is(200)["uptime_s"], 90);
    stage.faults.strike(stage.faults.calls(), store::memory::Fault::Throttle);
    assert_eq!(stage.get("/health").await.is(503)["status"], "degraded");

    let description = stage.get("/openapi.json").await;
    assert_eq!(description.bytes, std::fs::read(tests::contract::FILE).unwrap());
    let problems = stage.get("/problems").await.is(200);
    for kind in kernel::problem::CATALOGUE {
        assert!(problems.to_string().contains(kind.slug), "{}", kind.slug);
    }
    for page in ["/docs", "/redoc", "/dev"] {
        let page = stage.get(page).await;
        assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")), "{}", page.asked);
        assert!(page.header("content-security-policy").is_some(), "{}", page.asked);
    }
    for path in ["/health", "/v1/nothing", "/docs"] {
        let reply = stage.get(path).await;
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert!(reply.header("x-request-id").is_some_and(|id| id.starts_with("req_")), "{path}");
    }
}
