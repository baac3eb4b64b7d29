//! What an order about a deal tells its template: the deal and its company, as they are when the message is accepted. Both
//! stand among the message's variables from then on, so that sending reads neither.

use kernel::ids::DealId;
use kernel::{Error, Result};
use serde_json::{Map, Value};
use store::TenantScope;

use crate::{Company, Deal};

/// Puts the deal and its company among the variables, unless the caller gave others of these names.
pub(super) async fn deal(scope: &TenantScope, id: DealId, variables: &mut Map<String, Value>) -> Result<()> {
    let found = scope.read::<Deal>(id).await?;
    let deal = found.ok_or_else(|| Error::invalid("/deal_id", "unknown", "no such deal"))?.row;
    if let Some(company) = deal.company_id
        && !variables.contains_key("company")
        && let Some(company) = scope.read::<Company>(company).await?
    {
        variables.insert("company".to_owned(), company.row.variables());
    }
    variables.entry("deal").or_insert_with(|| deal.variables());
    Ok(())
}
