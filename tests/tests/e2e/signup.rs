//! Signing up by a tenant's form: nobody learns who is known, and nothing is a consent before the person's own click.

use http::Method;
use local::stage::PUBLIC_URL;
use providers::{HttpReply, Reply as Said};
use serde_json::{Value, json};
use store::memory::Fault;
use tests::{Company, Letter, Reply, Story};

const PATH: &str = "/p/acme/signup";
const CONSENT: &str = "Yes, <write> to me. I can leave at any time.";

fn words() -> Value {
    json!({
        "active": true,
        "topics": [
            { "category": "news", "names": { "en": "News about engines", "de": "Neues von Motoren" } },
            { "category": "offers" },
        ],
        "consent": { "en": CONSENT, "de": "Ja, schreiben Sie mir." },
    })
}

async fn put(acme: &Company<'_>, words: &Value) -> Reply {
    acme.ask(Method::PUT, "/v1/signup-form").json(words).now().await
}

/// A tenant whose form is open.
async fn open(stage: &Story) -> Company<'_> {
    let acme = stage.tenant("acme").await;
    let form = put(&acme, &words()).await.is(200);
    assert_eq!(form["url"], format!("{PUBLIC_URL}{PATH}"));
    acme
}

/// Fills the form in.
async fn fill(stage: &Story, path: &str, form: &str) -> Reply {
    let ask = stage.ask(Method::POST, path).header("user-agent", "Browser/1.0");
    ask.body("application/x-www-form-urlencoded", form).now().await
}

async fn sign_up(stage: &Story, address: &str) -> Reply {
    let reply = fill(stage, PATH, &format!("address={address}&topic=news&topic=offers&locale=en&consent=yes")).await;
    stage.drain().await;
    reply
}

fn html(reply: &Reply) -> String {
    String::from_utf8(reply.bytes.clone()).unwrap()
}

async fn found(acme: &Company<'_>, email: &str) -> Value {
    acme.get(&format!("/v1/contacts?email={email}")).await["data"][0].clone()
}

/// The path of the link in the question.
fn link(letter: &Letter) -> String {
    let links = letter.links().into_iter().map(|link| link.replace("&#x2f;", "/"));
    let link = links.into_iter().find(|link| link.contains("/confirm/")).unwrap();
    link.strip_prefix(PUBLIC_URL).unwrap().to_owned()
}

async fn press(stage: &Story, path: &str) -> Reply {
    let reply = stage.ask(Method::POST, path).body("application/x-www-form-urlencoded", "choice=yes").now().await;
    stage.drain().await;
    reply
}

#[tokio::test]
async fn a_stranger_signs_up_and_has_consented_by_the_click_alone() {
    let stage = Story::begin().await;
    let acme = open(&stage).await;
    let action = json!({ "raise_event": { "name": "person.seen" } });
    let rule = json!({ "name": "R", "trigger": "contact.created", "actions": [action] });
    let rule = acme.post("/v1/rules", &rule).await.is(201)["id"].as_str().unwrap().to_owned();
    stage.clock.advance(5_000).unwrap();
    let form =
        "first_name=Ada&last_name=King&address=ada@example.com&topic=news&topic=offers&topic=secret&locale=de&consent=yes";
    let done = fill(&stage, PATH, form).await;
    assert_eq!(done.status, 200);
    assert!(html(&done).contains("role=\"status\">We have sent you an email."), "{}", html(&done));
    stage.drain().await;
    assert!(stage.rows_of("signup").is_empty(), "what is carried out goes");

    let ada = found(&acme, "ada@example.com").await;
    assert_eq!([&ada["first_name"], &ada["last_name"], &ada["locale"]], [&json!("Ada"), &json!("King"), &json!("de")]);
    assert_eq!((&ada["source"], &ada["consents"]), (&json!("signup_form"), &json!({})));
    let runs = acme.get(&format!("/v1/rules/{rule}/runs")).await;
    assert_eq!(runs["data"], json!([]), "rules hear of somebody who is somebody");
    let path = format!("/v1/contacts/{}", ada["id"].as_str().unwrap());
    let asked = acme.get(&format!("{path}/consents")).await["data"][0].clone();
    assert_eq!(
        [&asked["source"], &asked["text"], &asked["user_agent"], &asked["at"]],
        [&json!("signup_form"), &json!(CONSENT), &json!("Browser/1.0"), &json!("2026-03-02T09:00:05.000Z")]
    );
    let said: Vec<&Value> = asked["answers"].as_array().unwrap().iter().map(|one| &one["said"]).collect();
    assert_eq!(said, ["pending", "pending"], "news and offers, and not what the form does not offer");

    let letter = stage.letter();
    assert_eq!((letter.subject.as_str(), stage.letters().len()), ("Bitte bestätigen: news, offers von acme Ltd", 1));
    assert!(letter.text.contains(&link(&letter)), "whole also for who reads text: {}", letter.text);
    let shown = html(&stage.get(&link(&letter)).await);
    assert!(
        shown.contains("<html lang=\"de\">") && shown.contains("Möchten Sie Neues von Motoren, offers von acme Ltd per E-Mail"),
        "{shown}"
    );
    assert!(html(&press(&stage, &link(&letter)).await).contains("Vielen Dank"));
    let ada = acme.get(&path).await;
    let granted = |key: &str| ada["consents"][key]["granted"].clone();
    assert_eq!([granted("email:news"), granted("email:offers")], [json!(true), json!(true)]);
}

