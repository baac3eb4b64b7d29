//! What rules can be made of: the events that are known, and the fields that conditions may ask about.

use domain::event::known::{KNOWN, Teller};
use domain::rule::facts::FIELDS;
use serde::Serialize;
use utoipa::ToSchema;

use crate::caller::{Caller, may};
use crate::failure::Failure;
use crate::operations::operations;
use crate::reply::words::ConditionWord;
use crate::reply::{Reply, refused};

/// What rules can be made of.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RuleTerms {
    /// Events that are known. Callers may report others.
    events: Vec<KnownEvent>,
    /// What conditions may ask about. A name that ends in a star stands for all that lie below it.
    fields: Vec<KnownField>,
}

/// An event that is known.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct KnownEvent {
    #[schema(example = "contact.created")]
    name: &'static str,
    /// Whether the house tells of it by itself.
    own: bool,
    /// Whether callers may report it: what the house tells of besides, they report for what they keep elsewhere.
    reported: bool,
    /// When it is told, and what its data holds.
    description: &'static str,
}

/// A field that conditions may ask about.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct KnownField {
    #[schema(example = "contact.locale")]
    name: &'static str,
    /// What it holds: `text`, `number`, `boolean`, `time`, `list` or `any`.
    #[schema(example = "text")]
    kind: &'static str,
    /// What can be asked of it.
    #[schema(value_type = Vec<ConditionWord>)]
    ops: Vec<&'static str>,
}

/// Tells what rules can be made of: events, and fields for conditions.
#[utoipa::path(get, path = "/v1/rules/terms", tag = "rules", operation_id = "read_rule_terms", security(("key" = [])),
    responses((status = 200, description = "The events and fields.", body = RuleTerms), refused::Listing))]
async fn read_rule_terms(_: Caller<may::Read>) -> Result<Reply<RuleTerms>, Failure> {
    let event = |known: &domain::event::known::Known| KnownEvent {
        name: known.name,
        own: known.teller != Teller::Callers,
        reported: known.teller != Teller::House,
        description: known.words,
    };
    let events = KNOWN.iter().map(event).collect();
    let fields = FIELDS.iter().map(|&(name, kind)| KnownField {
        name,
        kind: kind.as_str(),
        ops: kind.ops().iter().map(|op| op.as_str()).collect(),
    });
    Ok(Reply::ok(RuleTerms { events, fields: fields.collect() }))
}

operations!(read_rule_terms);
