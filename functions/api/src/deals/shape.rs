//! Deals as callers see them and as requests say them.

use std::collections::BTreeMap;

use domain::Deal;
use domain::deal::Status;
use domain::price::{Amount, Currency};
use kernel::ids::{CompanyId, ContactId, DealId, UserId};
use kernel::{Result, Time};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::contacts::fields::{merge_fields, tags, trimmed};
use crate::input::{double_option, present, put};
use crate::reply::words::DealStatusWord;

/// Most digits of a value before the point.
const DIGITS: usize = 12;

/// Something to be won or lost.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DealView {
    #[schema(value_type = String, example = "dea_0195527c0d7b7c3e8a51d2b0f3a94c11")]
    id: DealId,
    title: String,
    /// A decimal.
    #[schema(example = "1200.50")]
    value: Option<String>,
    /// Three capital letters (ISO 4217).
    #[schema(value_type = Option<String>, example = "EUR")]
    currency: Option<Currency>,
    /// How far it is, by the name of the stage.
    stage: String,
    /// When it came there.
    #[serde(with = "kernel::clock::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    stage_at: Time,
    #[schema(value_type = DealStatusWord)]
    status: Status,
    /// Why it was won or lost.
    reason: Option<String>,
    /// When it was won or lost.
    #[serde(with = "kernel::clock::rfc3339::option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    closed_at: Option<Time>,
    /// The day on which it is expected to be decided.
    #[schema(format = Date)]
    expected_close: Option<String>,
    #[schema(value_type = Option<String>)]
    contact_id: Option<ContactId>,
    #[schema(value_type = Option<String>)]
    company_id: Option<CompanyId>,
    /// The user who keeps it.
    #[schema(value_type = Option<String>)]
    owner: Option<UserId>,
    tags: Vec<String>,
    /// Custom fields.
    #[schema(value_type = Object)]
    fields: BTreeMap<String, Value>,
    #[serde(with = "kernel::clock::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
    #[serde(with = "kernel::clock::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    updated_at: Time,
}

impl From<Deal> for DealView {
    fn from(deal: Deal) -> Self {
        Self {
            id: deal.id,
            title: deal.title,
            value: deal.value.map(|value| value.to_string()),
            currency: deal.currency,
            stage: deal.stage,
            stage_at: deal.stage_at,
            status: deal.status,
            reason: deal.reason,
            closed_at: deal.closed_at,
            expected_close: deal.expected_close,
            contact_id: deal.contact_id,
            company_id: deal.company_id,
            owner: deal.owner,
            tags: deal.tags,
            fields: deal.fields,
            created_at: deal.created_at,
            updated_at: deal.updated_at,
        }
    }
}

/// What a deal is made of, and what changes of one. What is absent stays as it is; null removes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DealFields {
    /// A new deal needs one.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = String, required = false, max_length = 200, example = "200 seats")]
    title: Option<String>,
    /// A decimal as text: at most twelve digits before the point and six behind it. It goes with a currency.
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<String>, example = "1200.50")]
    value: Option<Option<String>>,
    /// Three capital letters (ISO 4217).
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<String>, example = "EUR")]
    currency: Option<Option<Currency>>,
    /// The name of a stage; `new` when a new deal does not say. A deal that is won or lost does not move.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = String, required = false, max_length = 200, example = "offer")]
    stage: Option<String>,
    /// The day on which it is expected to be decided.
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<String>, format = Date)]
    expected_close: Option<Option<String>>,
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<String>)]
    contact_id: Option<Option<ContactId>>,
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<String>)]
    company_id: Option<Option<CompanyId>>,
    /// The user who keeps it.
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<String>)]
    owner: Option<Option<UserId>>,
    /// All tags.
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<Vec<String>>, max_items = 20)]
    tags: Option<Option<Vec<String>>>,
    /// Custom fields, as `/v1/fields` defines them; others hold text, numbers, true and false. Null removes one.
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<Object>)]
    fields: Option<Option<BTreeMap<String, Value>>>,
}

impl DealFields {
    /// Carries the change out; the flow judges the result.
    pub(super) fn apply(self, deal: &mut Deal, now: Time) -> Result<()> {
        put(&mut deal.title, self.title.map(trimmed));
        if let Some(value) = self.value {
            let amount = value.map(|text| Amount::parse_up_to(&text, DIGITS)).transpose();
            deal.value = amount.map_err(|error| error.under("/value"))?;
        }
        put(&mut deal.currency, self.currency);
        if let Some(stage) = self.stage {
            deal.advance(trimmed(stage), now)?;
        }
        put(&mut deal.expected_close, self.expected_close);
        put(&mut deal.contact_id, self.contact_id);
        put(&mut deal.company_id, self.company_id);
        put(&mut deal.owner, self.owner);
        put(&mut deal.tags, self.tags.map(tags));
        match self.fields {
            Some(Some(fields)) => merge_fields(&mut deal.fields, fields),
            Some(None) => deal.fields.clear(),
            None => {}
        }
        deal.updated_at = now;
        Ok(())
    }
}
