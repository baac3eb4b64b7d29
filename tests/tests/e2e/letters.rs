//! What the letter looks like: parts, headers, links, languages.

use serde_json::json;
use tests::Story;

const PAGE: &str = "<p><a href=\"https://shop.example/a?b=1&amp;c=2\">Shop</a> <a href=\"mailto:a@shop.example\">Write</a></p>";

#[tokio::test]
async fn html_and_text_stand_side_by_side_and_either_may_stand_alone() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    for content in [
        json!({ "subject": "both", "html": "<style>p{color:red}</style><p>Fancy</p>", "text": "Plain" }),
        json!({ "subject": "html", "html": "<p>Hello <b>Ada</b></p>" }),
        json!({ "subject": "text", "text": "Only text: 1 < 2 & 3" }),
    ] {
        acme.send_with(&json!({ "to": { "email": "ada@example.com" }, "content": content, "track": false })).await;
    }
    stage.drain().await;

    let letter = |subject: &str| stage.letters().into_iter().find(|letter| letter.subject == subject).unwrap();
    let both = letter("both");
    assert!(both.html.contains("style=\"color: red;\"") || both.html.contains("style=\"color:red"), "inlined: {}", both.html);
    assert_eq!(both.text.trim(), "Plain");
    assert!(letter("html").text.contains("Hello"), "derived: {}", letter("html").text);
    assert_eq!((letter("text").html.as_str(), letter("text").text.trim()), ("", "Only text: 1 < 2 & 3"));
}

/// Who reads the text part, or whose program looks at it first, must be able to follow what stands there.
#[tokio::test]
async fn an_address_is_whole_in_the_text_part_wherever_it_stands() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let address = format!("https://shop.example/order/{}?a=1&b=2", "0123456789".repeat(12));
    let written = address.replace('&', "&amp;");
    let cell = format!("<td>Left of it are words</td><td>{written}</td><td>Right of it are more of them</td>");
    let places = [
        format!("<p><a href=\"{written}\">Look</a></p>"),
        format!("<p>Look at {written}, please, before the end of the week.</p>"),
        format!("<h2>Look: {written}</h2>"),
        format!("<table><tr>{cell}</tr></table>"),
        format!("<blockquote><ul><li>Look: {written}</li></ul></blockquote>"),
        format!("<pre>Look:  {written}</pre>"),
    ];
    for (at, place) in places.iter().enumerate() {
        let content = json!({ "subject": format!("S{at}"), "html": place });
        acme.send_with(&json!({ "to": { "email": "ada@example.com" }, "content": content, "track": false })).await;
    }
    stage.drain().await;
    for letter in stage.letters() {
        assert!(letter.text.contains(&address), "{}: {}", letter.subject, letter.text);
    }
    assert_eq!(stage.letters().len(), places.len());
}

#[tokio::test]
async fn every_letter_has_the_headers_that_mail_needs() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let message = acme
        .send_with(&json!({
            "to": { "email": "ada@example.com" }, "content": { "subject": "Grüße, Ada ✓", "text": "Hi" },
            "headers": { "X-Campaign": "spring", "Auto-Submitted": "auto-generated" }
        }))
        .await;
    stage.drain().await;

    let letter = stage.letter();
    let hex = message.id.strip_prefix("msg_").unwrap();
    assert_eq!(letter.header("Message-ID"), Some(format!("<{hex}@acme.example>").as_str()));
    assert_eq!(letter.subject, "Grüße, Ada ✓");
    assert!(letter.header("Date").unwrap().contains("2 Mar 2026 09:00:00"));
    assert_eq!(letter.header("MIME-Version"), Some("1.0"));
    assert_eq!((letter.header("X-Campaign"), letter.header("Auto-Submitted")), (Some("spring"), Some("auto-generated")));
    assert!(letter.raw.is_ascii() || letter.raw.split("\r\n\r\n").next().unwrap().is_ascii(), "heads are plain ASCII");
}

#[tokio::test]
async fn only_what_can_be_left_offers_to_leave() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let ada = acme.contact_with(&json!({ "emails": ["ada@example.com"], "consents": { "email:marketing": true } })).await;

    acme.send(&ada, "welcome").await;
    acme.news(&ada).await;
    stage.drain().await;

    let [receipt, news] = <[_; 2]>::try_from(stage.letters()).unwrap();
    assert_eq!((receipt.header("List-Unsubscribe"), receipt.header("List-Unsubscribe-Post")), (None, None));
    assert_eq!(news.header("List-Unsubscribe-Post"), Some("List-Unsubscribe=One-Click"));
    assert!(news.unsubscribe().starts_with("/u/"));
}

