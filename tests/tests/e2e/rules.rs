//! Rules: something happens, and what is to be done is done once, told in the run, and never goes round.

use local::provider::Deed;
use serde_json::{Value, json};
use tests::{Company, Contact, Story};

mod crash;
mod judged;
mod refused;
mod reported;
mod told;
mod tried;
mod work;

/// A rule that everybody sees by now.
async fn rule(company: &Company<'_>, words: &Value) -> String {
    let mut body = json!({ "name": "Rule" });
    for (name, value) in words.as_object().unwrap() {
        body[name] = value.clone();
    }
    let made = company.post("/v1/rules", &body).await.is(201);
    company.story.clock.advance(5_000).unwrap();
    made["id"].as_str().unwrap().to_owned()
}

/// Reports an event; rules have done their work.
async fn report(company: &Company<'_>, event: &Value) -> Value {
    let taken = company.post("/v1/events", event).await.is(202);
    company.story.drain().await;
    taken
}

/// The runs of a rule, the newest first.
async fn runs(company: &Company<'_>, rule: &str) -> Vec<Value> {
    company.get(&format!("/v1/rules/{rule}/runs")).await["data"].as_array().unwrap().clone()
}

/// The one run of a rule.
async fn run(company: &Company<'_>, rule: &str) -> Value {
    let mut all = runs(company, rule).await;
    assert_eq!(all.len(), 1, "{all:#?}");
    all.remove(0)
}

async fn tags(company: &Company<'_>, contact: &Contact) -> Value {
    company.get(&format!("/v1/contacts/{}", contact.id)).await["tags"].clone()
}

fn tag(word: &str) -> Value {
    json!({ "update_contact": { "add_tags": [word] } })
}

fn invoice(contact: &Contact) -> Value {
    let data = json!({ "number": "4711", "amount": "EUR 12.50", "due": "2026-03-09" });
    json!({ "name": "invoice.due_soon", "contact": contact.id, "key": "invoice-4711", "data": data })
}

