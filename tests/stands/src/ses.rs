use serde_json::json;

use super::{Stand, mail, nothing};

/// Its callbacks come through SNS: see the file `ses.rs` of the suite.
pub fn stand() -> Stand {
    Stand {
        id: "ses",
        settings: json!({"region": "eu-west-1", "configuration_set": "events", "topic_arns": []}),
        credentials: nothing(),
        secrets: Vec::new(),
        token: None,
        content: mail(),
        sign: None,
        covers_body: true,
        stale: true,
        samples: Vec::new(),
        answers: Vec::new(),
    }
}
