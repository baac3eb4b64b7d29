//! The bill of people: read units of a page of contacts, companies, deals and of a search, in a tenant of few and of many; write
//! units of making one of each.

use serde_json::{Map, Value, json};

use crate::Fallible;
use crate::world::World;

/// The pages that are asked for, and how many rows they have.
const PAGES: [(&str, &str, usize); 5] = [
    ("contacts", "/v1/contacts?limit=50", 50),
    ("companies", "/v1/companies?limit=50", 50),
    ("deals", "/v1/deals?limit=50", 50),
    ("search_of_many", "/v1/search?kind=contact&q=ada&limit=20", 20),
    ("search_of_one", "/v1/search?kind=contact&q=ada7@example.com", 1),
];

/// Pages in a tenant of a thousand of each and of five thousand.
pub(crate) async fn measure() -> Fallible<Value> {
    let (few, many) = (house(1_000).await?, house(5_000).await?);
    Ok(json!({ "of_1000": few, "of_5000": many }))
}

async fn house(count: usize) -> Fallible<Value> {
    // Every contact of the world is called Ada.
    let world = World::new(count).await?;
    let memory = &world.stage.memory;
    let mut made = Map::new();
    for number in 0..count {
        for (noun, body) in [
            (
                "contact",
                json!({ "first_name": "Grace", "last_name": "Hopper", "emails": [format!("grace{number}@example.com")] }),
            ),
            ("company", json!({ "name": format!("Engines {number}"), "domains": [format!("engines{number}.example")] })),
            ("deal", json!({ "title": "Seats", "value": "1200.50", "currency": "EUR" })),
        ] {
            let path = if noun == "company" { "/v1/companies".to_owned() } else { format!("/v1/{noun}s") };
            let before = memory.bill();
            world.post(&path, &body, &[]).await?;
            made.insert(noun.to_owned(), json!(memory.bill().since(before).write_units));
        }
    }
    let mut units = Map::from_iter([("write_units_of_one".to_owned(), Value::Object(made))]);
    for (name, path, rows) in PAGES {
        units.insert(name.to_owned(), json!(world.page_units(path, rows).await?));
    }
    world.stage.abandon();
    Ok(Value::Object(units))
}
