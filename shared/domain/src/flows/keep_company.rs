//! Creating, changing and deleting companies. Contacts and deals that refer to one that is gone keep its id until they are changed.

use kernel::error::Faults;
use kernel::{Error, Result};
use store::{Stored, TenantScope};

use super::Context;
use super::gather::{Gathered, known};
use crate::User;
use crate::company::Company;
use crate::field::{Definitions, Object};
use crate::unique::Unique;

/// Writes a new company. A domain or unique value that belongs to another one is a conflict.
pub async fn create(context: &Context, scope: &TenantScope, definitions: &Definitions, company: &mut Company) -> Result<()> {
    check(scope, definitions, None, company).await?;
    let mut writes = Gathered::new(scope, &context.keys);
    writes.push(scope.creating(company)?);
    gather(context, &mut writes, definitions, None, Some(company)).await?;
    // A company of this id is there when an earlier try of the same request got this far.
    if writes.carry_out().await? || scope.read_now::<Company>(company.id).await?.is_some() {
        Ok(())
    } else {
        Err(changed_meanwhile())
    }
}

/// Writes a changed company over the version it was read at.
pub async fn replace(
    context: &Context,
    scope: &TenantScope,
    definitions: &Definitions,
    before: &Company,
    company: &mut Stored<Company>,
) -> Result<u64> {
    check(scope, definitions, Some(before), &mut company.row).await?;
    let mut writes = Gathered::new(scope, &context.keys);
    gather(context, &mut writes, definitions, Some(before), Some(&company.row)).await?;
    if writes.is_empty() {
        return scope.replace(company).await;
    }
    writes.push(scope.replacing(company)?);
    if writes.carry_out().await? {
        return Ok(company.version.saturating_add(1));
    }
    Err(Error::Stale { version: scope.find::<Company>(company.row.id).await?.version })
}

/// Deletes a company.
pub async fn delete(
    context: &Context,
    scope: &TenantScope,
    definitions: &Definitions,
    company: &Stored<Company>,
) -> Result<()> {
    let mut writes = Gathered::new(scope, &context.keys);
    gather(context, &mut writes, definitions, Some(&company.row), None).await?;
    writes.push(scope.erasing(company)?);
    if writes.carry_out().await? { Ok(()) } else { Err(changed_meanwhile()) }
}

async fn check(scope: &TenantScope, definitions: &Definitions, before: Option<&Company>, company: &mut Company) -> Result<()> {
    let mut faults = Faults::default();
    company.check(&mut faults);
    definitions.judge(Object::Company, before.map(|before| &before.fields), &mut company.fields, &mut faults);
    faults.check()?;
    if let Some(owner) = company.owner.filter(|owner| before.and_then(|before| before.owner) != Some(*owner)) {
        known::<User>(scope, "/owner", owner).await?;
    }
    Ok(())
}

/// The rows beside the company's own.
async fn gather(
    context: &Context,
    writes: &mut Gathered<'_>,
    definitions: &Definitions,
    before: Option<&Company>,
    after: Option<&Company>,
) -> Result<()> {
    let domains = |company: Option<&Company>| company.map(|company| company.domains.clone()).unwrap_or_default();
    let (old, new) = (domains(before), domains(after));
    let row = |domain: &str, of: String| Unique::new(&context.keys, Object::Company, ".domain", domain, of);
    if let Some(before) = before {
        for domain in old.iter().filter(|domain| !new.contains(domain)) {
            writes.release(&row(domain, before.id.to_string())).await?;
        }
    }
    if let Some(after) = after {
        for (at, domain) in new.iter().enumerate().filter(|(_, domain)| !old.contains(domain)) {
            writes.claim(row(domain, after.id.to_string()), format!("/domains/{at}"))?;
        }
    }
    writes.fields(definitions, before, after).await?;
    writes.found_by(before, after)
}

fn changed_meanwhile() -> Error {
    Error::conflict("the company or one of its values was changed by another request")
}
