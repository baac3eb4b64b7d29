//! Forged, altered, stale and misdirected SNS posts. Each one starts from a genuine post and must be refused for the reason
//! that was meant: a forgery refused by accident proves nothing.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use kernel::{Error, Time};
use providers::proof::{self, Refusal, WINDOW};
use providers::sns::{Kind, Version};
use serde_json::{Value, json};

use crate::addresses;
use crate::posts::{
    CERTIFICATE_URL, Forgery, House, Post, TOKEN, TOPIC, confirmation, envelopes, notification, now, set, without,
};

const VERSIONS: [Version; 2] = [Version::V1, Version::V2];

fn topics(house: &House) -> Vec<Forgery> {
    let foreign = [
        "arn:aws:sns:eu-west-1:000000000001:mail-events".to_owned(),
        "arn:aws:sns:us-east-1:000000000000:mail-events".to_owned(),
        "arn:aws-cn:sns:eu-west-1:000000000000:mail-events".to_owned(),
        TOPIC.to_uppercase(),
        format!("{TOPIC}x"),
        format!("{TOPIC} "),
        format!("{TOPIC}.fifo"),
        TOPIC.trim_end_matches('s').to_owned(),
        String::new(),
        "*".to_owned(),
    ];
    let mut forged: Vec<Forgery> = envelopes()
        .iter()
        .flat_map(|envelope| foreign.iter().map(|topic| set(envelope, "TopicArn", topic.as_str())))
        .map(|envelope| (format!("topic {}", envelope["TopicArn"]), house.signed(envelope, Version::V2), Refusal::Topic))
        .collect();
    for list in [vec![], vec![String::new()], vec!["*".to_owned()], vec![format!("{TOPIC},{TOPIC}")]] {
        let post = Post { topics: list.clone(), ..house.signed(notification(), Version::V2) };
        forged.push((format!("topics {list:?}"), post, Refusal::Topic));
    }
    forged
}

fn times(house: &House) -> Vec<Forgery> {
    let mut forged = Vec::new();
    for version in VERSIONS {
        let post = house.signed(set(&notification(), "Timestamp", now().to_string()), version);
        for millis in [WINDOW + 1, -WINDOW - 1, 2 * WINDOW, 24 * WINDOW, 24 * 365 * WINDOW, -24 * WINDOW, -now().millis()] {
            let late = Post { now: now().plus_millis(millis), ..post.clone() };
            forged.push((format!("seen {millis} ms later"), late, Refusal::Time));
        }
    }
    for text in
        ["", "yesterday", "2026-03-01", "2026-03-01T10:00:00", "1772359200", "2026-02-30T10:00:00Z", "9999999-01-01T00:00:00Z"]
    {
        let envelope = set(&notification(), "Timestamp", text);
        forged.push((format!("time {text:?}"), house.signed(envelope, Version::V2), Refusal::Time));
    }
    forged
}

/// Every signed field changed in several ways while the signature stays.
fn alterations(house: &House) -> Vec<Forgery> {
    let mut forged = Vec::new();
    for (index, envelope) in envelopes().into_iter().enumerate() {
        let version = VERSIONS[index % 2];
        let genuine = house.sign(envelope, version);
        for name in ["Message", "MessageId", "Subject", "SubscribeURL", "Token"] {
            let Some(value) = genuine[name].as_str() else { continue };
            let (middle, _) = value.char_indices().nth(value.chars().count() / 2).unwrap();
            let (before, after) = value.split_at(middle);
            for changed in [
                format!("{value} "),
                format!(" {value}"),
                format!("{before}x{after}"),
                format!("{before}{}", after.chars().skip(1).collect::<String>()),
                value.replacen(['e', '6', 'r'], "\u{435}", 1),
                String::new(),
            ] {
                let what = format!("{name} of {} is {changed:.20?}", genuine["Type"]);
                forged.push((what, house.post.with(&set(&genuine, name, changed)), Refusal::Signature));
            }
        }
        for time in [
            "2026-03-01T09:59:58.124Z",
            "2026-03-01T09:59:58.123+00:00",
            "2026-03-01t09:59:58.123z",
            "2026-03-01T09:59:58.1230Z",
        ] {
            forged.push((format!("time {time}"), house.post.with(&set(&genuine, "Timestamp", time)), Refusal::Signature));
        }
        let other = set(&genuine, "TopicArn", house.post.topics[0].as_str());
        forged.push(("another listed topic".to_owned(), house.post.with(&other), Refusal::Signature));
    }
    let genuine = house.sign(notification(), Version::V2);
    forged.push(("subject left out".to_owned(), house.post.with(&without(&genuine, "Subject")), Refusal::Signature));
    let bare = house.sign(without(&notification(), "Subject"), Version::V2);
    forged.push(("subject put in".to_owned(), house.post.with(&set(&bare, "Subject", "x")), Refusal::Signature));
    forged
}

