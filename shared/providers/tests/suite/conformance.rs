//! What holds for every provider in the list.

use std::collections::{BTreeMap, BTreeSet};

use kernel::Error;
use providers::{BounceClass, Call, Content, EventKind, PROVIDERS, Reply, Roots, SENDING, Verdict, find};
use serde_json::{Value, json};
use stands::{Post, SECRET, Stand, TAG, all, folder, now, outgoing, word};

fn refused(status: u16) -> Reply {
    Reply::Refused { status, code: String::new(), text: String::new(), after: None }
}

/// The stands of providers that post callbacks of their own, with a genuine post of each sample.
fn posts() -> Vec<(Stand, Vec<(&'static str, Post)>)> {
    let signed = |stand: &Stand| {
        let sign = stand.sign?;
        Some(stand.samples.iter().map(|sample| (sample.file, sign(stand.read(sample.file), now()))).collect::<Vec<_>>())
    };
    all().into_iter().filter_map(|stand| signed(&stand).map(|posts| (stand, posts))).collect()
}

#[test]
fn ids_are_distinct_and_every_provider_is_tried() {
    let ids: Vec<_> = PROVIDERS.iter().map(|provider| provider.id()).collect();
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len());
    assert!(ids.iter().all(|id| find(id).is_some_and(|provider| provider.id() == *id)));
    assert!(find("carrier-pigeon").is_none());
    let stands: BTreeSet<_> = all().iter().map(|stand| stand.id).collect();
    let senders = SENDING.iter().map(|provider| provider.id()).collect();
    assert_eq!(stands, senders, "what is only read has no stand: it is played by a server of `stub`");
}

#[test]
fn accounts_are_checked_and_unknown_fields_refused() {
    for stand in all() {
        let (provider, settings, credentials) = (stand.sending(), &stand.settings, &stand.credentials);
        provider.check(settings, credentials).unwrap();
        for (pointer, settings, credentials) in [
            ("/settings", with(settings, "surprise"), credentials.clone()),
            ("/credentials", settings.clone(), with(credentials, "surprise")),
            ("/settings", json!([SECRET]), credentials.clone()),
            ("/credentials", settings.clone(), json!(SECRET)),
        ] {
            let error = provider.check(&settings, &credentials).unwrap_err();
            assert!(!format!("{error:?}").contains(SECRET), "{}: {error:?}", stand.id);
            let Error::Invalid(faults) = error else { unreachable!("{error:?}") };
            assert!(faults.iter().all(|fault| fault.pointer.starts_with(pointer)), "{}: {faults:?}", stand.id);
        }
        // A value of another type, and one with a line end, in every place.
        for (place, given) in [("/settings", settings), ("/credentials", credentials)] {
            for name in given.as_object().unwrap().keys() {
                for odd in [json!({"odd": [SECRET]}), json!("hunter2\r\nX-Evil: 1")] {
                    let mut changed = given.clone();
                    changed[name] = odd;
                    let (settings, credentials) =
                        if place == "/settings" { (&changed, credentials) } else { (settings, &changed) };
                    if let Err(error) = provider.check(settings, credentials) {
                        assert!(!format!("{error:?}").contains(SECRET), "{}: {error:?}", stand.id);
                    } else {
                        assert!(!changed[name].is_object(), "{} takes an object for {place}/{name}", stand.id);
                    }
                }
            }
        }
    }
}

fn with(value: &Value, name: &str) -> Value {
    let mut changed = value.clone();
    changed[name] = SECRET.into();
    changed
}

#[test]
fn a_call_shows_nothing_of_the_message_or_the_account() {
    for stand in all() {
        let message = stand.outgoing();
        let call = stand.sending().call(&message, &stand.setup()).unwrap();
        let probe = stand.sending().probe(&stand.setup()).unwrap();
        let mut shown = vec![format!("{call:?}"), format!("{call:#?}"), format!("{message:?}"), format!("{message:#?}")];
        shown.extend([format!("{probe:?}"), format!("{:?}", stand.setup())]);
        for text in shown {
            for secret in stand.hidden() {
                assert!(!text.to_lowercase().contains(&secret.to_lowercase()), "{}: {secret} in {text}", stand.id);
            }
        }
        let again = stand.sending().call(&stand.outgoing(), &stand.setup()).unwrap();
        assert_eq!(whole(&again), whole(&call), "{}: the same message is not said in the same bytes", stand.id);
    }
}

fn whole(call: &Call) -> Option<Vec<u8>> {
    match call {
        Call::Ses(call) => call.raw.whole(),
        Call::Smtp(call) => call.raw.whole(),
        Call::Capture(call) => call.raw.whole(),
        Call::Http(call) => call.body.whole(),
        Call::Sns(call) => Some(call.text.clone().into_bytes()),
        Call::Look(_) => None,
    }
}

