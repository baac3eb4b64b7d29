//! The page of preferences in the words of whoever looks at it, and all that can be chosen there.

use http::Method;
use local::stage::PUBLIC_URL;
use serde_json::{Value, json};
use tests::{Company, Contact, Form, Reply, Story};

/// A tenant whose sign-up form has names for what it sends.
async fn shop(stage: &Story) -> Company<'_> {
    let acme = stage.tenant("acme").await;
    put(&acme, true).await;
    acme
}

async fn put(acme: &Company<'_>, active: bool) {
    let news = json!({ "category": "news", "names": { "en": "News about engines", "de": "Neues von <Motoren>" } });
    let topics = json!([news, { "category": "offers" }]);
    let form = json!({ "active": active, "topics": topics, "consent": { "en": "Yes, write to me." } });
    acme.ask(Method::PUT, "/v1/signup-form").json(&form).now().await.is(200);
}

/// The path of the link that a message brings a contact.
async fn link(acme: &Company<'_>, contact: &Contact) -> String {
    let content = json!({ "subject": "S", "text": "{{ preferences_url }}" });
    acme.send_with(&json!({ "to": { "contact": contact.id }, "content": content })).await;
    acme.story.drain().await;
    acme.story.letters().pop().unwrap().text.trim().strip_prefix(PUBLIC_URL).unwrap().to_owned()
}

fn html(reply: &Reply) -> String {
    String::from_utf8(reply.bytes.clone()).unwrap()
}

async fn post(stage: &Story, path: &str, form: &str) -> Reply {
    let reply = stage.ask(Method::POST, path).body("application/x-www-form-urlencoded", form).now().await;
    stage.drain().await;
    reply
}

async fn preferences(acme: &Company<'_>, contact: &Contact) -> Value {
    acme.get(&format!("/v1/contacts/{}/preferences", contact.id)).await
}

#[tokio::test]
async fn the_page_speaks_the_contacts_language_and_calls_things_by_the_forms_names() {
    let stage = Story::begin().await;
    let acme = shop(&stage).await;
    let consents = json!({ "email:news": true, "sms:surveys": false });
    let words = json!({ "emails": ["ada@example.com"], "phones": ["+14155550123"], "locale": "de-AT", "consents": consents });
    let ada = acme.contact_with(&words).await;
    let path = link(&acme, &ada).await;
    let before = stage.memory.bill();
    let page = html(&stage.get(&path).await);
    let cost = stage.memory.bill().since(before);
    assert_eq!((cost.requests, cost.write_units), (3, 0.0), "tenant, contact and form");
    for part in [
        "<html lang=\"de\">",
        "<h1>Ihre Nachrichten</h1>",
        "checked> Neues von &lt;Motoren&gt; per E-Mail</label>",
        "value=\"sms:surveys\"> surveys per SMS</label>",
        "value=\"voice\" checked> Anruf</label>",
        "Alles abbestellen",
    ] {
        assert!(page.contains(part), "{part} is missing in {page}");
    }
    assert!(!page.contains("Save") && !page.contains("Time zone"), "{page}");

    let open = Form::open(&stage, &path).await;
    let wrong = open.fill("zone", "Mars/Base").fill("quiet_start", "21:00").save(&stage).await;
    assert_eq!(wrong.status, 422);
    let said = "role=\"alert\">Es wurde nichts gespeichert. Das ist keine Zeitzone wie Europe/Berlin. Bitte geben Sie Anfang und Ende an";
    assert!(html(&wrong).contains(said), "{}", html(&wrong));

    // What is saved is the language of the answer already, and the proof has the words that were shown.
    let saved = Form::open(&stage, &path).await.untick("consent", "email:news").fill("locale", "fr").save(&stage).await;
    assert!(html(&saved).contains("<html lang=\"fr\">") && html(&saved).contains("Enregistré."));
    let kept = acme.get(&format!("/v1/contacts/{}/consents", ada.id)).await["data"][0].clone();
    assert_eq!(kept["text"], "Ihre Nachrichten von acme Ltd: Was sollen wir Ihnen senden?");

    // A language that is none of ours, or none, is the tenant's.
    acme.patch("/v1/tenant", &json!({ "locale": "nl" })).await;
    for locale in [json!("fi"), Value::Null] {
        acme.patch(&format!("/v1/contacts/{}", ada.id), &json!({ "locale": locale })).await;
        assert!(html(&stage.get(&path).await).contains("<h1>Uw berichten</h1>"), "{locale}");
    }
}

