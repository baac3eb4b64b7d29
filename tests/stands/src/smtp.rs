use serde_json::json;

use super::{SECRET, Stand, mail};

/// It has no callbacks.
pub fn stand() -> Stand {
    Stand {
        id: "smtp",
        settings: json!({"host": "mail.example.com", "port": 465, "security": "tls"}),
        credentials: json!({"username": "shop", "password": SECRET}),
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