#[test]
fn web_requests_go_to_https_with_clean_headers() {
    for stand in all() {
        let probe = stand.sending().probe(&stand.setup()).unwrap();
        for call in [Some(stand.sending().call(&stand.outgoing(), &stand.setup()).unwrap()), probe].into_iter().flatten() {
            let Call::Http(call) = call else { continue };
            assert!(call.url.reveal().starts_with("https://"), "{}", stand.id);
            assert!(!call.host().is_empty());
            for (name, value) in &call.headers {
                assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'), "{name}");
                assert!(!value.contains(['\r', '\n']), "{}: {name}", stand.id);
                assert!(!value.contains(SECRET), "{}: {name} holds a secret outside the login", stand.id);
            }
        }
    }
}

#[test]
fn a_message_of_another_channel_is_refused() {
    let direct = Content::Direct(Box::new(stands::direct("+14155550123")));
    for stand in all() {
        let other = match stand.content {
            Content::Mail(_) => direct.clone(),
            Content::Direct(_) => stands::mail(),
        };
        assert!(stand.sending().call(&outgoing(other), &stand.setup()).is_err(), "{}", stand.id);
    }
}

#[test]
fn a_mail_with_an_injected_header_is_refused() {
    for mut stand in all() {
        let Content::Mail(mail) = &mut stand.content else { continue };
        mail.subject = "a\r\nBcc: x@y.example".to_owned();
        assert!(stand.sending().call(&stand.outgoing(), &stand.setup()).is_err(), "{}", stand.id);
    }
}

#[test]
fn answers_common_to_all_mean_the_same() {
    for stand in all() {
        let (provider, id) = (stand.sending(), stand.id);
        assert_eq!(provider.verdict(&Reply::Accepted { id: "m".into() }), Verdict::Sent { id: "m".into() });
        assert!(matches!(provider.verdict(&Reply::Unreached { text: "refused".into() }), Verdict::Retry { .. }), "{id}");
        assert!(matches!(provider.verdict(&Reply::Lost { text: "reset".into() }), Verdict::Unknown { .. }), "{id}");
        // The statuses of HTTP, and the codes of SMTP (RFC 5321 section 4.2.1).
        let passing: &[u16] = if id == "smtp" { &[421, 450, 451, 452, 454] } else { &[408, 425, 429, 500, 502, 503, 504] };
        let http = !matches!(id, "smtp" | "ses" | "capture");
        for status in passing {
            let reply = if http { stands::answered(*status, &[], &json!("")) } else { refused(*status) };
            let verdict = provider.verdict(&reply);
            assert!(matches!(verdict, Verdict::Retry { .. } | Verdict::Limited { .. }), "{id} {status}: {verdict:?}");
        }
        // What is not recognised may be tried again, and never counts as the recipient's fault.
        for status in [0, 100, 302, 418, 600, u16::MAX] {
            let unknown = Reply::Refused { status, code: "Novel".into(), text: "?".into(), after: Some(9) };
            assert!(matches!(provider.verdict(&unknown), Verdict::Retry { after: Some(9), .. }), "{id} {status}");
            if http {
                let odd = stands::answered(status, &[], &json!("<html>\u{0}"));
                let verdict = provider.verdict(&odd);
                assert!(matches!(verdict, Verdict::Retry { .. }), "{id} {status}: {verdict:?}");
            }
        }
    }
}

#[test]
fn answers_of_each_provider_mean_what_its_codes_say() {
    for stand in all() {
        for (reply, meaning) in &stand.answers {
            let verdict = stand.sending().verdict(reply);
            assert_eq!(word(&verdict), *meaning, "{}: {reply:?} {verdict:?}", stand.id);
        }
        assert!(stand.sign.is_none() || !stand.answers.is_empty(), "{} has no answers to tell apart", stand.id);
    }
}

/// A page for people in place of what a provider says when it took a message.
#[test]
fn a_success_that_cannot_be_read_leaves_open_what_was_done() {
    let mut tried = 0;
    for stand in all() {
        for (reply, meaning) in &stand.answers {
            let Reply::Answered(answer) = reply else { continue };
            if !meaning.starts_with("sent ") || answer.body.is_empty() {
                continue;
            }
            let page = Reply::Answered(providers::HttpReply { body: b"<html>Thank you!</html>".to_vec(), ..answer.clone() });
            assert_eq!(word(&stand.sending().verdict(&page)), "unknown", "{}", stand.id);
            tried += 1;
        }
    }
    assert!(tried >= 15, "{tried}");
}