#[tokio::test]
async fn links_lead_through_the_redirect_and_a_pixel_tells_of_opens() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let content = json!({ "subject": "Links", "html": PAGE, "text": "https://shop.example/a?b=1" });
    acme.send_with(&json!({ "to": { "email": "ada@example.com" }, "content": content })).await;
    stage.drain().await;

    let letter = stage.letter();
    let links = letter.links();
    assert!(links[0].starts_with("https://switchboard.example/t/c/"), "{links:?}");
    assert!(!links[0].contains("shop"), "the destination is not to be read in the link");
    assert_eq!(links[1], "mailto:a@shop.example", "what is no web address stays");
    assert!(letter.pixel().is_some());
    assert_eq!(letter.text.trim(), "https://shop.example/a?b=1", "text is left as it is");
    let clicked = stage.get(&letter.tracked_link()).await;
    assert_eq!((clicked.status, clicked.header("location")), (302, Some("https://shop.example/a?b=1&c=2")));
    stage.drain().await;
}

#[tokio::test]
async fn an_untracked_letter_has_neither() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let content = json!({ "subject": "Links", "html": PAGE });
    acme.send_with(&json!({ "to": { "email": "ada@example.com" }, "content": content, "track": false })).await;
    stage.drain().await;

    let letter = stage.letter();
    assert_eq!(letter.links(), ["https://shop.example/a?b=1&c=2", "mailto:a@shop.example"]);
    assert_eq!(letter.pixel(), None);
    assert!(!letter.raw.contains("/t/"));
}

#[tokio::test]
async fn further_recipients_get_it_and_hidden_ones_stay_hidden() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let order = json!({
        "to": { "email": "ada@example.com", "name": "Ada" }, "cc": ["bob@example.com", "ADA@example.com"], "bcc": ["eve@example.com"],
        "reply_to": "help@acme.example", "content": { "subject": "Hi", "text": "Hello" },
    });
    let message = acme.send_with(&order).await;
    stage.drain().await;

    let letter = stage.letter();
    assert_eq!(letter.to, ["Ada <ada@example.com>"]);
    assert_eq!(letter.cc, ["bob@example.com", "ADA@example.com"]);
    assert_eq!(letter.reply_to, ["help@acme.example"]);
    assert_eq!(letter.envelope, ["ada@example.com", "bob@example.com", "eve@example.com"], "each once");
    assert!(!letter.raw.contains("eve@example.com"));
    let now = acme.message(&message).await;
    assert_eq!((&now["cc"], &now["bcc"], &now["reply_to"]), (&order["cc"], &order["bcc"], &order["reply_to"]));
}

#[tokio::test]
async fn a_letter_speaks_the_contacts_language_as_far_as_the_template_does() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let template = acme.post("/v1/templates", &json!({ "name": "hello" })).await.is(201)["id"].as_str().unwrap().to_owned();
    let content = |subject: &str| json!({ "subject": subject, "text": subject });
    let contents = json!({ "en": content("Hello"), "de": content("Hallo"), "pt-BR": content("Oi") });
    acme.version(&template, &json!({ "contents": contents })).await;

    for (contact, order, expected) in [
        (Some("de-AT"), None, "Hallo"),
        (Some("pt-BR"), None, "Oi"),
        (Some("pt-PT"), None, "Hello"),
        (Some("fr"), None, "Hello"),
        (None, None, "Hello"),
        (Some("de"), Some("pt-BR"), "Oi"),
        (Some("de"), Some("fr"), "Hello"),
    ] {
        let ada = acme
            .contact_with(&json!({ "emails": [format!("{}@example.com", stage.letters().len())], "locale": contact }))
            .await;
        acme.send_with(&json!({ "to": { "contact": ada.id }, "template": "hello", "locale": order })).await;
        stage.drain().await;
        let last = stage.letters().pop().unwrap();
        assert_eq!(last.subject, expected, "contact {contact:?}, order {order:?}");
    }
}

#[tokio::test]
async fn a_letter_knows_its_contact_its_tenant_and_the_older_ways_of_naming_them() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let ada = acme
        .contact_with(&json!({
            "first_name": "Ada", "last_name": "Lovelace", "company": "Engines", "emails": ["ada@example.com"],
            "fields": { "plan": "pro", "seats": 3 },
        }))
        .await;
    let jinja = "{{ contact.name }}|{{ contact.company.name }}|{{ contact.plan }}|{{ contact.seats }}|{{ tenant.name }}|{{ firstName }}";
    let go = "{{.contact.first_name}}|{{.contact.company.name}}|{{if .contact.plan}}{{.tenant.slug}}{{end}}";
    for text in [jinja, go] {
        let content = json!({ "subject": "Hi", "text": text });
        acme.send_with(&json!({ "to": { "contact": ada.id }, "content": content, "variables": { "firstName": "Countess" } }))
            .await;
    }
    stage.drain().await;

    let texts: Vec<String> = stage.letters().iter().map(|letter| letter.text.trim().to_owned()).collect();
    assert_eq!(texts, ["Ada Lovelace|Engines|pro|3|acme Ltd|Countess", "Ada|Engines|acme"]);
}
