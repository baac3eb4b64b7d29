//! Markup. It is made of templates, which are literals of this program, and of what is put into their slots; text is escaped on
//! its way in, so nothing that a message says can become markup. There is no other way to make an [`Html`].

use kernel::Time;

/// Finished markup.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Html(String);

impl Html {
    /// The text of it.
    pub(super) fn into_string(self) -> String {
        self.0
    }
}

impl FromIterator<Self> for Html {
    fn from_iter<I: IntoIterator<Item = Self>>(parts: I) -> Self {
        Self(parts.into_iter().map(Self::into_string).collect())
    }
}

/// What can stand in a slot.
pub(super) trait Slot {
    /// Writes it as markup.
    fn put(&self, out: &mut String);
}

impl Slot for Html {
    fn put(&self, out: &mut String) {
        out.push_str(&self.0);
    }
}

impl Slot for &str {
    fn put(&self, out: &mut String) {
        for character in self.chars() {
            match character {
                '&' => out.push_str("&amp;"),
                '<' => out.push_str("&lt;"),
                '>' => out.push_str("&gt;"),
                '"' => out.push_str("&quot;"),
                '\'' => out.push_str("&#39;"),
                other => out.push(other),
            }
        }
    }
}

impl Slot for String {
    fn put(&self, out: &mut String) {
        self.as_str().put(out);
    }
}

impl Slot for usize {
    fn put(&self, out: &mut String) {
        out.push_str(&self.to_string());
    }
}

/// A moment, in UTC, for people and for programs.
impl Slot for Time {
    fn put(&self, out: &mut String) {
        let text = self.to_string();
        let shown = text.get(..19).unwrap_or(&text).replace('T', " ");
        let time =
            fill(r#"<time datetime="{{text}}" title="{{text}}">{{shown}}</time>"#, &[("text", &text), ("shown", &shown)]);
        time.put(out);
    }
}

/// Puts the values into the slots of a template, `{{name}}`. A slot without a value stays as it is, for a test to trip over.
pub(super) fn fill(template: &'static str, slots: &[(&str, &dyn Slot)]) -> Html {
    let mut out = String::with_capacity(template.len() + 256);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        out.push_str(before);
        let Some((name, after)) = after.split_once("}}") else {
            rest = after;
            break;
        };
        match slots.iter().find(|(known, _)| *known == name) {
            Some((_, slot)) => slot.put(&mut out),
            None => out.extend(["{{", name, "}}"]),
        }
        rest = after;
    }
    out.push_str(rest);
    Html(out)
}

/// A whole page.
pub(super) fn page(title: &str, content: &Html) -> Html {
    fill(include_str!("shell.html"), &[("title", &title), ("content", content)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped_and_what_it_says_is_never_a_slot() {
        let hostile = r#"{{b}}"><script>alert('&')</script>"#;
        let html = fill("<p title=\"{{a}}\">{{a}}{{b}}</p>", &[("a", &hostile), ("b", &"<b>")]).into_string();
        let escaped = "{{b}}&quot;&gt;&lt;script&gt;alert(&#39;&amp;&#39;)&lt;/script&gt;";
        assert_eq!(html, format!("<p title=\"{escaped}\">{escaped}&lt;b&gt;</p>"));
    }

    #[test]
    fn markup_goes_in_as_it_is_and_a_forgotten_slot_is_seen() {
        let bold = fill("<b>{{x}}</b>", &[("x", &7_usize)]);
        assert_eq!(fill("{{bold}} {{gone}} {{", &[("bold", &bold)]).into_string(), "<b>7</b> {{gone}} ");
    }

    #[test]
    fn moments_are_shown_in_utc() {
        let html = fill("{{at}}", &[("at", &Time::from_millis(1_772_442_000_123))]).into_string();
        assert!(html.contains("2026-03-02T09:00:00.123Z") && html.contains(">2026-03-02 09:00:00<"), "{html}");
    }
}