#[test]
fn every_sample_is_expected_and_every_expectation_has_its_sample() {
    let known: BTreeMap<_, _> = all().into_iter().map(|stand| (stand.id, stand)).collect();
    for entry in std::fs::read_dir(folder()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(known.contains_key(name.as_str()), "no provider is called {name}");
    }
    for (id, stand) in known.iter().filter(|(_, stand)| !stand.through_sns()) {
        let mut expected: Vec<_> = stand.samples.iter().map(|sample| sample.file.to_owned()).collect();
        expected.sort();
        assert_eq!(stand.files(), expected, "{id}");
    }
}

#[test]
fn samples_say_what_they_should() {
    let roots = Roots::none();
    for (stand, posts) in posts() {
        let (provider, setup) = (stand.receiving(), stand.setup());
        let mut ids = BTreeMap::new();
        for ((file, post), sample) in posts.iter().zip(&stand.samples) {
            let verified = provider
                .verify(&post.callback(&roots), &setup)
                .unwrap_or_else(|error| panic!("{} {file}: {error:?}", stand.id));
            let events = provider.events(&verified, &setup);
            let told: Vec<(EventKind, Option<BounceClass>)> =
                events.iter().map(|event| (event.kind, event.detail.class)).collect();
            assert_eq!(told, sample.events, "{} {file}", stand.id);
            let inbound = provider.inbound(&verified, &setup);
            assert_eq!(inbound.len(), sample.inbound, "{} {file}", stand.id);
            for event in &events {
                assert!(event.tag.as_deref() == Some(TAG) || event.provider_id.is_some(), "{} {file}: whose?", stand.id);
                assert!(event.at > now().plus_seconds(-10 * 86_400) && event.at <= now(), "{} {file}: {}", stand.id, event.at);
                assert!(!event.id.is_empty() && event.id.len() <= 64 && !event.id.contains(['@', '#']), "{} {file}", stand.id);
                assert!(ids.insert(event.id.clone(), *file).is_none_or(|other| other == *file), "{} {file}", stand.id);
            }
            for one in &inbound {
                assert!(!one.id.is_empty() && !one.from.is_empty(), "{} {file}", stand.id);
                assert!(one.at > now().plus_seconds(-10 * 86_400) && one.at <= now(), "{} {file}: {}", stand.id, one.at);
                let shown = format!("{one:?}");
                assert!(one.text.as_ref().is_none_or(|text| text.len() < 4 || !shown.contains(text)), "{}", stand.id);
            }
            // A repetition is recognised.
            let again = provider.verify(&post.callback(&roots), &setup).unwrap();
            assert_eq!(provider.events(&again, &setup), events);
            assert!(provider.inbound(&again, &setup) == inbound);
        }
    }
}

#[test]
fn callbacks_are_proven_or_refused() {
    let roots = Roots::none();
    for (stand, posts) in posts() {
        let (provider, setup) = (stand.receiving(), stand.setup());
        let believed = |post: &Post| provider.verify(&post.callback(&roots), &setup).is_ok();
        for (file, post) in &posts {
            assert!(believed(post), "{} {file}", stand.id);
            for byte in 0..post.body.len().min(400) {
                let mut flipped = post.clone();
                flipped.body[byte] ^= 1;
                assert!(
                    !stand.covers_body || post.shown || !believed(&flipped),
                    "{} {file}: byte {byte} of the body",
                    stand.id
                );
            }
            // Nothing that the proof rests on can be left out, be there twice, or be changed.
            let proof = post.headers.iter().enumerate().filter(|(_, (name, _))| name != "content-type");
            for (at, (name, value)) in proof {
                let mut without = post.clone();
                without.headers.remove(at);
                assert!(!believed(&without), "{} {file} without {name}", stand.id);
                let mut twice = post.clone();
                twice.headers.push((name.clone(), value.clone()));
                assert!(!believed(&twice), "{} {file} with {name} twice", stand.id);
                for byte in 0..value.len() {
                    let mut bytes = value.clone().into_bytes();
                    bytes[byte] ^= 1;
                    let Ok(changed) = String::from_utf8(bytes) else { continue };
                    let mut flipped = post.clone();
                    flipped.headers[at].1 = changed;
                    let same = name == "authorization" && byte < 6;
                    assert!(same || !believed(&flipped), "{} {file}: byte {byte} of {name}", stand.id);
                }
            }
            if stand.stale && !post.shown {
                for seconds in [-2 * 86_400, 2 * 86_400] {
                    let late = Post { now: post.now.plus_seconds(seconds), ..post.clone() };
                    assert!(!believed(&late), "{} {file} at {}", stand.id, late.now);
                }
            }
        }
    }
}

