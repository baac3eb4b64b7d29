//! Activities: written down, changed, found, listed; and kept from whom they are not for.

use http::Method;
use serde_json::{Value, json};
use tests::token::{claims, signed};
use tests::{Company, Contact, Story};

/// An activity that was written down, as its address.
async fn written(company: &Company<'_>, fields: &Value) -> String {
    let made = company.post("/v1/activities", fields).await;
    let path = made.header("location").unwrap().to_owned();
    made.is(201);
    path
}

fn call(contact: &Contact) -> Value {
    json!({ "type": "call", "subject": "Asked about the invoice", "contact_id": contact.id })
}

/// A person of that role: the id, and the tenant as that person sees it.
async fn person<'s>(acme: &Company<'s>, role: &str, name: &str) -> (String, Company<'s>) {
    let body = json!({ "name": name, "email": format!("{name}@acme.example"), "role": role, "subject": name });
    let user = acme.post("/v1/users", &body).await.is(201);
    (user["id"].as_str().unwrap().to_owned(), acme.acting_as(&signed(&claims(name, acme.story.clock.now()))))
}

fn subjects(page: &Value) -> Vec<&str> {
    page["data"].as_array().unwrap().iter().map(|row| row["subject"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn an_activity_is_written_down_changed_and_deleted() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let ada = acme.contact("Ada", "ada@example.com").await;
    let path = written(&acme, &call(&ada)).await;
    let made = acme.get(&path).await;
    assert_eq!((&made["status"], &made["completed_at"]), (&json!("completed"), &json!("2026-03-02T09:00:00.000Z")));
    assert_eq!((&made["priority"], &made["visibility"], &made["owner"]), (&json!("normal"), &json!("tenant"), &Value::Null));

    let change = json!({
        "status": "scheduled", "scheduled_at": "2026-03-05T10:00:00+01:00", "duration": 1800, "direction": "outbound",
        "outcome": "positive", "priority": "high", "location": " Room 4 ", "tags": ["vip"], "fields": { "score": 7 },
    });
    let changed = acme.patch(&path, &change).await;
    assert_eq!((&changed["scheduled_at"], &changed["completed_at"]), (&json!("2026-03-05T09:00:00.000Z"), &Value::Null));
    assert_eq!((&changed["location"], &changed["fields"]), (&json!("Room 4"), &json!({ "score": 7 })));
    let again = acme.patch(&path, &json!({ "fields": { "seats": 2 }, "outcome": null, "status": "completed" })).await;
    assert_eq!((&again["fields"], &again["outcome"]), (&json!({ "score": 7, "seats": 2 }), &Value::Null));
    assert_eq!(again["completed_at"], "2026-03-02T09:00:00.000Z");

    // Whom it was with may be gone.
    acme.delete(&format!("/v1/contacts/{}", ada.id)).await;

    // Of two who change it at once, the second is told.
    let ask = || acme.ask(Method::PATCH, &path).header("if-match", "\"3\"").json(&json!({ "subject": "Asked twice" }));
    assert_eq!(ask().now().await.header("etag"), Some("\"4\""));
    ask().now().await.problem(412, "stale");
    acme.ask(Method::DELETE, &path).header("if-match", "\"3\"").now().await.problem(412, "stale");
    acme.delete(&path).await;
    acme.look(&path).await.problem(404, "not-found");
    assert_eq!(acme.get("/v1/activities").await["data"], json!([]));
}

#[tokio::test]
async fn a_long_description_stands_beside_its_activity() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let words = "All that was said. ".repeat(800);
    let note = json!({ "type": "note", "subject": "Minutes", "description": words });
    let path = written(&acme, &note).await;
    assert_eq!(acme.get(&path).await["description"], words);
    assert_eq!(acme.get("/v1/activities").await["data"][0]["description"], Value::Null, "lists leave it out");
    // Changing something else costs no more than the row.
    let before = stage.memory.bill();
    acme.patch(&path, &json!({ "priority": "low" })).await;
    assert_eq!(stage.memory.bill().since(before).write_units, 1.0);
    assert_eq!(acme.get(&path).await["description"], words);
    acme.patch(&path, &json!({ "description": "Short." })).await;
    assert_eq!((acme.get(&path).await["description"].clone(), stage.rows_of("text").len()), (json!("Short."), 0));
    acme.patch(&path, &json!({ "description": words })).await;
    acme.delete(&path).await;
    assert_eq!(stage.rows_of("text").len(), 0);
}

#[tokio::test]
async fn what_cannot_be_taken_points_to_its_place() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let before = stage.rows();
    let nobody = "0195527c0d7b7c3e8a51d2b0f3a94c11";
    for (more, pointers) in [
        (json!({ "type": "dance" }), vec!["/type"]),
        (json!({ "subject": "" }), vec!["/subject"]),
        (
            json!({ "subject": "x".repeat(201), "location": "\u{7}", "duration": 3_000_000 }),
            vec!["/subject", "/location", "/duration"],
        ),
        (json!({ "description": "x".repeat(16_385) }), vec!["/description"]),
        (json!({ "status": "scheduled" }), vec!["/scheduled_at"]),
        (json!({ "status": "cancelled", "completed_at": "2026-03-02T09:00:00Z" }), vec!["/completed_at"]),
        (json!({ "scheduled_at": "tomorrow" }), vec!["/scheduled_at"]),
        (json!({ "visibility": "private" }), vec!["/visibility"]),
        (json!({ "fields": { "Bad name": 1, "deep": [1] } }), vec!["/fields/Bad name", "/fields/deep"]),
        (json!({ "tags": (0..21).map(|tag| format!("t{tag}")).collect::<Vec<_>>() }), vec!["/tags"]),
        (json!({ "visibility": "team" }), vec!["/visibility"]),
        (
            json!({
                "contact_id": format!("con_{nobody}"), "assignee": format!("usr_{nobody}"), "owner": format!("usr_{nobody}"),
                "team": format!("tea_{nobody}"),
            }),
            vec!["/contact_id", "/assignee", "/owner", "/team"],
        ),
        (json!({ "contact_id": format!("msg_{nobody}") }), vec!["/contact_id"]),
        (json!({ "colour": "red" }), vec!["/colour"]),
    ] {
        let mut fields = json!({ "type": "call", "subject": "Hello" });
        fields.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        assert_eq!(acme.post("/v1/activities", &fields).await.problem(422, "invalid"), pointers, "{more}");
    }
    assert_eq!(acme.post("/v1/activities", &json!({})).await.problem(422, "invalid"), ["/type", "/subject"]);
    for query in ["type=dance", "since=today", "contact_id=con_1", "colour=red"] {
        let pointer = format!("?{}", query.split('=').next().unwrap());
        assert_eq!(acme.look(&format!("/v1/activities?{query}")).await.problem(422, "invalid"), [pointer]);
    }
    stage.nothing_changed_since(&before, "what cannot be taken");
}

