//! Numbers as a table: the same answer as comma-separated values (RFC 4180).

use axum::response::{IntoResponse, Response};
use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, StatusCode};
use serde::Serialize;
use serde_json::Value;

use super::question::Format;
use crate::reply::Reply;

/// An answer in the form that was asked for.
#[derive(Debug)]
pub(crate) enum Told<T> {
    /// As JSON.
    Json(Reply<T>),
    /// As a table.
    Table(String),
}

impl<T: Serialize> IntoResponse for Told<T> {
    fn into_response(self) -> Response {
        let text = match self {
            Self::Json(reply) => return reply.into_response(),
            Self::Table(text) => text,
        };
        let headers = [
            (CONTENT_TYPE, HeaderValue::from_static("text/csv")),
            (CACHE_CONTROL, HeaderValue::from_static("no-store")),
            (CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"numbers.csv\"")),
        ];
        (StatusCode::OK, headers, text).into_response()
    }
}

/// Whether a table is wanted: by the parameter, else if the client accepts one more gladly than JSON.
pub(crate) fn wanted(format: Option<Format>, headers: &HeaderMap) -> bool {
    let accepts = || weight(headers, "text/csv") > weight(headers, "application/json");
    format.map_or_else(accepts, |format| format == Format::Csv)
}

/// How gladly a client takes such an answer, from 0 to 1: the range that names it most closely says so (RFC 9110, section 12.5.1).
fn weight(headers: &HeaderMap, kind: &str) -> f64 {
    let family = kind.split('/').next().unwrap_or_default();
    let ranges = [kind.to_owned(), format!("{family}/*"), "*/*".to_owned()];
    let accepted = || headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    let found = ranges.iter().find_map(|range| accepted().find_map(|accepted| quality(accepted, range)));
    found.unwrap_or_default()
}

/// The weight that is given to a range, if it is the one named. What is no weight is none.
fn quality(accepted: &str, range: &str) -> Option<f64> {
    let mut parts = accepted.split(';').map(str::trim);
    if !parts.next().is_some_and(|named| named.eq_ignore_ascii_case(range)) {
        return None;
    }
    let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
    let valid = |weight: &str| weight.parse().ok().filter(|weight| (0.0..=1.0).contains(weight)).unwrap_or_default();
    Some(weight.map_or(1.0, valid))
}

/// A line for each row; the columns are those of `blank`, a row in which nothing was counted.
pub(crate) fn table<T: Serialize>(blank: &T, rows: &[T]) -> String {
    let cells = |row: &T| {
        let mut cells = Vec::new();
        flatten(None, &serde_json::to_value(row).unwrap_or_default(), &mut cells);
        cells
    };
    let mut text = line(cells(blank).into_iter().map(|(name, _)| name));
    for row in rows {
        text.push_str(&line(cells(row).into_iter().map(|(_, cell)| cell)));
    }
    text
}

/// Every field as a cell, those of objects within it by a name of their own.
fn flatten(name: Option<&str>, value: &Value, cells: &mut Vec<(String, String)>) {
    match value {
        Value::Object(fields) => {
            for (field, value) in fields {
                let name = name.map_or_else(|| field.clone(), |name| format!("{name}_{field}"));
                flatten(Some(&name), value, cells);
            }
        }
        _ => cells.push((name.unwrap_or_default().to_owned(), cell(value))),
    }
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::String(text) => harmless(text),
        // Sums of costs: `12.5 EUR; 3 USD`.
        Value::Array(list) => list.iter().map(parts).collect::<Vec<_>>().join("; "),
        Value::Object(_) => parts(value),
    }
}

fn parts(value: &Value) -> String {
    value.as_object().map_or_else(|| cell(value), |fields| fields.values().map(cell).collect::<Vec<_>>().join(" "))
}

/// What a spreadsheet would take for a formula is text (OWASP, CSV injection).
fn harmless(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() }
}

fn line(cells: impl Iterator<Item = String>) -> String {
    let quoted = cells
        .map(|cell| if cell.contains([',', '"', '\n', '\r']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell });
    let mut line = quoted.collect::<Vec<_>>().join(",");
    line.push_str("\r\n");
    line
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_table_has_a_line_for_each_row_and_no_formula() {
        let blank = json!({ "counts": { "sent": 0 }, "key": null });
        let rows =
            [json!({ "counts": { "sent": 3 }, "key": "=HYPERLINK(\"x\")" }), json!({ "counts": { "sent": 4 }, "key": "a, b" })];
        assert_eq!(table(&blank, &rows), "counts_sent,key\r\n3,\"'=HYPERLINK(\"\"x\"\")\"\r\n4,\"a, b\"\r\n");
        assert_eq!(table(&blank, &[]), "counts_sent,key\r\n");
    }
}
