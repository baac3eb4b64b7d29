//! What is written down beside the code: the key table in the project's own description.

use crate::schema;

#[test]
fn the_key_table_in_the_description_is_the_one_in_the_schema() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../ARCHITECTURE.md");
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let table = text.split_once("<!-- key table -->").and_then(|(_, rest)| rest.split_once("<!-- /key table -->"));
    let table = table.map(|(table, _)| table.trim()).unwrap_or_default();
    let expected = schema::markdown();
    assert_eq!(table, expected.trim(), "ARCHITECTURE.md must have this between its two key table markers:\n{expected}");
}