#[tokio::test]
async fn lists_are_filtered_and_a_contacts_own_is_one_query_and_one_batch() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let (ada, bob) = (acme.contact("Ada", "ada@example.com").await, acme.contact("Bob", "bob@example.com").await);
    let (eve, _) = person(&acme, "agent", "eve").await;
    for number in 0..30 {
        stage.clock.advance(60_000).unwrap();
        let mut fields = call(if number % 2 == 0 { &ada } else { &bob });
        fields["subject"] = json!(format!("Call {number}"));
        if number == 4 {
            fields["type"] = json!("meeting");
            fields["scheduled_at"] = json!("2026-04-01T09:00:00Z");
        }
        if number == 6 {
            fields["tags"] = json!(["vip"]);
            fields["outcome"] = json!("no_answer");
            fields["assignee"] = json!(eve);
        }
        written(&acme, &fields).await;
    }
    stage.drain().await;
    let list = async |query: &str| acme.get(&format!("/v1/activities?{query}")).await;
    assert_eq!(subjects(&list("limit=3").await), ["Call 29", "Call 28", "Call 27"]);
    let of_ada = list(&format!("contact_id={}&limit=3", ada.id)).await;
    assert_eq!(subjects(&of_ada), ["Call 4", "Call 28", "Call 26"], "what is to be stands first");
    let next = of_ada["next"].as_str().unwrap();
    let more = list(&format!("contact_id={}&limit=3&after={next}", ada.id)).await;
    assert_eq!(subjects(&more), ["Call 24", "Call 22", "Call 20"]);
    for filter in ["type=meeting", "status=scheduled"] {
        assert_eq!(subjects(&list(filter).await), ["Call 4"], "{filter}");
        assert_eq!(subjects(&list(&format!("contact_id={}&{filter}", ada.id)).await), ["Call 4"], "{filter}");
    }
    for filter in ["tag=vip".to_owned(), "outcome=no_answer".to_owned(), format!("assignee={eve}")] {
        assert_eq!(subjects(&list(&filter).await), ["Call 6"], "{filter}");
        assert_eq!(subjects(&list(&format!("contact_id={}&{filter}", bob.id)).await), [""; 0], "{filter}");
    }
    let some = list("since=2026-03-02T09:10:00Z&until=2026-03-02T09:12:00Z").await;
    assert_eq!(subjects(&some), ["Call 10", "Call 9"]);

    let before = stage.memory.bill();
    list(&format!("contact_id={}", ada.id)).await;
    assert_eq!(stage.memory.bill().since(before).requests, 2, "one query, one batch");
}

