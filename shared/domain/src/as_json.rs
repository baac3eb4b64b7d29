//! Serde form of data whose outline is a caller's: one text of JSON. The table's own maps and numbers know less than JSON does
//! (38 digits, 32 levels, no order, no empty names), and what went in must come out byte for byte.

use serde::de::{DeserializeOwned, Error as _};
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Writes the data as text.
pub fn serialize<T: Serialize, S: Serializer>(data: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&serde_json::to_string(data).map_err(S::Error::custom)?)
}

/// Reads the text.
pub fn deserialize<'de, T: DeserializeOwned, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
    serde_json::from_str(&text).map_err(D::Error::custom)
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value};

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Sample {
        #[serde(with = "super")]
        data: Map<String, Value>,
    }

    #[test]
    fn what_the_table_does_not_know_survives() {
        let text = r#"{"":0,"big":1e+300,"deep":[[[{"z":null}]]],"long":0.1234567890123456,"whole":1.0}"#;
        let sample = Sample { data: serde_json::from_str(text).unwrap() };
        let stored = store::scope::value(&sample).unwrap();
        let store::Value::M(row) = &stored else { unreachable!() };
        assert_eq!(row.get("data"), Some(&store::Value::S(text.to_owned())));
        let json = serde_json::to_string(&sample).unwrap();
        assert_eq!(serde_json::from_str::<Sample>(&json).unwrap(), sample);
    }
}
