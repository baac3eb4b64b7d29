//! Creating, changing and deleting companies. Contacts and deals that refer to one that is gone keep its id until they are changed.

use kernel::Result;
use kernel::error::Faults;
use store::{Stored, TenantScope};

use super::gather::{Gathered, known_if_new};
use super::{Context, forget};
use crate::User;
use crate::company::Company;
use crate::field::{Definitions, Object};
use crate::unique::Unique;

/// Writes a new company. A domain or unique value that belongs to another one is a conflict.
pub async fn create(context: &Context, scope: &TenantScope, definitions: &Definitions, company: &mut Company) -> Result<()> {
    gathered(context, scope, definitions, None, company).await?.create(company).await
}

/// Writes a changed company over the version it was read at.
pub async fn replace(
    context: &Context,
    scope: &TenantScope,
    definitions: &Definitions,
    before: &Company,
    company: &mut Stored<Company>,
) -> Result<u64> {
    gathered(context, scope, definitions, Some(before), &mut company.row).await?.replace(company).await
}

/// Judges what would be written, and writes nothing.
pub(super) async fn rehearse(
    context: &Context,
    scope: &TenantScope,
    definitions: &Definitions,
    before: Option<&Company>,
    company: &mut Company,
) -> Result<()> {
    gathered(context, scope, definitions, before, company).await?.rehearse().await
}

/// What makes a company what it is to be, but for its own row.
async fn gathered<'a>(
    context: &'a Context,
    scope: &'a TenantScope,
    definitions: &Definitions,
    before: Option<&Company>,
    company: &mut Company,
) -> Result<Gathered<'a>> {
    check(scope, definitions, before, company).await?;
    let mut writes = Gathered::new(scope, &context.keys);
    gather(context, &mut writes, definitions, before, Some(company)).await?;
    Ok(writes)
}

/// Deletes a company and its timeline.
pub async fn delete(
    context: &Context,
    scope: &TenantScope,
    definitions: &Definitions,
    company: &Stored<Company>,
) -> Result<()> {
    let mut writes = Gathered::new(scope, &context.keys);
    gather(context, &mut writes, definitions, Some(&company.row), None).await?;
    writes.push(forget::ordering(context, scope, company.row.id.hex())?);
    writes.erase(company).await
}

async fn check(scope: &TenantScope, definitions: &Definitions, before: Option<&Company>, company: &mut Company) -> Result<()> {
    let mut faults = Faults::default();
    company.check(&mut faults);
    definitions.judge(Object::Company, before.map(|before| &before.fields), &mut company.fields, &mut faults);
    faults.check()?;
    known_if_new::<User, _>(scope, "/owner", before.and_then(|before| before.owner), company.owner).await
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
    let row = |domain: &str, of: String| Unique::of_domain(&context.keys, domain, of);
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
