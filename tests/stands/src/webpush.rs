use providers::Content;
use serde_json::json;

use super::api::{self, Api, Check, Door, header, said};
use super::{Stand, answered, direct};

/// The keys of the example of RFC 8291.
const PRIVATE: &str = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw";
const PUBLIC: &str = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";

/// The public key of [`PRIVATE`].
const OURS: &str = "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8";

pub fn stand() -> Stand {
    let keys = json!({"p256dh": PUBLIC, "auth": "BTBZMqHH6r4Tts7J_aSIgg"});
    let to = json!({"endpoint": "https://updates.push.services.mozilla.com/wpush/v2/private", "keys": keys});
    let place = [("location", "https://updates.push.services.mozilla.com/m/gAAAAABp")];
    Stand {
        id: "webpush",
        settings: json!({"subject": "mailto:push@shop.example", "ttl": 86_400, "hosts": ["push.shop.example"]}),
        credentials: json!({"private_key": PRIVATE}),
        secrets: vec![PRIVATE.to_owned(), PUBLIC.to_owned()],
        token: None,
        content: Content::Direct(Box::new(direct(&to.to_string()))),
        sign: None,
        covers_body: true,
        stale: true,
        samples: Vec::new(),
        answers: vec![
            (answered(201, &place, &json!("")), "sent gAAAAABp"),
            (answered(200, &[], &json!("")), "sent"),
            (answered(202, &[], &json!("")), "sent"),
            (answered(400, &[], &json!({"errno": 110})), "rejected"),
            (answered(401, &[], &json!({"errno": 109})), "misconfigured"),
            (answered(403, &[], &json!("the key in the authorization header does not correspond")), "misconfigured"),
            (answered(404, &[], &json!({"errno": 102})), "gone"),
            (answered(410, &[], &json!({"errno": 106})), "gone"),
            (answered(413, &[], &json!("")), "rejected"),
            (answered(429, &[("retry-after", "30")], &json!("")), "limited 30"),
            (answered(503, &[("retry-after", "9")], &json!("")), "retry 9"),
        ],
    }
}

/// The address of the subscription: VAPID (RFC 8292), and a body that nobody on the way can read (RFC 8291).
pub fn api() -> Api {
    let signed: Check = Box::new(|request| {
        let proof = request.header("authorization").and_then(|proof| proof.strip_prefix("vapid t=")).ok_or("no VAPID")?;
        let (token, key) = proof.split_once(", k=").ok_or("no key")?;
        api::held(key == OURS, || "the key is another".to_owned())?;
        let key = kernel::crypto::decode(key).ok_or("no base64")?;
        let fits = |text: &[u8], code: &[u8]| super::signs_es256(&key, text, code);
        let claims = api::token(token, fits, &json!({"alg": "ES256", "typ": "JWT"}))?;
        api::held(claims["exp"].is_i64(), || "exp is missing".to_owned())?;
        let expected =
            [("/aud", json!("https://updates.push.services.mozilla.com")), ("/sub", json!("mailto:push@shop.example"))];
        api::stands(&claims, &expected)
    });
    let sealed: Check = Box::new(|request| {
        // Salt, size of records, length of the key, key, and at least a tag (RFC 8188).
        let whole = request.body.len() > 16 + 4 + 1 + 65 + 16 && request.body[20] == 65;
        api::held(whole && !request.body.windows(5).any(|part| part == b"order"), || "the body is not sealed".to_owned())
    });
    let other = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
    let place = [("location", "https://updates.push.services.mozilla.com/m/gAAAAABp")];
    Api {
        tokens: None,
        messages: Door {
            line: "POST https://updates.push.services.mozilla.com/wpush/v2/private".to_owned(),
            login: signed,
            takes: api::all_of(vec![header("content-encoding", "aes128gcm"), header("ttl", "86400"), sealed]),
            unknown: said(401, &[], &json!({"errno": 109})),
            taken: said(201, &place, &json!("")),
        },
        http2: false,
        stranger: Some((stand().settings, json!({"private_key": other}))),
        refuses_accounts: true,
        limited: (said(429, &[("retry-after", "50")], &json!("")), 50),
        refused: said(400, &[], &json!({"errno": 110})),
        down: said(503, &[], &json!("")),
        garbled: "sent",
    }
}