#[tokio::test]
async fn an_event_is_acted_on_once_however_often_it_is_told() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let ada = acme.contact("Ada", "ada@example.com").await;
    let remind = json!({
        "name": "Remind", "trigger": "invoice.*",
        "actions": [{ "send_message": { "template": "payment-reminder" } }, tag("reminded"), { "raise_event": { "name": "customer.reminded" } }],
    });
    let rule = rule(&acme, &remind).await;

    let first = report(&acme, &invoice(&ada)).await;
    let again = report(&acme, &invoice(&ada)).await;
    assert_eq!(first, again, "the same key is the same event");
    stage.replay_stream();
    stage.drain().await;

    assert_eq!(stage.letter().subject, "Invoice 4711 is due 2026-03-09");
    assert_eq!(tags(&acme, &ada).await, json!(["reminded"]));
    let run = run(&acme, &rule).await;
    assert_eq!((&run["state"], &run["name"], &run["event"]["id"]), (&json!("done"), &json!("Remind"), &first["id"]));
    let actions = run["actions"].as_array().unwrap();
    assert!(actions.iter().all(|action| action["state"] == "done"), "{actions:#?}");
    let message = acme.get(&format!("/v1/messages/{}", actions[0]["made"].as_str().unwrap())).await;
    assert_eq!((&message["status"], &message["to"]["contact"]), (&json!("sent"), &json!(ada.id)));
    let raised = acme.get(&format!("/v1/events/{}", actions[2]["made"].as_str().unwrap())).await;
    assert_eq!((&raised["name"], &raised["run"], &raised["data"]), (&json!("customer.reminded"), &run["id"], &first["data"]));
    let listed = acme.get("/v1/events?name=invoice.*").await;
    assert_eq!(listed["data"], json!([first]));
    assert_eq!(acme.get("/v1/events").await["data"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn whom_an_address_belongs_to_is_found_by_it_and_others_are_written_to_as_they_are() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let ada = acme.contact("Ada", "ada@example.com").await;
    let words = json!({ "trigger": "ticket.created", "actions": [{ "send_message": { "template": "ticket" } }] });
    let rule = rule(&acme, &words).await;
    for address in ["Ada@Example.com", "bob@example.com"] {
        let data = json!({ "number": "7", "title": "Help" });
        report(&acme, &json!({ "name": "ticket.created", "address": address, "data": data })).await;
        stage.clock.advance(1_000).unwrap();
    }
    let runs = runs(&acme, &rule).await;
    assert_eq!((&runs[1]["event"]["contact"], &runs[0]["event"]["contact"]), (&json!(ada.id), &Value::Null));
    let to: Vec<String> = stage.letters().iter().map(|letter| letter.to.join(",")).collect();
    assert_eq!(to.len(), 2);
    assert!(to[0].contains("ada@example.com") && to[1].contains("bob@example.com"), "{to:?}");
}

#[tokio::test]
async fn what_changes_in_the_house_is_an_event_too() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let german = json!({ "field": "contact.locale", "op": "changed_to", "value": "de" });
    let consent = "event.data.category = \"marketing\" and event.data.granted = true";
    let onboarding = json!({ "send_message": { "template": "onboarding" } });
    let made = rule(&acme, &json!({ "trigger": "contact.created", "actions": [tag("new")] })).await;
    let turned = rule(&acme, &json!({ "trigger": "contact.updated", "conditions": german, "actions": [tag("german")] })).await;
    let agreed = rule(&acme, &json!({ "trigger": "consent.changed", "formula": consent, "actions": [tag("reader")] })).await;
    let joined = rule(&acme, &json!({ "trigger": "user.created", "actions": [onboarding] })).await;
    let left = json!({ "trigger": "contact.deleted", "actions": [{ "raise_event": { "name": "customer.left" } }] });
    let left = rule(&acme, &left).await;

    let ada = acme.contact("Ada", "ada@example.com").await;
    stage.drain().await;
    let path = format!("/v1/contacts/{}", ada.id);
    acme.patch(&path, &json!({ "locale": "fr" })).await;
    stage.drain().await;
    assert_eq!(tags(&acme, &ada).await, json!(["new"]));
    acme.patch(&path, &json!({ "locale": "de", "consents": { "email:marketing": true, "email:news": true } })).await;
    stage.drain().await;
    assert_eq!(tags(&acme, &ada).await, json!(["new", "german", "reader"]));
    let run_of = run(&acme, &turned).await;
    assert_eq!(run_of["event"]["changes"]["contact.locale"], json!({ "old": "fr", "new": "de" }));
    assert_eq!(run(&acme, &agreed).await["event"]["data"]["granted"], true);
    assert_eq!(run(&acme, &made).await["event"]["name"], "contact.created");

    acme.post("/v1/users", &json!({ "name": "Grace", "email": "grace@acme.example", "role": "agent" })).await.is(201);
    acme.delete(&path).await;
    stage.drain().await;
    assert_eq!(stage.letter().to, ["grace@acme.example"]);
    assert_eq!(run(&acme, &joined).await["state"], "done");
    assert_eq!(run(&acme, &left).await["event"]["contact"], json!(ada.id));
    assert_eq!(acme.get("/v1/events?name=customer.left").await["data"].as_array().unwrap().len(), 1);
    // The stream may tell it all once more.
    let before = stage.rows();
    stage.replay_stream();
    stage.drain().await;
    stage.nothing_changed_since(&before, "told again");
}

#[tokio::test]
async fn what_becomes_of_a_message_is_told_where_a_rule_waits_for_it_and_costs_nothing_elsewhere() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let ada = acme.contact("Ada", "ada@example.com").await;
    let early = acme.send(&ada, "welcome").await;
    stage.drain().await;
    let words = json!({ "trigger": "message.bounced", "actions": [tag("unreachable")] });
    let bounced = rule(&acme, &words).await;
    let opened = json!({ "trigger": "message.*", "log": "all", "formula": "message.status = \"delivered\"", "actions": [tag("reached")] });
    let all = rule(&acme, &opened).await;
    assert_eq!(acme.status(&early).await, "sent");
    stage.told(&stage.letters()[0], Deed::Deliver).await;
    assert!(runs(&acme, &all).await.is_empty(), "a message from before the rule is not watched");

    let message = acme.send(&ada, "welcome").await;
    stage.drain().await;
    stage.told(&stage.letters()[1], Deed::Deliver).await;
    let told = runs(&acme, &all).await;
    let names: Vec<&str> = told.iter().map(|run| run["event"]["name"].as_str().unwrap()).collect();
    assert_eq!(names.len(), 2, "{told:#?}");
    assert!(names.contains(&"message.sent") && names.contains(&"message.delivered"), "{names:?}");
    assert!(told.iter().all(|run| run["event"]["message"] == json!(message.id)));
    assert_eq!(tags(&acme, &ada).await, json!(["reached"]));

    stage.told(&stage.letters()[1], Deed::Bounce).await;
    assert_eq!(tags(&acme, &ada).await, json!(["reached", "unreachable"]));
    assert_eq!(run(&acme, &bounced).await["state"], "done");
}