#[tokio::test]
async fn the_mail_with_the_link_speaks_the_contacts_language_and_the_page_tells_nobody_which() {
    let stage = Story::begin().await;
    let acme = shop(&stage).await;
    acme.contact_with(&json!({ "emails": ["ada@example.com"], "locale": "de" })).await;
    let asked = post(&stage, "/p/acme", "email=ada@example.com").await;
    assert_eq!(html(&asked), html(&post(&stage, "/p/acme", "email=nobody@example.com").await));
    assert!(html(&asked).contains("<html lang=\"en\">"), "the tenant's");
    let letter = stage.letter();
    assert_eq!(letter.subject, "Ihre Nachrichten von acme Ltd");
    assert!(letter.text.starts_with("Hier sehen und ändern Sie, was acme Ltd Ihnen sendet:"), "{}", letter.text);
    let link = letter.text.split_whitespace().find_map(|word| word.strip_prefix(PUBLIC_URL)).unwrap();
    assert!(html(&stage.get(link).await).contains("<html lang=\"de\">"));

    let spanish = stage.ask(Method::POST, "/p/acme").header("accept-language", "fi, es-MX;q=0.8");
    let wrong = spanish.body("application/x-www-form-urlencoded", "email=nobody").now().await;
    assert!(wrong.status == 422 && html(&wrong).contains("<html lang=\"es\">"));
    assert!(html(&wrong).contains("role=\"alert\">Esto no es una dirección de correo."), "{}", html(&wrong));
}

#[tokio::test]
async fn a_refused_category_stands_on_the_page_and_is_taken_back_there_and_topics_can_be_refused() {
    let stage = Story::begin().await;
    let acme = shop(&stage).await;
    let consents = json!({ "email:surveys": true, "email:news": true });
    let ada = acme.contact_with(&json!({ "emails": ["ada@example.com"], "consents": consents })).await;
    let path = format!("/v1/contacts/{}/preferences", ada.id);
    acme.patch(&path, &json!({ "categories": { "surveys": false, "alerts": false } })).await;
    let page = link(&acme, &ada).await;
    let open = Form::open(&stage, &page).await;
    let ticked = |category: &str| open.is_ticked("category", category);
    assert_eq!(["alerts", "news", "offers", "surveys"].map(ticked), [false, true, true, false]);
    assert!(open.is_ticked("asked_category", "alerts") && !open.is_ticked("asked_category", "transactional"));

    let changed = open.tick("category", "surveys").untick("category", "news").save(&stage).await;
    assert!(changed.status == 200 && html(&changed).contains("> News about engines</label>"));
    let found = preferences(&acme, &ada).await;
    assert_eq!(found["categories"], json!({ "alerts": false, "news": false, "surveys": true }));
    assert_eq!(found["consents"]["email:news"]["granted"], true, "a consent is another question");
    let kept = acme.get(&format!("/v1/contacts/{}/consents", ada.id)).await["data"][0]["answers"].clone();
    let said: Vec<(&Value, &Value)> = kept.as_array().unwrap().iter().map(|one| (&one["category"], &one["said"])).collect();
    assert_eq!(said, [(&json!("news"), &json!("withdrawn")), (&json!("surveys"), &json!("granted"))]);
    for (category, stopped) in [("surveys", ""), ("news", "preference")] {
        let message = acme.news_at(&ada, &json!({ "category": category })).await;
        stage.drain().await;
        assert_eq!(acme.stopped_by(&message).await, stopped, "{category}");
    }

    // What the page does not offer cannot be refused by it: neither what nobody has heard of, nor topics of a form that is closed.
    put(&acme, false).await;
    post(&stage, &page, "choice=save&asked_category=secret&asked_category=transactional&asked_category=offers").await;
    assert_eq!(preferences(&acme, &ada).await["categories"], found["categories"]);
    assert!(html(&stage.get(&page).await).contains("value=\"news\"> News about engines</label>"), "names stay");
}

#[tokio::test]
async fn how_much_is_too_much_is_seen_and_set_on_the_page() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let ada = acme.contact_with(&json!({ "emails": ["ada@example.com"] })).await;
    acme.patch(&format!("/v1/contacts/{}/preferences", ada.id), &json!({ "cap": { "per_day": 2 } })).await;
    let path = link(&acme, &ada).await;
    assert!(html(&stage.get(&path).await).contains("name=\"most_day\" type=\"number\" min=\"1\" max=\"100\" value=\"2\">"));
    Form::open(&stage, &path).await.fill("most_day", "").fill("most_week", "5").save(&stage).await;
    assert_eq!(preferences(&acme, &ada).await["cap"], json!({ "per_week": 5 }));

    let before = stage.rows();
    for wrong in ["0", "101", "-1", "1.5", "many"] {
        let page = Form::open(&stage, &path).await.fill("most_day", wrong).fill("most_week", wrong).save(&stage).await;
        assert_eq!(page.status, 422, "{wrong}");
        let said = "Nothing was saved. Please write how much at most as a number between 1 and 100.</p>";
        assert!(html(&page).contains(said), "once, for {wrong}: {}", html(&page));
    }
    post(&stage, &path, "choice=save&channel=email").await;
    stage.nothing_changed_since(&before, "what a form does not bring along stays");
    Form::open(&stage, &path).await.fill("most_week", "").save(&stage).await;
    assert_eq!(preferences(&acme, &ada).await["cap"], Value::Null);
}