fn kinds(house: &House) -> Vec<Forgery> {
    let mut forged = Vec::new();
    for envelope in envelopes() {
        let genuine = house.sign(envelope, Version::V2);
        for word in ["", "notification", "Notification ", "Other", "SubscriptionConfirmation\n", "Subscription"] {
            forged.push((format!("kind {word:?}"), house.post.with(&set(&genuine, "Type", word)), Refusal::Kind));
        }
    }
    let published = house.sign(notification(), Version::V2);
    let asked = house.sign(confirmation("SubscriptionConfirmation"), Version::V2);
    for kind in ["SubscriptionConfirmation", "UnsubscribeConfirmation"] {
        let mut dressed = set(&published, "Type", kind);
        dressed["Token"] = TOKEN.into();
        dressed["SubscribeURL"] = asked["SubscribeURL"].clone();
        forged.push((format!("a notification as {kind}"), house.post.with(&dressed), Refusal::Signature));
        forged.push((format!("bare as {kind}"), house.post.with(&set(&published, "Type", kind)), Refusal::Fields));
    }
    for kind in ["Notification", "UnsubscribeConfirmation"] {
        forged.push((format!("a confirmation as {kind}"), house.post.with(&set(&asked, "Type", kind)), Refusal::Signature));
    }
    forged
}

fn versions(house: &House) -> Vec<Forgery> {
    let mut forged = Vec::new();
    for envelope in envelopes() {
        for version in VERSIONS {
            let genuine = house.sign(envelope.clone(), version);
            let other = if version == Version::V1 { "2" } else { "1" };
            let post = house.post.with(&set(&genuine, "SignatureVersion", other));
            forged.push((format!("version {} called {other}", version.as_str()), post, Refusal::Signature));
            for word in ["", "0", "3", "01", "2.0", " 2", "2 ", "none", "SHA256", "\u{0662}"] {
                let post = house.post.with(&set(&genuine, "SignatureVersion", word));
                forged.push((format!("version {word:?}"), post, Refusal::Version));
            }
        }
    }
    forged
}

fn gaps(house: &House) -> Vec<Forgery> {
    let mut forged = Vec::new();
    for envelope in envelopes() {
        let genuine = house.sign(envelope, Version::V2);
        let kind = genuine["Type"].clone();
        let fields =
            ["Type", "MessageId", "TopicArn", "Message", "Timestamp", "SignatureVersion", "Signature", "SigningCertURL"];
        for name in fields {
            for (how, changed) in [
                ("is missing", without(&genuine, name)),
                ("is null", set(&genuine, name, Value::Null)),
                ("is a number", set(&genuine, name, 2)),
                ("is a list", set(&genuine, name, json!([genuine[name]]))),
            ] {
                forged.push((format!("{name} of {kind} {how}"), house.post.with(&changed), Refusal::Malformed));
            }
            let twice = genuine.to_string().replacen('{', &format!("{{\"{name}\":{},", genuine[name]), 1);
            let post = Post { body: twice.into_bytes(), ..house.post.clone() };
            forged.push((format!("{name} of {kind} is there twice"), post, Refusal::Malformed));
        }
        if kind != "Notification" {
            for name in ["Token", "SubscribeURL"] {
                forged.push((format!("no {name} in {kind}"), house.post.with(&without(&genuine, name)), Refusal::Fields));
            }
        }
    }
    forged
}

