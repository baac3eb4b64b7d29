//! Addresses in the header of a mail (RFC 5322 section 3.4), as leniently as people write them.

use kernel::Email;

use super::words;

/// Most addresses that are read of one field.
const MOST: usize = 100;

/// An address with its name. The address is as it was written when it is none of the usual form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Person {
    /// The address.
    pub(crate) email: String,
    /// The name.
    pub(crate) name: Option<String>,
}

/// The people whom a field names. Groups are read as their members.
pub(crate) fn people(field: &str) -> Vec<Person> {
    let mut found = Vec::new();
    let mut open = Open::default();
    let mut quoted = false;
    let mut escaped = false;
    let mut comments = 0_u32;
    let mut angle = false;
    for one in field.chars() {
        if std::mem::take(&mut escaped) {
            open.push(one, angle, comments > 0);
            continue;
        }
        match one {
            '\\' if quoted || comments > 0 => escaped = true,
            '"' if comments == 0 => quoted = !quoted,
            _ if quoted => open.push(one, angle, false),
            '(' => comments += 1,
            ')' if comments > 0 => comments -= 1,
            _ if comments > 0 => open.push(one, angle, true),
            '<' => {
                angle = true;
                open.angle.clear();
            }
            '>' => angle = false,
            ',' | ';' => {
                angle = false;
                found.extend(std::mem::take(&mut open).person());
                if found.len() >= MOST {
                    return found;
                }
            }
            // The name of a group.
            ':' if !angle => open = Open::default(),
            _ => open.push(one, angle, false),
        }
    }
    found.extend(open.person());
    found
}

/// What was read of one person.
#[derive(Default)]
struct Open {
    outside: String,
    angle: String,
    comment: String,
}

impl Open {
    fn push(&mut self, one: char, angle: bool, comment: bool) {
        let place = if comment {
            &mut self.comment
        } else if angle {
            &mut self.angle
        } else {
            &mut self.outside
        };
        place.push(one);
    }

    fn person(self) -> Option<Person> {
        let (email, name) =
            if self.angle.trim().is_empty() { (self.outside, self.comment) } else { (self.angle, self.outside) };
        let email = email.trim();
        if email.is_empty() || email.len() > 320 || email.contains(char::is_control) {
            return None;
        }
        let email = Email::parse(email).map_or_else(|_| email.to_owned(), |email| email.to_string());
        let name: String = words(&name).split_whitespace().collect::<Vec<_>>().join(" ");
        let name: String = name.chars().filter(|one| !one.is_control()).collect();
        Some(Person { email, name: Some(crate::event::cut(&name, 200)).filter(|name| !name.is_empty()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_read_as_they_are_written() {
        for (field, email, name) in [
            ("ada@example.com", "ada@example.com", None),
            ("Ada L <ada@EXAMPLE.com>", "ada@example.com", Some("Ada L")),
            ("\"L, Ada\" <ada@example.com>", "ada@example.com", Some("L, Ada")),
            ("\"Ada \\\"A\\\" <x>\" <ada@example.com>", "ada@example.com", Some("Ada \"A\" <x>")),
            ("ada@example.com (Ada (the first))", "ada@example.com", Some("Ada the first")),
            ("=?utf-8?q?L=C3=B8velace?= <ada@example.com>", "ada@example.com", Some("Løvelace")),
            ("<ada@example.com>, other@example.net", "ada@example.com", None),
            ("team: ada@example.com, eve@example.com;", "ada@example.com", None),
            ("Odd <\"a b\"@example.com>", "a b@example.com", Some("Odd")),
            ("nobody", "nobody", None),
        ] {
            let first = people(field).into_iter().next().unwrap();
            assert_eq!((first.email.as_str(), first.name.as_deref()), (email, name), "{field}");
        }
        assert_eq!(people("a@example.com, B <b@example.com>,, c@example.com").len(), 3);
        for none in ["", " ", "<>", "()", "\"", ",,;", "(((((", ":"] {
            assert!(people(none).is_empty(), "{none}");
        }
        assert_eq!(people(&"a@example.com,".repeat(5_000)).len(), MOST);
    }
}
