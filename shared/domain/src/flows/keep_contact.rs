//! Creating, changing and deleting contacts. A contact and the rows of its addresses move together, so an address belongs to one
//! contact at most, and a suppression that stands on an address is seen on the contact at once. So do the words that it is found
//! by, its unique values, and its place in the list of its company.

use kernel::error::Faults;
use kernel::{Error, Result};
use store::{Stored, TenantScope, Write};

use super::Context;
use super::gather::{Gathered, known};
use super::suppress::address_row;
use crate::company::Member;
use crate::consent::{Declaration, Evidence};
use crate::contact::Spot;
use crate::field::{Definitions, Object};
use crate::{Address, Channel, Company, Contact, User};

/// Writes a new contact. An address or unique value that belongs to another contact is a conflict.
pub async fn create(
    context: &Context,
    scope: &TenantScope,
    definitions: &Definitions,
    contact: &mut Contact,
    evidence: &Evidence,
) -> Result<()> {
    check(scope, definitions, None, contact).await?;
    let mut writes = Gathered::new(scope, &context.keys);
    for spot in contact.spots() {
        writes.push(claim(context, scope, contact, &spot).await?);
    }
    writes.extend(declaring(context, scope, None, contact, 1, evidence)?);
    writes.push(scope.creating(contact)?);
    gather(scope, &mut writes, definitions, None, Some(contact)).await?;
    // A contact of this id is there when an earlier try of the same request got this far.
    if writes.carry_out().await? || scope.read_now::<Contact>(contact.id).await?.is_some() {
        Ok(())
    } else {
        Err(changed_meanwhile())
    }
}

/// Writes a changed contact over the version it was read at.
pub async fn replace(
    context: &Context,
    scope: &TenantScope,
    definitions: &Definitions,
    before: &Contact,
    contact: &mut Stored<Contact>,
    evidence: &Evidence,
) -> Result<u64> {
    check(scope, definitions, Some(before), &mut contact.row).await?;
    let mut writes = Gathered::new(scope, &context.keys);
    let (old, new) = (before.spots(), contact.row.spots());
    for spot in new.iter().filter(|spot| !old.iter().any(|known| known.same(spot))) {
        writes.push(claim(context, scope, &mut contact.row, spot).await?);
    }
    for spot in old.iter().filter(|spot| !new.iter().any(|kept| kept.same(spot))) {
        writes.extend(release(context, scope, &mut contact.row, spot).await?);
        if spot.channel == Channel::Email {
            // Who was asked there cannot answer for another address.
            contact.row.preferences.pending.clear();
        }
    }
    writes.extend(declaring(context, scope, Some(before), &contact.row, contact.version.saturating_add(1), evidence)?);
    gather(scope, &mut writes, definitions, Some(before), Some(&contact.row)).await?;
    if writes.is_empty() {
        return scope.replace(contact).await;
    }
    writes.push(scope.replacing(contact)?);
    if writes.carry_out().await? {
        return Ok(contact.version.saturating_add(1));
    }
    Err(Error::Stale { version: scope.find::<Contact>(contact.row.id).await?.version })
}

/// Deletes a contact; its addresses belong to nobody then, and what is suppressed stays suppressed.
pub async fn delete(
    context: &Context,
    scope: &TenantScope,
    definitions: &Definitions,
    contact: &Stored<Contact>,
) -> Result<()> {
    let mut writes = Gathered::new(scope, &context.keys);
    for spot in contact.row.spots() {
        writes.extend(release(context, scope, &mut contact.row.clone(), &spot).await?);
    }
    gather(scope, &mut writes, definitions, Some(&contact.row), None).await?;
    writes.push(scope.erasing(contact)?);
    if writes.carry_out().await? { Ok(()) } else { Err(changed_meanwhile()) }
}

async fn check(scope: &TenantScope, definitions: &Definitions, before: Option<&Contact>, contact: &mut Contact) -> Result<()> {
    let mut faults = Faults::default();
    faults.take("", contact.check());
    definitions.judge(Object::Contact, before.map(|before| &before.fields), &mut contact.fields, &mut faults);
    faults.check()?;
    let linked = before.and_then(|before| before.company_id);
    match contact.company_id {
        // A company that is gone in the meantime leaves its name behind.
        Some(company) if linked == Some(company) => {
            let found = scope.read_now::<Company>(company).await?.map(|found| found.row);
            // Who names another company means that one.
            let named = before.is_none_or(|before| before.company != contact.company);
            let found = found.filter(|found| !named || contact.company.as_ref() == Some(&found.name));
            contact.company_id = found.map(|found| found.id);
        }
        Some(company) => contact.company = Some(known::<Company>(scope, "/company_id", company).await?.name),
        None => {}
    }
    if let Some(owner) = contact.owner.filter(|owner| before.and_then(|before| before.owner) != Some(*owner)) {
        known::<User>(scope, "/owner", owner).await?;
    }
    Ok(())
}

/// The rows beside the contact's own and those of its addresses.
async fn gather(
    scope: &TenantScope,
    writes: &mut Gathered<'_>,
    definitions: &Definitions,
    before: Option<&Contact>,
    after: Option<&Contact>,
) -> Result<()> {
    let member = |contact: Option<&Contact>| contact.and_then(|it| Some(Member { company: it.company_id?, contact: it.id }));
    let (old, new) = (member(before), member(after));
    if old != new {
        if let Some(old) = old {
            writes.push(scope.unhanging(&old)?);
        }
        if let Some(new) = new {
            writes.push(scope.hanging(&new)?);
        }
    }
    writes.fields(definitions, before, after).await?;
    writes.found_by(before, after)
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
