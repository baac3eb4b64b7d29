//! The table's definition, as it is deployed, and its making on first use.

use dynoxide::actions::create_table::CreateTableRequest;
use dynoxide::actions::update_time_to_live::{TimeToLiveSpecification, UpdateTimeToLiveRequest};
use dynoxide::{Database, DynoxideError, TableMetadata};

/// Name of the table.
pub const TABLE: &str = "switchboard";

/// Attribute that holds the second after which a row may be deleted.
const EXPIRES: &str = "expires";

/// The request that makes the table.
pub(super) const DEFINITION: &str = r#"{
    "TableName": "switchboard",
    "BillingMode": "PAY_PER_REQUEST",
    "AttributeDefinitions": [
        {"AttributeName": "pk", "AttributeType": "S"},
        {"AttributeName": "sk", "AttributeType": "S"},
        {"AttributeName": "due_pk", "AttributeType": "S"},
        {"AttributeName": "due_sk", "AttributeType": "S"}
    ],
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
    "GlobalSecondaryIndexes": [{
        "IndexName": "due",
        "KeySchema": [{"AttributeName": "due_pk", "KeyType": "HASH"}, {"AttributeName": "due_sk", "KeyType": "RANGE"}],
        "Projection": {"ProjectionType": "KEYS_ONLY"}
    }],
    "StreamSpecification": {"StreamEnabled": true, "StreamViewType": "NEW_AND_OLD_IMAGES"}
}"#;

/// Why the table cannot be used.
pub(super) enum Trouble {
    /// The engine says so.
    Engine(DynoxideError),
    /// It is there, but it is another one.
    Other(&'static str),
}

impl From<DynoxideError> for Trouble {
    fn from(error: DynoxideError) -> Self {
        Self::Engine(error)
    }
}

/// Makes the table when it is not there, or what is missing of it when its making was cut short. Answers with the id that it
/// was given when it was made, which no other table has.
pub(super) fn ensure(database: &Database) -> Result<String, Trouble> {
    let unreadable = |_| Trouble::Other("an unreadable definition");
    if database.get_table_metadata(TABLE)?.is_none() {
        database.create_table(serde_json::from_str::<CreateTableRequest>(DEFINITION).map_err(unreadable)?)?;
    }
    let mut table = database.get_table_metadata(TABLE)?.ok_or(Trouble::Other("no table"))?;
    if !table.ttl_enabled {
        let on = TimeToLiveSpecification { attribute_name: EXPIRES.to_owned(), enabled: true };
        database
            .update_time_to_live(UpdateTimeToLiveRequest { table_name: TABLE.to_owned(), time_to_live_specification: on })?;
        table = database.get_table_metadata(TABLE)?.ok_or(Trouble::Other("no table"))?;
    }
    compare(&table)?;
    table.table_id.ok_or(Trouble::Other("a table without an id"))
}

/// Whether the table is the one that the definition makes.
fn compare(table: &TableMetadata) -> Result<(), Trouble> {
    let wanted: serde_json::Value = serde_json::from_str(DEFINITION).map_err(|_| Trouble::Other("an unreadable definition"))?;
    let part = |name: &str| wanted.get(name).cloned().unwrap_or_default();
    let found = |text: Option<&str>| serde_json::from_str::<serde_json::Value>(text.unwrap_or("null")).unwrap_or_default();
    let keys = |indexes: &serde_json::Value| -> Vec<_> {
        let all = indexes.as_array().map(Vec::as_slice).unwrap_or_default();
        all.iter().map(|index| ["IndexName", "KeySchema", "Projection"].map(|name| index.get(name).cloned())).collect()
    };
    if found(Some(&table.key_schema)) != part("KeySchema") {
        Err(Trouble::Other("other keys"))
    } else if keys(&found(table.gsi_definitions.as_deref())) != keys(&part("GlobalSecondaryIndexes")) {
        Err(Trouble::Other("other indexes"))
    } else if !table.stream_enabled || table.stream_view_type.as_deref() != Some("NEW_AND_OLD_IMAGES") {
        Err(Trouble::Other("another stream"))
    } else if table.ttl_attribute.as_deref() != Some(EXPIRES) {
        Err(Trouble::Other("another time to live"))
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_the_one_that_the_template_deploys() {
        let template = include_str!("../../../template.yaml");
        let table = template.split("Type: AWS::DynamoDB::Table").nth(1).unwrap();
        let table = table.split("\n\n").next().unwrap();
        let wanted: serde_json::Value = serde_json::from_str(DEFINITION).unwrap();
        let count = |word: &str| table.matches(word).count();
        let attributes = wanted["AttributeDefinitions"].as_array().unwrap();
        for attribute in attributes {
            let name = attribute["AttributeName"].as_str().unwrap();
            assert_eq!(count(&format!("AttributeName: {name}, AttributeType: S")), 1, "{name}");
        }
        assert_eq!(count("AttributeType:"), attributes.len());
        for (name, kind) in [("pk", "HASH"), ("sk", "RANGE"), ("due_pk", "HASH"), ("due_sk", "RANGE")] {
            assert_eq!(count(&format!("AttributeName: {name}, KeyType: {kind}")), 1, "{name}");
        }
        assert_eq!((count("IndexName: due\n"), count("IndexName:"), count("ProjectionType: KEYS_ONLY")), (1, 1, 1));
        assert_eq!(count("StreamViewType: NEW_AND_OLD_IMAGES"), 1);
        assert_eq!(count(&format!("AttributeName: {EXPIRES}, Enabled: true")), 1);
    }
}