#[tokio::test]
async fn what_becomes_of_companies_and_deals_is_told_with_what_they_are() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let ada = acme.contact("Ada", "ada@example.com").await;
    let moved = "deal.value >= 1000.5 and deal.stage changed to \"offer\" and company.name = \"Initech\"";
    let moved = rule(&acme, &json!({ "trigger": "deal.stage_changed", "formula": moved, "actions": [tag("offered")] })).await;
    let won = rule(&acme, &json!({ "trigger": "deal.closed_won", "actions": [tag("customer")] })).await;
    let named = json!([{ "raise_event": { "name": "company.noticed" } }]);
    assert!(
        acme.post("/v1/rules", &json!({ "name": "N", "trigger": "company.updated", "actions": named })).await.status == 422
    );
    let noticed = json!([{ "raise_event": { "name": "name.noticed" } }]);
    let renamed = json!({ "trigger": "company.updated", "formula": "company.name changed", "actions": noticed });
    let renamed = rule(&acme, &renamed).await;

    let company = acme.post("/v1/companies", &json!({ "name": "Initrode" })).await.is(201)["id"].as_str().unwrap().to_owned();
    acme.patch(&format!("/v1/companies/{company}"), &json!({ "name": "Initech" })).await;
    let deal =
        json!({ "title": "Printers", "value": "1000.5", "currency": "EUR", "contact_id": ada.id, "company_id": company });
    let deal = acme.post("/v1/deals", &deal).await.is(201)["id"].as_str().unwrap().to_owned();
    acme.patch(&format!("/v1/deals/{deal}"), &json!({ "stage": "offer" })).await;
    stage.drain().await;
    assert_eq!(run(&acme, &renamed).await["event"]["changes"]["company.name"], json!({ "old": "Initrode", "new": "Initech" }));
    assert_eq!(run(&acme, &moved).await["event"]["deal_id"], json!(deal));
    acme.post(&format!("/v1/deals/{deal}/win"), &json!({})).await.is(200);
    stage.drain().await;
    assert_eq!(run(&acme, &won).await["state"], "done");
    assert_eq!(tags(&acme, &ada).await, json!(["offered", "customer"]));
    report(&acme, &json!({ "name": "order.placed", "deal_id": deal, "company_id": company })).await;
}

#[tokio::test]
async fn who_writes_is_an_event_about_that_contact() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let words =
        json!({ "trigger": "message.received", "formula": "event.data.text contains \"open\"", "actions": [tag("asked")] });
    let rule = rule(&acme, &words).await;
    let conversation = tests::chat::conversation(&acme).await;
    stage.drain().await;
    let contact = acme.get(&format!("/v1/conversations/{conversation}")).await["contact"].as_str().unwrap().to_owned();
    assert_eq!(run(&acme, &rule).await["event"]["contact"], json!(contact));
    assert_eq!(acme.get(&format!("/v1/contacts/{contact}")).await["tags"], json!(["asked"]));
}

#[tokio::test]
async fn actions_wait_for_their_time_and_are_not_done_once_the_rule_is_off() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let ada = acme.contact_with(&json!({ "emails": ["ada@example.com"], "zone": "America/New_York" })).await;
    let delay = json!({ "days": 1, "until": "09:30" });
    let words = json!({ "trigger": "invoice.due_soon", "delay": delay, "actions": [{ "send_message": { "template": "payment-reminder" } }] });
    let patient = rule(&acme, &words).await;
    let hasty = json!({ "trigger": "invoice.due_soon", "delay": { "hours": 2 }, "actions": [tag("hasty")] });
    let hasty = rule(&acme, &hasty).await;
    report(&acme, &invoice(&ada)).await;

    let waiting = run(&acme, &patient).await;
    assert_eq!((&waiting["state"], &waiting["until"]), (&json!("waiting"), &json!("2026-03-03T14:30:00.000Z")));
    acme.patch(&format!("/v1/rules/{hasty}"), &json!({ "enabled": false })).await;
    stage.pass_until("2026-03-02T12:00:00Z").await;
    let skipped = run(&acme, &hasty).await;
    assert_eq!((&skipped["state"], &skipped["actions"][0]["state"]), (&json!("skipped"), &json!("skipped")));
    assert_eq!(skipped["why"], "The rule was switched off or deleted in the meantime.");
    assert_eq!(tags(&acme, &ada).await, json!([]));

    stage.pass_until("2026-03-03T14:29:59.999Z").await;
    assert!(stage.letters().is_empty());
    // Two scans meet, and the stream is told twice.
    stage.pass_until("2026-03-03T14:30:00Z").await;
    stage.replay_stream();
    stage.pass(60).await;
    stage.letter();
    assert_eq!(run(&acme, &patient).await["state"], "done");
}

