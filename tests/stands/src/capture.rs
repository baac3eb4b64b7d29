use super::{Stand, mail, nothing};

/// Its callbacks come through SNS: see the file `ses.rs` of the suite.
pub fn stand() -> Stand {
    Stand {
        id: "capture",
        settings: nothing(),
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
