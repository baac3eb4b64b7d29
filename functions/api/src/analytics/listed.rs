//! Where the rows are listed that numbers count.

use super::span::Span;

/// How lists call the bounds of what messages reached, of when rows were made, of when tasks ended and of when deals were decided.
pub(super) const REACHED: (&str, &str) = ("reached_since", "reached_until");
pub(super) const MADE: (&str, &str) = ("since", "until");
pub(super) const ENDED: (&str, &str) = ("ended_since", "ended_until");
pub(super) const CLOSED: (&str, &str) = ("closed_since", "closed_until");

/// The list at that path: of a span, whose bounds it calls so, by those filters.
pub(super) fn listed<N: AsRef<str>, V: AsRef<str>>(
    path: &str,
    (since, until): (&str, &str),
    span: Span,
    filters: impl IntoIterator<Item = (N, V)>,
) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair(since, &span.since.to_string()).append_pair(until, &span.until.to_string()).extend_pairs(filters);
    format!("{path}?{}", query.finish())
}