#[tokio::test]
async fn nobody_learns_who_is_known_and_nothing_of_them_changes() {
    let stage = Story::begin().await;
    let acme = open(&stage).await;
    let no = json!({ "first_name": "Bob", "emails": ["bob@example.com"], "consents": { "email:news": false } });
    let bob = acme.contact_with(&no).await;
    let quiet = acme.contact_with(&json!({ "emails": ["quiet@example.com"], "do_not_contact": true })).await;
    let form = |address: &str| format!("first_name=Eve&address={address}&topic=news&locale=de&consent=yes");
    let mut answers = Vec::new();
    for address in ["stranger@example.com", "bob@example.com", "quiet@example.com"] {
        let before = stage.memory.bill();
        let reply = fill(&stage, PATH, &form(address)).await;
        let cost = stage.memory.bill();
        answers.push((html(&reply), cost.write_units - before.write_units, cost.read_units - before.read_units));
        stage.drain().await;
    }
    assert_eq!([&answers[0].0, &answers[0].0], [&answers[1].0, &answers[2].0]);
    assert_eq!((answers[1].1, answers[1].2), (answers[2].1, answers[2].2), "not even by what it costs");
    let rows = acme.get(&format!("/v1/contacts/{}", bob.id)).await;
    assert_eq!(
        [&rows["first_name"], &rows["locale"], &rows["consents"]["email:news"]["granted"]],
        [&json!("Bob"), &Value::Null, &json!(false)]
    );
    let told: Vec<String> = stage.letters().into_iter().flat_map(|letter| letter.envelope).collect();
    assert_eq!(told, ["stranger@example.com", "bob@example.com"], "who is not to be contacted is not");
    let kept = acme.get(&format!("/v1/contacts/{}/preferences", quiet.id)).await;
    assert_eq!(kept["pending"], json!({}));

    // His own click says yes.
    press(&stage, &link(&stage.letters()[1])).await;
    let rows = acme.get(&format!("/v1/contacts/{}", bob.id)).await;
    assert_eq!(rows["consents"]["email:news"]["granted"], true);
}