#[tokio::test]
async fn rules_that_follow_from_one_another_come_to_an_end() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let ada = acme.contact("Ada", "ada@example.com").await;
    let raise = |name: &str| json!([{ "raise_event": { "name": name } }]);
    let there = rule(&acme, &json!({ "trigger": "round.there", "actions": raise("round.back") })).await;
    let back = rule(&acme, &json!({ "trigger": "round.back", "actions": raise("round.there") })).await;
    report(&acme, &json!({ "name": "round.there", "contact": ada.id })).await;
    assert_eq!(run(&acme, &back).await["state"], "done");
    let rounds = runs(&acme, &there).await;
    let states: Vec<&Value> = rounds.iter().map(|run| &run["state"]).collect();
    assert_eq!(states.len(), 2, "{rounds:#?}");
    let ended = rounds.iter().find(|run| run["state"] == "skipped").unwrap();
    assert!(ended["why"].as_str().unwrap().starts_with("It would go round"), "{ended}");
    assert_eq!(ended["actions"][0]["state"], "skipped", "it is not waited for");

    // A change that a rule makes is an event like any other, and knows where it comes from.
    let flip = |add: &str, remove: &str| json!([{ "update_contact": { "add_tags": [add], "remove_tags": [remove] } }]);
    let flop = rule(&acme, &json!({ "trigger": "contact.updated", "actions": flip("a", "b") })).await;
    let flip = rule(&acme, &json!({ "trigger": "contact.updated", "actions": flip("b", "a") })).await;
    acme.patch(&format!("/v1/contacts/{}", ada.id), &json!({ "first_name": "Augusta" })).await;
    stage.drain().await;
    for rule in [&flip, &flop] {
        let last = runs(&acme, rule).await;
        assert!(last.len() <= 4, "{last:#?}");
        assert!(last.iter().any(|run| run["state"] == "skipped"), "{last:#?}");
    }

    // Of a chain without end the first five are carried out.
    for step in 0..7 {
        rule(&acme, &json!({ "trigger": format!("chain.c{step}"), "actions": raise(&format!("chain.c{}", step + 1)) })).await;
    }
    report(&acme, &json!({ "name": "chain.c0" })).await;
    assert_eq!(acme.get("/v1/events?name=chain.*").await["data"].as_array().unwrap().len(), 6);
}

#[tokio::test]
async fn an_action_that_cannot_be_done_says_why_and_keeps_nobody_from_the_others() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let eve = acme.contact_with(&json!({ "first_name": "Eve", "phones": ["+14155552671"] })).await;
    let actions = json!([{ "send_message": { "template": "welcome" } }, tag("greeted")]);
    let rule = rule(&acme, &json!({ "trigger": "shop.visited", "actions": actions })).await;
    report(&acme, &json!({ "name": "shop.visited", "contact": eve.id })).await;
    let run = run(&acme, &rule).await;
    assert_eq!((&run["state"], &run["actions"][1]["state"]), (&json!("failed"), &json!("done")));
    assert_eq!(run["actions"][0]["why"], "/to/contact: the contact has no address for email");
    assert_eq!(tags(&acme, &eve).await, json!(["greeted"]));
}