#[tokio::test]
async fn of_many_at_once_each_is_taken_or_refused_by_itself() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let ada = acme.contact("Ada", "ada@example.com").await;
    let body = json!({ "activities": [
        call(&ada),
        { "type": "dance", "subject": "x" },
        { "type": "note", "subject": "Long", "description": "x".repeat(2_000) },
        { "type": "note", "subject": "y", "contact_id": "con_0195527c0d7b7c3e8a51d2b0f3a94c11" },
    ] });
    let ask = || acme.ask(Method::POST, "/v1/activities/batch").header("idempotency-key", "import-1").json(&body);
    let results = ask().now().await.is(200)["results"].clone();
    let made = |at: usize| results[at]["activity"]["id"].is_string();
    assert_eq!([made(0), made(1), made(2), made(3)], [true, false, true, false]);
    assert_eq!(results[1]["errors"][0]["pointer"], "/activities/1/type");
    assert_eq!(results[3]["errors"][0]["pointer"], "/activities/3/contact_id");
    assert_eq!(ask().now().await.is(200)["results"], results, "a repetition");
    assert_eq!(subjects(&acme.get("/v1/activities").await).len(), 2);

    let before = stage.rows();
    let none = json!({ "activities": [{ "type": "dance", "subject": "x" }, { "type": "note" }] });
    let refused = acme.post("/v1/activities/batch", &none).await;
    assert_eq!(refused.problem(422, "invalid"), ["/activities/0/type", "/activities/1/subject"]);
    for many in [json!([]), json!(vec![call(&ada); 101])] {
        let refused = acme.post("/v1/activities/batch", &json!({ "activities": many })).await;
        assert_eq!(refused.problem(422, "invalid"), ["/activities"]);
    }
    stage.nothing_changed_since(&before, "nothing that can be taken");
}

#[tokio::test]
async fn what_is_private_is_its_owners_and_admins() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let ada = acme.contact("Ada", "ada@example.com").await;
    let (eve_id, eve) = person(&acme, "agent", "eve").await;
    let (bob_id, bob) = person(&acme, "manager", "bob").await;
    let (_, chief) = person(&acme, "admin", "chief").await;
    let mut fields = call(&ada);
    fields["visibility"] = json!("private");
    let path = written(&eve, &fields).await;
    assert_eq!(eve.get(&path).await["owner"], eve_id);
    stage.drain().await;

    let nobody = bob.look("/v1/activities/act_0195527c0d7b7c3e8a51d2b0f3a94c11").await;
    let before = stage.rows();
    for stranger in [&bob, &acme] {
        assert_eq!(stranger.look(&path).await.anonymous(), nobody.anonymous());
        for (method, body) in [(Method::PATCH, Some(json!({ "subject": "x" }))), (Method::DELETE, None)] {
            let ask = stranger.ask(method, &path);
            let reply = if let Some(body) = body { ask.json(&body).now().await } else { ask.now().await };
            assert_eq!(reply.anonymous(), nobody.anonymous());
        }
        for list in ["/v1/activities".to_owned(), format!("/v1/activities?contact_id={}", ada.id)] {
            assert_eq!(stranger.get(&list).await["data"], json!([]), "{list}");
        }
        for list in ["/v1/timeline?kind=activity".to_owned(), format!("/v1/contacts/{}/timeline?kind=activity", ada.id)] {
            assert_eq!(stranger.get(&list).await["data"], json!([]), "{list}");
        }
    }
    stage.nothing_changed_since(&before, "who must not see it");
    for insider in [&eve, &chief] {
        assert_eq!(subjects(&insider.get("/v1/activities").await).len(), 1);
        assert_eq!(insider.get("/v1/timeline?kind=activity").await["data"].as_array().unwrap().len(), 1);
    }
    // Shown to a team, its members see it, and machines.
    let team = acme.post("/v1/teams", &json!({ "name": "Sales", "members": [{ "user": bob_id }] })).await.is(201)["id"].clone();
    eve.patch(&path, &json!({ "visibility": "team", "team": team })).await;
    stage.drain().await;
    let (other_id, other) = person(&acme, "agent", "other").await;
    for (company, seen) in [(&bob, 200), (&acme, 200), (&other, 404)] {
        assert_eq!(company.look(&path).await.status, seen);
        let entries = company.get("/v1/timeline?kind=activity").await["data"].as_array().unwrap().len();
        assert_eq!(entries, usize::from(seen == 200));
    }
    // Opened to all, all see it; and an agent deletes one's own, no other.
    eve.patch(&path, &json!({ "visibility": "tenant" })).await;
    stage.drain().await;
    assert_eq!(other.get("/v1/timeline?kind=activity").await["data"].as_array().unwrap().len(), 1);
    other.ask(Method::DELETE, &path).now().await.problem(403, "forbidden");
    // Nor does one take it over, or hide it, first.
    for taken in
        [json!({ "owner": other_id }), json!({ "visibility": "private" }), json!({ "visibility": "team", "team": team })]
    {
        other.ask(Method::PATCH, &path).json(&taken).now().await.problem(403, "forbidden");
    }
    eve.delete(&path).await;
}

