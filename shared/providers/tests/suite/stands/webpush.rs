use providers::Content;
use serde_json::json;

use super::{Stand, answered, direct};

/// The keys of the example of RFC 8291.
const PRIVATE: &str = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw";
const PUBLIC: &str = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";

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
