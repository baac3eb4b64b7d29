//! Creating, changing and deleting contacts. A contact and the rows of its addresses move together, so an address belongs to one
//! contact at most, and a suppression that stands on an address is seen on the contact at once.

use kernel::{Error, Result};
use store::{Stored, TenantScope, Write};

use super::Context;
use super::suppress::address_row;
use crate::consent::{Declaration, Evidence};
use crate::contact::Spot;
use crate::{Address, Contact};

/// Writes a new contact. An address that belongs to another contact is a conflict.
pub async fn create(context: &Context, scope: &TenantScope, contact: &mut Contact, evidence: &Evidence) -> Result<()> {
    contact.check()?;
    let mut writes = Vec::new();
    for spot in contact.spots() {
        writes.push(claim(context, scope, contact, &spot).await?);
    }
    writes.extend(declaring(context, scope, None, contact, 1, evidence)?);
    writes.push(scope.creating(contact)?);
    let refused = scope.transact(writes).await?;
    // A contact of this id is there when an earlier try of the same request got this far.
    if refused.is_none() || scope.read_now::<Contact>(contact.id).await?.is_some() { Ok(()) } else { Err(changed_meanwhile()) }
}

/// Writes a changed contact over the version it was read at.
pub async fn replace(
    context: &Context,
    scope: &TenantScope,
    before: &Contact,
    contact: &mut Stored<Contact>,
    evidence: &Evidence,
) -> Result<u64> {
    contact.row.check()?;
    let mut writes = Vec::new();
    let (old, new) = (before.spots(), contact.row.spots());
    for spot in new.iter().filter(|spot| !old.iter().any(|known| known.same(spot))) {
        writes.push(claim(context, scope, &mut contact.row, spot).await?);
    }
    for spot in old.iter().filter(|spot| !new.iter().any(|kept| kept.same(spot))) {
        writes.extend(release(context, scope, &mut contact.row, spot).await?);
    }
    writes.extend(declaring(context, scope, Some(before), &contact.row, contact.version.saturating_add(1), evidence)?);
    if writes.is_empty() {
        return scope.replace(contact).await;
    }
    writes.push(scope.replacing(contact)?);
    match scope.transact(writes).await? {
        None => Ok(contact.version.saturating_add(1)),
        Some(_) => Err(Error::Stale { version: scope.find::<Contact>(contact.row.id).await?.version }),
    }
}

/// Deletes a contact; its addresses belong to nobody then, and what is suppressed stays suppressed.
pub async fn delete(context: &Context, scope: &TenantScope, contact: &Stored<Contact>) -> Result<()> {
    let mut writes = Vec::new();
    for spot in contact.row.spots() {
        writes.extend(release(context, scope, &mut contact.row.clone(), &spot).await?);
    }
    writes.push(scope.erasing(contact)?);
    match scope.transact(writes).await? {
        None => Ok(()),
        Some(_) => Err(changed_meanwhile()),
    }
}

/// Makes an address the contact's own and takes over what is known of it.
async fn claim(context: &Context, scope: &TenantScope, contact: &mut Contact, spot: &Spot) -> Result<Write> {
    let mut address = address_row(context, scope, spot.channel, &spot.key).await?;
    if let Some(owner) = address.row.contact.filter(|owner| *owner != contact.id) {
        return Err(Error::invalid(spot.pointer.clone(), "taken", format!("the address belongs to {owner}")));
    }
    own(&mut address.row, contact, &spot.key);
    scope.replacing(&address)
}

/// Notes on both that the address is the contact's, and on the contact what stands against it.
pub(super) fn own(address: &mut Address, contact: &mut Contact, key: &str) {
    address.contact = Some(contact.id);
    for (channel, standing) in address.suppressions() {
        contact.suppress(channel, key, Some(standing.reason));
    }
}

/// Writes what a contact allows and prefers over the version it was read at, and what that declares. Its addresses stay as they are.
pub async fn declare(
    context: &Context,
    scope: &TenantScope,
    before: &Contact,
    contact: &Stored<Contact>,
    evidence: &Evidence,
) -> Result<u64> {
    match scope.transact(changing(context, scope, before, contact, evidence)?).await? {
        None => Ok(contact.version.saturating_add(1)),
        Some(_) => Err(Error::Stale { version: scope.find::<Contact>(contact.row.id).await?.version }),
    }
}

/// The writes of a change that leaves the addresses as they are, for a transaction with others.
pub(super) fn changing(
    context: &Context,
    scope: &TenantScope,
    before: &Contact,
    contact: &Stored<Contact>,
    evidence: &Evidence,
) -> Result<Vec<Write>> {
    contact.row.check()?;
    let declared = declaring(context, scope, Some(before), &contact.row, contact.version.saturating_add(1), evidence)?;
    Ok(declared.into_iter().chain([scope.replacing(contact)?]).collect())
}

/// The write that keeps what the change of a contact declares, if it declares anything.
fn declaring(
    context: &Context,
    scope: &TenantScope,
    before: Option<&Contact>,
    after: &Contact,
    version: u64,
    evidence: &Evidence,
) -> Result<Option<Write>> {
    let declared = Declaration::of_change(before, after, version, context.clock.now(), evidence);
    declared.map(|declared| scope.creating(&declared)).transpose()
}

/// Gives an address back.
async fn release(context: &Context, scope: &TenantScope, contact: &mut Contact, spot: &Spot) -> Result<Option<Write>> {
    let mut address = address_row(context, scope, spot.channel, &spot.key).await?;
    for (channel, _) in address.row.suppressions() {
        contact.suppress(channel, &spot.key, None);
    }
    if address.row.contact != Some(contact.id) {
        return Ok(None);
    }
    address.row.contact = None;
    if address.row.is_idle() { scope.erasing(&address).map(Some) } else { scope.replacing(&address).map(Some) }
}

fn changed_meanwhile() -> Error {
    Error::conflict("the contact or one of its addresses was changed by another request")
}
