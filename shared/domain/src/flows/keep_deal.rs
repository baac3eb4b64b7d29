//! Creating, changing and deleting deals.

use kernel::error::Faults;
use kernel::{Error, Result};
use store::{Stored, TenantScope};

use super::Context;
use super::gather::{Gathered, known};
use crate::field::{Definitions, Object};
use crate::{Company, Contact, Deal, User};

/// Writes a new deal.
pub async fn create(context: &Context, scope: &TenantScope, definitions: &Definitions, deal: &mut Deal) -> Result<()> {
    check(scope, definitions, None, deal).await?;
    let mut writes = Gathered::new(scope, &context.keys);
    writes.push(scope.creating(deal)?);
    writes.found_by(None, Some(deal))?;
    // A deal of this id is there when an earlier try of the same request got this far.
    if writes.carry_out().await? || scope.read_now::<Deal>(deal.id).await?.is_some() {
        Ok(())
    } else {
        Err(changed_meanwhile())
    }
}

/// Writes a changed deal over the version it was read at.
pub async fn replace(
    context: &Context,
    scope: &TenantScope,
    definitions: &Definitions,
    before: &Deal,
    deal: &mut Stored<Deal>,
) -> Result<u64> {
    check(scope, definitions, Some(before), &mut deal.row).await?;
    let mut writes = Gathered::new(scope, &context.keys);
    writes.found_by(Some(before), Some(&deal.row))?;
    if writes.is_empty() {
        return scope.replace(deal).await;
    }
    writes.push(scope.replacing(deal)?);
    if writes.carry_out().await? {
        return Ok(deal.version.saturating_add(1));
    }
    Err(Error::Stale { version: scope.find::<Deal>(deal.row.id).await?.version })
}

/// Deletes a deal.
pub async fn delete(context: &Context, scope: &TenantScope, deal: &Stored<Deal>) -> Result<()> {
    let mut writes = Gathered::new(scope, &context.keys);
    writes.found_by(Some(&deal.row), None)?;
    writes.push(scope.erasing(deal)?);
    if writes.carry_out().await? { Ok(()) } else { Err(changed_meanwhile()) }
}

async fn check(scope: &TenantScope, definitions: &Definitions, before: Option<&Deal>, deal: &mut Deal) -> Result<()> {
    let mut faults = Faults::default();
    deal.check(&mut faults);
    definitions.judge(Object::Deal, before.map(|before| &before.fields), &mut deal.fields, &mut faults);
    faults.check()?;
    // What stood before was known once: it may be gone by now.
    if let Some(contact) = deal.contact_id.filter(|contact| before.and_then(|before| before.contact_id) != Some(*contact)) {
        known::<Contact>(scope, "/contact_id", contact).await?;
    }
    if let Some(company) = deal.company_id.filter(|company| before.and_then(|before| before.company_id) != Some(*company)) {
        known::<Company>(scope, "/company_id", company).await?;
    }
    if let Some(owner) = deal.owner.filter(|owner| before.and_then(|before| before.owner) != Some(*owner)) {
        known::<User>(scope, "/owner", owner).await?;
    }
    Ok(())
}

fn changed_meanwhile() -> Error {
    Error::conflict("the deal was changed by another request")
}