fn malformed(house: &House) -> Vec<Forgery> {
    let genuine = house.sign(notification(), Version::V2).to_string();
    let twofold = genuine.replacen('{', &format!("{{\"SigningCertUrl\":\"{CERTIFICATE_URL}\","), 1);
    let bodies = [
        String::new(),
        "null".to_owned(),
        "[]".to_owned(),
        "{}".to_owned(),
        "\"Notification\"".to_owned(),
        genuine[1..].to_owned(),
        genuine[..genuine.len() - 1].to_owned(),
        format!("{genuine}{genuine}"),
        format!("{genuine},"),
        format!("[{genuine}]"),
        format!("\u{feff}{genuine}"),
        genuine.replace('"', "'"),
        twofold,
        "[".repeat(100_000),
    ];
    let forged = bodies.into_iter().map(|body| {
        let post = Post { body: body.clone().into_bytes(), ..house.post.clone() };
        (format!("body {body:.30}"), post, Refusal::Malformed)
    });
    let mut forged: Vec<Forgery> = forged.collect();
    let broken = Post { body: b"{\"Type\":\"\xff\"}".to_vec(), ..house.post.clone() };
    forged.push(("no UTF-8".to_owned(), broken, Refusal::Malformed));
    forged
}

fn signatures(house: &House) -> Vec<Forgery> {
    let mut forged = Vec::new();
    let stranger = House::new();
    for version in VERSIONS {
        let genuine = house.sign(notification(), version);
        let text = genuine["Signature"].as_str().unwrap();
        let bytes = STANDARD.decode(text).unwrap();
        let other = house.sign(set(&notification(), "MessageId", "other"), version);
        let trailing = text.strip_suffix("==").map(|bare| format!("{}/==", &bare[..bare.len() - 1])).unwrap();
        for (what, signature) in [
            ("empty", String::new()),
            ("of another message", other["Signature"].as_str().unwrap().to_owned()),
            ("of another key", stranger.sign(notification(), version)["Signature"].as_str().unwrap().to_owned()),
            ("shortened", STANDARD.encode(&bytes[..255])),
            ("lengthened", STANDARD.encode([bytes.as_slice(), &[0]].concat())),
            ("led by zero", STANDARD.encode([&[0], bytes.as_slice()].concat())),
            ("zeros", STANDARD.encode([0_u8; 256])),
            ("ones", STANDARD.encode([255_u8; 256])),
            ("reversed", STANDARD.encode(bytes.iter().rev().copied().collect::<Vec<_>>())),
            ("without padding", text.trim_end_matches('=').to_owned()),
            ("with a line end", format!("{text}\n")),
            ("with spare bits", trailing),
            ("in another alphabet", URL_SAFE.encode([&[0xfb, 0xff], &bytes[2..]].concat())),
            ("in hexadecimal", bytes.iter().map(|byte| format!("{byte:02x}")).collect()),
            ("twice", format!("{text}{text}")),
        ] {
            let post = house.post.with(&set(&genuine, "Signature", signature));
            forged.push((format!("signature {what}"), post, Refusal::Signature));
        }
    }
    forged
}

/// The signed text has no mark of where a value ends: lines inside a value could pass for other fields.
fn lines(house: &House) -> Vec<Forgery> {
    let mut forged = Vec::new();
    let planted = set(&notification(), "Message", "harmless\nMessageId\nchosen\nSubject\nrest");
    let genuine = house.sign(without(&planted, "Subject"), Version::V2);
    assert!(house.post.with(&genuine).examine().is_ok());
    let mut read_otherwise = set(&genuine, "Message", "harmless");
    read_otherwise["Subject"] = format!("rest\nMessageId\n{}", genuine["MessageId"].as_str().unwrap()).into();
    read_otherwise["MessageId"] = "chosen".into();
    forged.push(("the same text in other fields".to_owned(), house.post.with(&read_otherwise), Refusal::Fields));
    for envelope in envelopes() {
        for name in ["MessageId", "Subject", "Timestamp", "TopicArn", "SubscribeURL", "Token"] {
            let Some(value) = envelope[name].as_str() else { continue };
            for end in ["\n", "\r", "\0", "\nType\nNotification"] {
                let changed = set(&envelope, name, format!("{value}{end}"));
                forged.push((format!("{name} with {end:?}"), house.signed(changed, Version::V2), Refusal::Fields));
            }
        }
    }
    forged
}

