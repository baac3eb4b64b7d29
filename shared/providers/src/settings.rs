//! Reads an account's settings and credentials into a provider's own types, and says where they are wrong. What was given is
//! never repeated in a fault: it may be a password.

use std::net::IpAddr;

use kernel::{Error, Result, Secret};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::Segment;

/// For a provider that has nothing to set.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Nothing {}

/// Reads the `settings` of an account; null stands for none.
pub(crate) fn settings<T: DeserializeOwned>(value: &Value) -> Result<T> {
    read(value, "/settings")
}

/// Reads the `credentials` of an account; null stands for none.
pub(crate) fn credentials<T: DeserializeOwned>(value: &Value) -> Result<T> {
    read(value, "/credentials")
}

fn read<T: DeserializeOwned>(value: &Value, base: &str) -> Result<T> {
    let none = Value::Object(serde_json::Map::new());
    let value = if value.is_null() { &none } else { value };
    // The derived readers take a list for an object whose fields stand in order.
    if !value.is_object() {
        return Err(fault(base, "an object is needed"));
    }
    serde_path_to_error::deserialize(value).map_err(|error| {
        let pointer = error.path().iter().fold(base.to_owned(), |pointer, segment| match segment {
            Segment::Map { key } => format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1")),
            Segment::Seq { index } => format!("{pointer}/{index}"),
            Segment::Enum { .. } | Segment::Unknown => pointer,
        });
        let message = error.inner().to_string();
        let lacking = message.strip_prefix("missing field `").and_then(|rest| rest.split('`').next());
        let pointer = lacking.map_or_else(|| pointer.clone(), |field| format!("{pointer}/{field}"));
        // The other messages of serde quote the value itself.
        let detail = if message.starts_with("unknown field") || message.starts_with("missing field") {
            message
        } else {
            "this value is of the wrong type or not one of those known".to_owned()
        };
        fault(&pointer, &detail)
    })
}

/// Checks a secret that goes into a header or an address: visible ASCII characters, so that no line can end in it.
pub(crate) fn visible(secret: &Secret, pointer: &str) -> Result<()> {
    let text = secret.reveal();
    if text.is_empty() || text.len() > 4096 || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(fault(pointer, "1 to 4096 visible ASCII characters are needed"));
    }
    Ok(())
}

/// Checks a secret that an account may do without.
pub(crate) fn visible_if_any(secret: Option<&Secret>, pointer: &str) -> Result<()> {
    secret.map_or(Ok(()), |secret| visible(secret, pointer))
}

/// Whether it is a host name or an IP address.
pub(crate) fn is_host(host: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    host.parse::<IpAddr>().is_ok() || (host.len() <= 253 && host.split('.').all(label))
}

/// Whether it is this machine.
pub(crate) fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The error for an account setting that is missing or wrong.
pub(crate) fn fault(pointer: &str, detail: &str) -> Error {
    Error::invalid(pointer, "setting", detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Sample {
        #[serde(default)]
        list: Vec<u8>,
    }

    fn pointer(value: &Value) -> (String, String) {
        let Err(Error::Invalid(faults)) = credentials::<Sample>(value) else { unreachable!("{value}") };
        (faults[0].pointer.clone(), faults[0].detail.clone())
    }

    #[test]
    fn faults_say_where_but_not_what_was_given() {
        let (place, detail) = pointer(&serde_json::json!({"list": [1, "hunter2"]}));
        assert_eq!(place, "/credentials/list/1");
        assert!(!detail.contains("hunter2"));
        let (place, detail) = pointer(&serde_json::json!({"lost": 1}));
        assert!(place.starts_with("/credentials"));
        assert!(detail.contains("lost"), "{detail}");
        assert_eq!(pointer(&serde_json::json!("hunter2")).0, "/credentials");
        assert_eq!(pointer(&serde_json::json!([[1]])).0, "/credentials");
        assert!(credentials::<Sample>(&Value::Null).unwrap().list.is_empty());
    }
}