#[tokio::test]
async fn the_form_needs_no_script_and_speaks_the_language_that_is_wanted() {
    let stage = Story::begin().await;
    let acme = open(&stage).await;
    let before = stage.rows();
    let page = stage.get(PATH).await;
    assert!(page.header("content-security-policy").unwrap().contains("default-src 'none'"));
    let english = html(&page);
    for part in [
        "<html lang=\"en\">",
        "<label for=\"address\">Email address</label>",
        "value=\"news\"> News about engines",
        "value=\"offers\"> offers",
        "Yes, &lt;write&gt; to me.",
        "<label for=\"locale\">",
        "tabindex=\"-1\"",
    ] {
        assert!(english.contains(part), "{part} is missing in {english}");
    }
    assert!(!english.contains("<script"));
    let accepting = async |language: &str| html(&stage.ask(Method::GET, PATH).header("accept-language", language).now().await);
    assert!(accepting("fr-CA, de;q=0.8").await.contains("Neues von Motoren"));
    assert!(html(&stage.get(&format!("{PATH}?lang=de")).await).contains("Ja, schreiben Sie mir."));
    assert_eq!(accepting("fi").await, english, "the tenant's own");
    stage.nothing_changed_since(&before, "a GET");
    put(&acme, &json!({ "active": false, "topics": [], "consent": {} })).await.is(200);
    stage.get(PATH).await.problem(404, "not-found");
    fill(&stage, PATH, "address=a@example.com&topic=news&consent=yes").await.problem(404, "not-found");
    stage.get("/p/nobody/signup").await.problem(404, "not-found");
}

#[tokio::test]
async fn what_is_wrong_is_said_on_the_page_and_programs_are_told_nothing() {
    let stage = Story::begin().await;
    open(&stage).await;
    let before = stage.rows();
    for (form, said) in [
        ("address=nobody&topic=news&consent=yes", "This is no email address."),
        ("address=a@example.com&consent=yes", "Please choose what we should send."),
        ("address=a@example.com&topic=secret&consent=yes", "Please choose what we should send."),
        ("address=a@example.com&topic=news", "Please tick that you agree."),
        ("address=a@example.com&topic=news&consent=yes&first_name=https://win.example", "at most 60 letters."),
    ] {
        let page = fill(&stage, PATH, form).await;
        assert_eq!(page.status, 422, "{form}");
        let page = html(&page);
        assert!(page.contains("role=\"alert\">Nothing was sent.") && page.contains(said), "{form}: {page}");
    }
    let again = html(&fill(&stage, PATH, "first_name=Ada&address=a%22b&topic=news&locale=de&consent=yes").await);
    for kept in ["value=\"Ada\"", "value=\"a&quot;b\"", "value=\"news\" checked", "value=\"de\" lang=\"de\" selected"] {
        assert!(again.contains(kept), "{kept} is missing in {again}");
    }
    let trapped = fill(&stage, PATH, "address=a@example.com&topic=news&consent=yes&website=https://win.example").await;
    assert!(trapped.status == 200 && html(&trapped).contains("We have sent you an email."));
    stage.nothing_changed_since(&before, "nothing that can be meant");
}

#[tokio::test]
async fn an_address_is_asked_seldom_and_a_tenants_form_bears_no_flood() {
    let stage = Story::begin().await;
    let acme = open(&stage).await;
    let first = html(&sign_up(&stage, "ada@example.com").await);
    for day in 1..=5 {
        assert_eq!(html(&sign_up(&stage, "ADA@example.com").await), first);
        assert_eq!(stage.letters().len(), 1, "asked within a day, {day}");
    }
    stage.clock.advance(86_400_000).unwrap();
    sign_up(&stage, "ada@example.com").await;
    assert_eq!(stage.letters().len(), 2);

    let mut statuses = Vec::new();
    for number in 0..210 {
        statuses.push(sign_up(&stage, &format!("p{number}@example.com")).await.status);
    }
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 199);
    assert_eq!((stage.rows_of("contact").len(), statuses[209]), (200, 429));
    let page = html(&sign_up(&stage, "ada@example.com").await);
    assert!(page.contains("role=\"alert\">There are too many requests"), "{page}");
    let bravo = stage.tenant("bravo").await;
    put(&bravo, &words()).await.is(200);
    let other = fill(&stage, "/p/bravo/signup", "address=b@example.com&topic=news&consent=yes").await;
    assert_eq!(other.status, 200, "another tenant's is its own");
    stage.drain().await;
    assert_eq!(found(&bravo, "b@example.com").await["source"], "signup_form");
    assert_eq!(found(&acme, "b@example.com").await, Value::Null);
}

