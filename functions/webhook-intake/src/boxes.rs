//! Boxes to tick. A box that is not ticked does not come back with the form, and a page may lie open for days while more is said
//! elsewhere; so a page says what it asked about, and nothing else is answered by it.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::pages::escape;

/// What comes back of the boxes of one name.
#[derive(Debug)]
pub(crate) struct Boxes {
    asked: BTreeSet<String>,
    ticked: BTreeSet<String>,
}

impl Boxes {
    /// Reads them out of a form.
    pub(crate) fn read(fields: &[(String, String)], name: &str) -> Self {
        let all = |name: &str| fields.iter().filter(|(field, _)| field == name).map(|(_, value)| value.clone()).collect();
        Self { asked: all(&asked(name)), ticked: all(name) }
    }

    /// What is said of one of them, if it was asked about or is ticked.
    pub(crate) fn answer(&self, value: &str) -> Option<bool> {
        let ticked = self.ticked.contains(value);
        (ticked || self.asked.contains(value)).then_some(ticked)
    }
}

/// The hidden field that says which boxes there are.
fn asked(name: &str) -> String {
    format!("asked_{name}")
}

/// Adds a box to a form. Nothing but the name need be free of markup.
pub(crate) fn draw(rows: &mut String, name: &str, value: &str, words: &str, ticked: bool) {
    let (asked, value, words) = (asked(name), escape(value), escape(words));
    let checked = if ticked { " checked" } else { "" };
    let _ = write!(
        rows,
        "<input type=\"hidden\" name=\"{asked}\" value=\"{value}\">\
         <label><input type=\"checkbox\" name=\"{name}\" value=\"{value}\"{checked}> {words}</label>"
    );
}