#[tokio::test]
async fn rules_hear_of_what_is_not_private() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let (ada, bob) = (acme.contact("Ada", "ada@example.com").await, acme.contact("Bob", "bob@example.com").await);
    let (eve, _) = person(&acme, "agent", "eve").await;
    let rule = json!({
        "name": "Happy", "trigger": "activity.created", "formula": "event.data.outcome = \"positive\"",
        "actions": [{ "update_contact": { "add_tags": ["happy"] } }],
    });
    acme.post("/v1/rules", &rule).await.is(201);
    stage.clock.advance(5_000).unwrap();
    for (contact, more) in [(&ada, json!({})), (&bob, json!({ "visibility": "private", "owner": eve }))] {
        let mut fields = call(contact);
        fields["outcome"] = json!("positive");
        fields.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        written(&acme, &fields).await;
    }
    stage.drain().await;
    let tags = async |contact: &Contact| acme.get(&format!("/v1/contacts/{}", contact.id)).await["tags"].clone();
    assert_eq!((tags(&ada).await, tags(&bob).await), (json!(["happy"]), json!([])));
}

#[tokio::test]
async fn lists_are_filtered_by_whose_they_are_how_they_went_and_by_fields() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let ada = acme.contact("Ada", "ada@example.com").await;
    let (eve, _) = person(&acme, "agent", "eve").await;
    acme.post("/v1/fields", &json!({ "object": "activity", "key": "seats", "kind": "number" })).await.is(201);
    stage.clock.advance(6_000).unwrap();
    for (subject, more) in [
        ("owned", json!({ "owner": eve })),
        ("urgent", json!({ "priority": "urgent" })),
        ("inbound", json!({ "direction": "inbound" })),
        ("room A", json!({ "fields": { "room": "A", "seats": 7 } })),
        ("room B", json!({ "fields": { "room": "B", "seats": 8 } })),
    ] {
        let mut fields = call(&ada);
        fields["subject"] = json!(subject);
        fields.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        written(&acme, &fields).await;
    }
    stage.drain().await;
    for (filter, expected) in [
        (format!("owner={eve}"), "owned"),
        ("priority=urgent".to_owned(), "urgent"),
        ("direction=inbound".to_owned(), "inbound"),
        ("field.room=A".to_owned(), "room A"),
        ("field.seats=8.0".to_owned(), "room B"),
    ] {
        for place in ["", &format!("&contact_id={}", ada.id), "&at_since=2026-01-01T00:00:00Z"] {
            let query = format!("{filter}{place}");
            assert_eq!(subjects(&acme.get(&format!("/v1/activities?{query}")).await), [expected], "{query}");
        }
    }
    // A cursor is that of the same question.
    let next = acme.get("/v1/activities?field.room=A&limit=1&priority=normal").await;
    assert_eq!(subjects(&next), ["room A"]);
    let other = acme.get("/v1/activities?limit=1").await["next"].as_str().unwrap().to_owned();
    assert_eq!(
        acme.look(&format!("/v1/activities?field.room=A&limit=1&after={other}")).await.problem(422, "invalid"),
        ["?after"]
    );
    for wrong in ["owner=usr_1", "priority=most", "direction=up", "field.A b=1"] {
        let pointer = format!("?{}", wrong.split('=').next().unwrap());
        let found = acme.look(&format!("/v1/activities?{}", wrong.replace(' ', "%20"))).await;
        assert_eq!(found.problem(422, "invalid"), [pointer], "{wrong}");
    }
}
