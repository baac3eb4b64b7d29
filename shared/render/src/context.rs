//! Finds the value of a dotted name in the variables of a message, the way templates do.
//!
//! Templates of the older systems write `{{firstName}}` or `{{companyName}}`. Such a bare camel case
//! name means the variable of that name when there is one, and else the field it was made from.
//!
//! Invariant: JSON null is the same as no value, here and in both engines: nobody wants to read
//! "Dear none".

use serde_json::Value;

/// Objects whose fields a camel case name may spell out: `companyName` is `company.name`.
const OWNERS: [&str; 6] = ["contact", "company", "deal", "sender", "system", "tenant"];

/// The value under a dotted name; list items by their number.
pub(crate) fn find<'v>(context: &'v Value, path: &str) -> Option<&'v Value> {
    let mut value = context;
    for key in path.split('.') {
        value = match value {
            Value::Object(map) => map.get(key)?,
            Value::Array(list) => list.get(key.parse::<usize>().ok()?)?,
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => return None,
        };
    }
    (!value.is_null()).then_some(value)
}

/// The value that a name of a template has: its own, or that of the field it is an alias for.
pub(crate) fn resolve<'v>(context: &'v Value, name: &str) -> Option<&'v Value> {
    find(context, name).or_else(|| aliases(name).iter().find_map(|path| find(context, path.as_str())))
}

/// The fields that a bare camel case name may stand for, best first; none for any other name.
pub(crate) fn aliases(name: &str) -> Vec<String> {
    let camel = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.contains(|c: char| c.is_ascii_uppercase())
        && name.bytes().all(|b| b.is_ascii_alphanumeric());
    if !camel {
        return Vec::new();
    }
    let mut snake = String::with_capacity(name.len() + 4);
    for c in name.chars() {
        if c.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(c.to_ascii_lowercase());
    }
    let mut found = Vec::with_capacity(4);
    if let Some((owner, field)) = snake.split_once('_')
        && OWNERS.contains(&owner)
    {
        found.push(format!("{owner}.{field}"));
        found.push(format!("contact.{owner}.{field}"));
    }
    found.push(format!("contact.{snake}"));
    found.push(format!("system.{snake}"));
    found.push(snake);
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn dotted_names_reach_into_objects_and_lists() {
        let context = json!({"contact": {"name": "Ada", "tags": ["a", {"b": 1}], "none": null}});
        assert_eq!(find(&context, "contact.name"), Some(&json!("Ada")));
        assert_eq!(find(&context, "contact.tags.1.b"), Some(&json!(1)));
        for absent in ["contact.none", "contact.none.x", "contact.name.x", "contact.tags.2", "contact.tags.x", "x", ""] {
            assert_eq!(find(&context, absent), None, "{absent}");
        }
    }

    #[test]
    fn camel_case_names_find_their_field() {
        let context = json!({
            "contact": {"first_name": "Ada", "company": {"name": "Deep"}},
            "deal": {"value": 10},
            "system": {"unsubscribe_url": "u"},
            "order_number": 7,
            "lastName": "given",
        });
        assert_eq!(resolve(&context, "firstName"), Some(&json!("Ada")));
        assert_eq!(resolve(&context, "companyName"), Some(&json!("Deep")));
        assert_eq!(resolve(&context, "dealValue"), Some(&json!(10)));
        assert_eq!(resolve(&context, "unsubscribeUrl"), Some(&json!("u")));
        assert_eq!(resolve(&context, "orderNumber"), Some(&json!(7)));
        assert_eq!(resolve(&context, "lastName"), Some(&json!("given")));
        assert_eq!(resolve(&context, "first_name"), None);
        assert_eq!(resolve(&context, "FirstName"), None);
        assert_eq!(resolve(&context, "contactFirstName"), Some(&json!("Ada")));
    }

    #[test]
    fn only_bare_camel_case_is_an_alias() {
        assert!(aliases("name").is_empty());
        assert!(aliases("contact.firstName").is_empty());
        assert!(aliases("first_Name").is_empty());
        assert_eq!(
            aliases("companyName"),
            ["company.name", "contact.company.name", "contact.company_name", "system.company_name", "company_name"]
        );
    }
}