/// Confirmation addresses that are signed and still not to be asked.
fn confirmations(house: &House) -> Vec<Forgery> {
    let genuine = confirmation("SubscriptionConfirmation");
    let address = genuine["SubscribeURL"].as_str().unwrap().to_owned();
    let mut forged = Vec::new();
    for changed in [
        address.replace("https:", "http:"),
        address.replace("sns.eu-west-1.amazonaws.com", "evil.example"),
        address.replace("sns.eu-west-1.amazonaws.com", "sns.eu-west-1.amazonaws.com.evil.example"),
        address.replace("sns.eu-west-1.amazonaws.com", "sns.eu-west-1.amazonaws.com@evil.example"),
        address.replace("sns.eu-west-1.amazonaws.com", "sns.eu-west-1.amazonaws.com:8443"),
        address.replace("ConfirmSubscription", "DeleteTopic"),
        address.replace("ConfirmSubscription", "Unsubscribe"),
        address.replace("mail-events&", "other&"),
        address.replace("Token=23", "Token=24"),
        address.replace("/?", "/x?"),
        address.replace("/?", "/#?"),
        format!("{address}&Action=Publish"),
        format!("{address}&TopicArn={TOPIC}"),
        format!("{address}#fragment"),
        format!("{address}%00"),
        "https://sns.eu-west-1.amazonaws.com/".to_owned(),
        String::new(),
    ] {
        for kind in ["SubscriptionConfirmation", "UnsubscribeConfirmation"] {
            let envelope = set(&confirmation(kind), "SubscribeURL", changed.as_str());
            forged.push((format!("{kind} at {changed}"), house.signed(envelope, Version::V2), Refusal::Confirmation));
        }
    }
    forged
}

#[test]
fn genuine_posts_are_accepted_in_both_versions() {
    let house = House::new();
    for version in VERSIONS {
        for (envelope, kind) in
            envelopes().into_iter().zip([Kind::Notification, Kind::SubscriptionConfirmation, Kind::UnsubscribeConfirmation])
        {
            let verified = house.signed(envelope.clone(), version).examine().unwrap();
            let notice = verified.notice().unwrap();
            assert_eq!(notice.kind, kind);
            assert_eq!(notice.message, envelope["Message"]);
            assert_eq!(notice.message_id, envelope["MessageId"]);
            assert_eq!(notice.topic, TOPIC);
            assert_eq!(notice.at, Time::parse(envelope["Timestamp"].as_str().unwrap()).unwrap());
            let confirmation = notice.confirmation.as_ref();
            assert_eq!(confirmation.map(|how| how.token.as_str()), envelope["Token"].as_str());
            assert_eq!(confirmation.map(|how| how.url.as_str()), envelope["SubscribeURL"].as_str());
            assert!(!format!("{verified:?}").contains(&notice.message));
            // The issuer signs the same text as the documentation says.
            let issued = house.issuer.sign(&envelope, version).unwrap();
            assert!(Post { body: issued.into_bytes(), ..house.post.clone() }.examine().is_ok());
        }
    }
    let bare = house.sign(without(&notification(), "Subject"), Version::V2);
    assert!(house.post.with(&bare).examine().is_ok());
    assert!(house.post.with(&set(&bare, "Subject", Value::Null)).examine().is_ok());
    let lambda_spelling = bare.to_string().replace("SigningCertURL", "SigningCertUrl");
    assert!(Post { body: lambda_spelling.into_bytes(), ..house.post.clone() }.examine().is_ok());
    for millis in [WINDOW, -WINDOW] {
        let post = house.signed(set(&notification(), "Timestamp", now().to_string()), Version::V2);
        assert!(Post { now: now().plus_millis(millis), ..post }.examine().is_ok());
    }
}

#[test]
fn no_forgery_is_accepted() {
    let house = House::new();
    assert!(house.signed(notification(), Version::V2).examine().is_ok());
    let forged: Vec<Forgery> = [
        addresses::forged(&house),
        topics(&house),
        times(&house),
        alterations(&house),
        kinds(&house),
        versions(&house),
        gaps(&house),
        malformed(&house),
        signatures(&house),
        lines(&house),
        confirmations(&house),
    ]
    .concat();
    for (what, post, refusal) in &forged {
        assert_eq!(post.examine().map(|verified| verified.notice().unwrap().kind), Err(*refusal), "{what}");
        let told = proof::verify_sns(&post.callback()).unwrap_err();
        let alike = if *refusal == Refusal::Malformed {
            matches!(told, Error::Malformed { .. })
        } else {
            told == Error::Unauthenticated
        };
        assert!(alike, "{what}: {told:?}");
    }
    assert!(forged.len() >= 500, "{}", forged.len());
}
