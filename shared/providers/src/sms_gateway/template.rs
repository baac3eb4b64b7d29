//! Texts with named places, such as `Hello {to}`: parsed once, filled as the place they stand in wants it. A brace that is meant as
//! such is written twice. There are no conditions and no loops.

use std::collections::BTreeMap;

use kernel::Secret;

/// What can stand between braces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Name {
    /// The recipient's number with `+`.
    To,
    /// The recipient's number without `+`.
    ToDigits,
    /// The sender.
    From,
    /// The text.
    Text,
    /// Our id of the message.
    Id,
    /// Our reference, which a report may carry back.
    Tag,
    /// Where reports about this one message go.
    Callback,
    /// A secret of the account.
    Username,
    /// A secret of the account.
    Password,
    /// A secret of the account.
    Token,
}

impl Name {
    /// Every name and its word.
    const ALL: [(Self, &'static str); 10] = [
        (Self::To, "to"),
        (Self::ToDigits, "to_digits"),
        (Self::From, "from"),
        (Self::Text, "text"),
        (Self::Id, "id"),
        (Self::Tag, "tag"),
        (Self::Callback, "callback"),
        (Self::Username, "username"),
        (Self::Password, "password"),
        (Self::Token, "token"),
    ];
}

/// What the names stand for.
pub(super) type Values = BTreeMap<Name, Secret>;

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Value(Name),
}

/// A text with named places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Template(Vec<Part>);

impl Template {
    /// Reads the text. None where a brace stands alone or a name is not known.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            let (before, from) = rest.split_at(at);
            plain.push_str(before);
            if let Some(after) = from.strip_prefix("{{") {
                plain.push('{');
                rest = after;
            } else if let Some(after) = from.strip_prefix("}}") {
                plain.push('}');
                rest = after;
            } else {
                let (word, after) = from.strip_prefix('{')?.split_once('}')?;
                let (name, _) = Name::ALL.into_iter().find(|(_, known)| *known == word)?;
                parts.push(Part::Text(std::mem::take(&mut plain)));
                parts.push(Part::Value(name));
                rest = after;
            }
        }
        plain.push_str(rest);
        parts.push(Part::Text(plain));
        Some(Self(parts))
    }

    /// The names in it.
    pub(super) fn names(&self) -> impl Iterator<Item = Name> {
        self.0.iter().filter_map(|part| match part {
            Part::Value(name) => Some(*name),
            Part::Text(_) => None,
        })
    }

    /// The text with every value written as `write` says. What has no value is left empty.
    pub(super) fn fill(&self, values: &Values, write: fn(&str) -> String) -> String {
        let part = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            Part::Value(name) => values.get(name).map(|value| write(value.reveal())).unwrap_or_default(),
        };
        self.0.iter().map(part).collect()
    }
}

/// A value as part of an address (RFC 3986 section 2.3): all but the unreserved characters is written as percent and digits.
pub(super) fn percent(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_give_way_to_values_and_double_braces_to_single_ones() {
        let values = Values::from([(Name::To, Secret::new("+1 2")), (Name::Text, Secret::new("{to}&é"))]);
        let fill = |text: &str, write: fn(&str) -> String| Template::parse(text).map(|one| one.fill(&values, write));
        assert_eq!(fill("a{to}b{{c}}{text}{from}", str::to_owned).as_deref(), Some("a+1 2b{c}{to}&é"));
        assert_eq!(fill("{to}/{text}", percent).as_deref(), Some("%2B1%202/%7Bto%7D%26%C3%A9"));
        assert_eq!(fill("", str::to_owned).as_deref(), Some(""));
        for odd in ["{", "}", "{to", "to}", "{TO}", "{to }", "{}", "{{to}", "{a{to}}", "{env.HOME}"] {
            assert_eq!(Template::parse(odd), None, "{odd}");
        }
    }
}