#[test]
fn an_account_without_secrets_believes_nobody() {
    let roots = Roots::none();
    for (stand, posts) in posts() {
        let Some((_, post)) = posts.first() else { continue };
        for credentials in [json!({}), Value::Null] {
            let setup = providers::Setup { credentials: &credentials, token: None, ..stand.setup() };
            assert!(stand.receiving().verify(&post.callback(&roots), &setup).is_err(), "{}", stand.id);
        }
        // Empty in place of each secret.
        for name in stand.credentials.as_object().unwrap().keys() {
            let mut credentials = stand.credentials.clone();
            credentials[name] = json!("");
            let setup = providers::Setup { credentials: &credentials, ..stand.setup() };
            let empty = Post { headers: post.headers[..1].to_vec(), ..post.clone() };
            assert!(stand.receiving().verify(&empty.callback(&roots), &setup).is_err(), "{} {name}", stand.id);
        }
    }
}

#[test]
fn genuine_nonsense_says_nothing_and_breaks_nothing() {
    let roots = Roots::none();
    for stand in all() {
        let Some(sign) = stand.sign else { continue };
        let (provider, setup) = (stand.receiving(), stand.setup());
        let mut bodies: Vec<Vec<u8>> =
            ["", "null", "[]", "{}", "7", "\"x\"", "{\"type\":7}", "a=b&c", "{\"type\":", "\u{feff}{}"]
                .map(|text| text.as_bytes().to_vec())
                .into();
        bodies.push(vec![0xff; 300]);
        bodies.push([b"[".repeat(5_000), b"]".repeat(5_000)].concat());
        // Every sample with each of its values replaced by another type, and each field left out.
        for sample in &stand.samples {
            let Ok(genuine) = serde_json::from_slice::<Value>(&stand.read(sample.file)) else { continue };
            for pointer in pointers(&genuine, "") {
                for odd in [json!(null), json!(7), json!("odd"), json!([]), json!({}), json!(1e300)] {
                    let mut changed = genuine.clone();
                    *changed.pointer_mut(&pointer).unwrap() = odd;
                    bodies.push(changed.to_string().into_bytes());
                }
            }
        }
        for body in bodies {
            let post = sign(body, now());
            if let Ok(verified) = provider.verify(&post.callback(&roots), &setup) {
                for event in provider.events(&verified, &setup) {
                    assert!(event.id.len() <= 64, "{}", stand.id);
                }
                drop(provider.inbound(&verified, &setup));
                drop(provider.answer(&verified));
            }
        }
    }
}

fn pointers(value: &Value, at: &str) -> Vec<String> {
    let mut found = vec![at.to_owned()];
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, below)| {
            found.extend(pointers(below, &format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"))));
        }),
        Value::Array(rows) => {
            rows.iter().enumerate().for_each(|(number, below)| found.extend(pointers(below, &format!("{at}/{number}"))));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    found
}

#[test]
fn a_mail_goes_to_everybody_and_names_the_hidden_to_nobody() {
    for stand in all() {
        let (from, to, raw) = match stand.sending().call(&stand.outgoing(), &stand.setup()).unwrap() {
            Call::Ses(call) => (call.from, call.to, call.raw),
            Call::Smtp(call) => (call.from, call.to, call.raw),
            Call::Capture(call) => (call.from, call.to, call.raw),
            Call::Http(_) | Call::Sns(_) | Call::Look(_) => continue,
        };
        assert_eq!(from.as_str(), "news@shop.example");
        assert_eq!(
            to.iter().map(|email| email.as_str()).collect::<Vec<_>>(),
            ["ada@example.com", "copy@example.com", "hidden@example.com"]
        );
        let raw = raw.whole().unwrap();
        let read = mail_parser::MessageParser::new().parse(&raw).unwrap();
        assert_eq!(read.subject(), Some("Subject of a private kind"));
        assert_eq!(read.header_raw("X-Switchboard-Ref").map(str::trim), Some(TAG));
        assert!(!String::from_utf8_lossy(&raw).contains("hidden@"));
    }
}

#[test]
fn only_those_may_be_repeated_that_recognise_it() {
    let repeatable: BTreeSet<_> =
        SENDING.iter().filter(|provider| provider.repeatable()).map(|provider| provider.id()).collect();
    let known = BTreeSet::from([
        "capture", // keeps a message under its tag
        "resend",  // Idempotency-Key
        "webhook", // webhook-id
    ]);
    assert_eq!(repeatable, known);
}
