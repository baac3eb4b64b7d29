//! Creating, changing and deleting deals.

use kernel::Result;
use kernel::error::Faults;
use store::{Stored, TenantScope};

use super::gather::{Gathered, known_if_new, standing};
use super::{Context, forget};
use crate::field::{Definitions, Object};
use crate::{Company, Contact, Deal, User};

/// Writes a new deal.
pub async fn create(context: &Context, scope: &TenantScope, definitions: &Definitions, deal: &mut Deal) -> Result<()> {
    check(scope, definitions, None, deal).await?;
    let mut writes = Gathered::new(scope, &context.keys);
    writes.found_by(None, Some(deal))?;
    writes.create(deal).await
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
    deal.row.changed(before, context.clock.now());
    let mut writes = Gathered::new(scope, &context.keys);
    writes.found_by(Some(before), Some(&deal.row))?;
    writes.replace(deal).await
}

/// Deletes a deal, and has forgotten what timelines tell of it.
pub async fn delete(context: &Context, scope: &TenantScope, deal: &Stored<Deal>) -> Result<()> {
    let mut writes = Gathered::new(scope, &context.keys);
    writes.found_by(Some(&deal.row), None)?;
    writes.push(forget::ordering(context, scope, deal.row.id.hex())?);
    writes.erase(deal).await
}

async fn check(scope: &TenantScope, definitions: &Definitions, before: Option<&Deal>, deal: &mut Deal) -> Result<()> {
    let mut faults = Faults::default();
    deal.check(&mut faults);
    definitions.judge(Object::Deal, before.map(|before| &before.fields), &mut deal.fields, &mut faults);
    faults.check()?;
    let linked = before.map(|before| (before.contact_id, before.company_id)).unwrap_or_default();
    deal.contact_id = standing::<Contact, _>(scope, "/contact_id", linked.0, deal.contact_id).await?;
    deal.company_id = standing::<Company, _>(scope, "/company_id", linked.1, deal.company_id).await?;
    known_if_new::<User, _>(scope, "/owner", before.and_then(|before| before.owner), deal.owner).await
}