#[tokio::test]
async fn an_event_is_posted_to_an_address_by_an_account_of_the_webhook_channel() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let secrets = json!({ "secrets": ["whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="] });
    acme.account(&json!({ "provider": "webhook", "from": null, "credentials": secrets })).await;
    let post = json!({ "call_webhook": { "url": "https://shop.example/hooks" } });
    let rule = rule(&acme, &json!({ "trigger": "payment.received", "actions": [post] })).await;
    report(&acme, &json!({ "name": "payment.received", "data": { "amount": 12.5 } })).await;
    let run = run(&acme, &rule).await;
    let message = acme.get(&format!("/v1/messages/{}", run["actions"][0]["made"].as_str().unwrap())).await;
    assert_eq!((&message["status"], &message["to"]["address"]), (&json!("sent"), &json!("https://shop.example/hooks")));
    let posted = stage.outbox.notes().remove(0);
    assert_eq!((posted.to.as_str(), posted.text.as_deref()), ("https://shop.example/hooks", Some("payment.received")));
    let kept = format!("{:?}", stage.rows_of("body"));
    assert!(kept.contains("12.5"), "the data goes along: {kept}");
}

#[tokio::test]
async fn a_rule_is_there_for_each_usual_case() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let ada = acme.contact("Ada", "ada@example.com").await;
    stage.clock.advance(1_000).unwrap();
    let shipped = acme.get("/v1/rules/shipped").await["data"].as_array().unwrap().clone();
    assert!(shipped.len() >= 5);
    for one in &shipped {
        let made = acme.post("/v1/rules/shipped", &json!({ "name": one["name"] })).await.is(201);
        assert_eq!((&made["enabled"], &made["trigger"]), (&json!(false), &one["trigger"]));
        acme.patch(&format!("/v1/rules/{}", made["id"].as_str().unwrap()), &json!({ "enabled": true, "delay": null })).await;
    }
    acme.post("/v1/rules/shipped", &json!({ "name": "none" })).await.problem(422, "invalid");
    stage.clock.advance(5_000).unwrap();
    let bob = acme.contact("Bob", "bob@example.com").await;
    stage.drain().await;
    let data = json!({ "number": "1", "amount": "EUR 3", "due": "today", "service": "Mail", "since": "nine" });
    for name in ["invoice.due_soon", "invoice.overdue", "outage.started"] {
        report(&acme, &json!({ "name": name, "contact": ada.id, "data": data })).await;
    }
    let subjects: Vec<String> = stage.letters().into_iter().map(|letter| letter.subject).collect();
    assert_eq!(
        subjects,
        ["Welcome to acme Ltd, Bob", "Invoice 1 is due today", "Invoice 1 is overdue", "Service interruption: Mail"]
    );
    assert_eq!(stage.letters()[0].envelope, [bob.email]);
}

/// The event, its run, the contact and the run's end are a write each, of one unit or two by their size.
#[tokio::test]
async fn what_an_event_costs_is_known() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let (ada, bob) = (acme.contact("Ada", "ada@example.com").await, acme.contact("Bob", "bob@example.com").await);
    rule(&acme, &json!({ "trigger": "shop.visited", "actions": [tag("seen")] })).await;
    report(&acme, &json!({ "name": "shop.visited", "contact": ada.id })).await;
    let before = stage.memory.bill();
    report(&acme, &json!({ "name": "shop.visited", "contact": bob.id })).await;
    let bill = stage.memory.bill().since(before);
    assert_eq!((bill.write_units, bill.read_units), (4.0, 7.0));
    // What no rule waits for is the event and a look at it.
    let before = stage.memory.bill();
    report(&acme, &json!({ "name": "shop.left", "contact": bob.id })).await;
    let bill = stage.memory.bill().since(before);
    assert_eq!((bill.write_units, bill.read_units), (1.0, 2.0));
}

#[tokio::test]
async fn what_happens_to_one_tenant_concerns_no_other() {
    let stage = Story::begin().await;
    let (acme, bravo) = (stage.tenant("acme").await, stage.tenant("bravo").await);
    let words = json!({ "trigger": "shop.visited", "actions": [{ "raise_event": { "name": "shop.noticed" } }] });
    let rule = rule(&acme, &words).await;
    report(&bravo, &json!({ "name": "shop.visited", "key": "same" })).await;
    assert!(runs(&acme, &rule).await.is_empty() && acme.get("/v1/events").await["data"] == json!([]));
    // A key of one is no key of the other.
    report(&acme, &json!({ "name": "shop.visited", "key": "same" })).await;
    assert_eq!(run(&acme, &rule).await["state"], "done");
    assert_eq!(bravo.get("/v1/events").await["data"].as_array().unwrap().len(), 1);
}