#[tokio::test]
async fn who_signs_up_by_telephone_confirms_by_a_text_message() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    tests::texts::twilio(&acme).await;
    let body = json!({ "sid": "SM900", "status": "queued" }).to_string().into_bytes();
    let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    stage.providers_say(vec![Said::Answered(HttpReply { status: 201, headers, body, at: stage.clock.now() })]);
    let mut form = words();
    form["channel"] = json!("sms");
    put(&acme, &form).await.is(200);
    assert!(html(&stage.get(PATH).await).contains("type=\"tel\""));
    assert_eq!(fill(&stage, PATH, "address=a@example.com&topic=news&consent=yes").await.status, 422);
    fill(&stage, PATH, "address=%2B1+415+555+2671&topic=news&locale=de&consent=yes").await;
    stage.drain().await;
    let person = acme.get("/v1/contacts?phone=%2B14155552671").await["data"][0].clone();
    let asked = stage.outbox.asked().remove(0).body.whole().unwrap();
    let (_, text) = url::form_urlencoded::parse(&asked).into_owned().find(|(name, _)| name == "Body").unwrap();
    assert!(text.starts_with("acme Ltd: Bitte bestätigen Sie, dass Sie news von uns erhalten möchten: "), "{text}");
    let link = text.split_whitespace().last().unwrap().strip_prefix(PUBLIC_URL).unwrap();
    press(&stage, link).await;
    let person = acme.get(&format!("/v1/contacts/{}", person["id"].as_str().unwrap())).await;
    assert_eq!(person["consents"]["sms:news"]["granted"], true);
}

/// Processes die at every turn; the queue brings the work again.
#[tokio::test]
async fn whoever_dies_on_the_way_a_person_is_made_and_asked_once() {
    for seed in 0..6 {
        let stage = Story::begin().await;
        let acme = open(&stage).await;
        fill(&stage, PATH, "address=ada@example.com&topic=news&consent=yes").await;
        for (turn, fault) in (0..4).zip([Fault::CrashAfter, Fault::LostReply, Fault::CrashBefore, Fault::Conflict]) {
            stage.faults.strike(stage.faults.calls() + seed + turn * 7, fault);
        }
        for _ in 0..12 {
            stage.pass(200).await;
        }
        assert_eq!((stage.letters().len(), stage.rows_of("contact").len()), (1, 1), "seed {seed}");
        assert!(stage.rows_of("signup").is_empty(), "seed {seed}");
        assert_eq!(found(&acme, "ada@example.com").await["source"], "signup_form", "seed {seed}");
    }
}

#[tokio::test]
async fn a_form_is_kept_by_version_and_what_cannot_be_meant_is_refused() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let none = acme.look("/v1/signup-form").await;
    assert_eq!((none.header("etag"), &none.body["active"]), (Some("\"0\""), &json!(false)));
    put(&acme, &words()).await.is(200);
    let stale = acme.ask(Method::PUT, "/v1/signup-form").header("if-match", "\"0\"").json(&words()).now().await;
    stale.problem(412, "stale");
    let before = stage.rows();
    for (name, value, place) in [
        ("channel", json!("push"), "/channel"),
        ("topics", json!([]), "/topics"),
        ("topics", json!([{ "category": "transactional" }]), "/topics/0/category"),
        ("topics", json!([{ "category": "a" }, { "category": "a" }]), "/topics/1/category"),
        ("topics", json!([{ "category": "a", "names": { "fi": "A" } }]), "/topics/0/names/fi"),
        (
            "topics",
            json!([{ "category": "a".repeat(64) }, { "category": "b".repeat(64) }, { "category": "c".repeat(64) }]),
            "/topics",
        ),
        ("consent", json!({}), "/consent"),
        ("consent", json!({ "en": " " }), "/consent/en"),
        ("consent", json!({ "en": "x".repeat(1001) }), "/consent/en"),
        ("consent", json!({ "fi": "Kyllä" }), "/consent/fi"),
    ] {
        let mut wrong = words();
        wrong[name] = value;
        assert_eq!(put(&acme, &wrong).await.problem(422, "invalid"), [place], "{wrong}");
    }
    stage.nothing_changed_since(&before, "a form that is wrong");
}
