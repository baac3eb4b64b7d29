//! Creating, changing and deleting contacts. A contact and the rows of its addresses move together, so an address belongs to one
//! contact at most, and a suppression that stands on an address is seen on the contact at once. So do the words that it is found
//! by, its unique values, and its place in the list of its company.

use kernel::error::Faults;
use kernel::{Error, Result};
use store::{Stored, TenantScope, Write};

use super::gather::{Gathered, known, known_if_new};
use super::suppress::address_row;
use super::{Context, forget};
use crate::company::Member;
use crate::consent::{Declaration, Evidence};
use crate::contact::Spot;
use crate::field::{Definitions, Object};
use crate::{Address, Company, Contact, User};

/// Writes a new contact. An address or unique value that belongs to another contact is a conflict.
pub async fn create(
    context: &Context,
    scope: &TenantScope,
    definitions: &Definitions,
    contact: &mut Contact,
    evidence: &Evidence,
) -> Result<()> {
    gathered(context, scope, definitions, None, contact, 1, evidence).await?.create(contact).await
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
    let version = contact.version.saturating_add(1);
    gathered(context, scope, definitions, Some(before), &mut contact.row, version, evidence).await?.replace(contact).await
}

/// Judges what would be written, and writes nothing.
pub(super) async fn rehearse(
    context: &Context,
    scope: &TenantScope,
    definitions: &Definitions,
    before: Option<&Contact>,
    contact: &mut Contact,
) -> Result<()> {
    gathered(context, scope, definitions, before, contact, 1, &Evidence::default()).await?.rehearse().await
}

/// What makes a contact what it is to be in that version, but for its own row.
async fn gathered<'a>(
    context: &'a Context,
    scope: &'a TenantScope,
    definitions: &Definitions,
    before: Option<&Contact>,
    contact: &mut Contact,
    version: u64,
    evidence: &Evidence,
) -> Result<Gathered<'a>> {
    check(scope, definitions, before, contact).await?;
    let mut writes = Gathered::new(scope, &context.keys);
    let (old, new) = (before.map(Contact::spots).unwrap_or_default(), contact.spots());
    for spot in new.iter().filter(|spot| !old.iter().any(|known| known.same(spot))) {
        writes.push(claim(context, scope, contact, spot).await?);
    }
    for spot in old.iter().filter(|spot| !new.iter().any(|kept| kept.same(spot))) {
        writes.extend(release(context, scope, contact, spot).await?);
        // Who was asked there cannot answer for another address.
        let asked = format!("{}:", spot.channel.as_str());
        contact.preferences.pending.retain(|key, _| !key.starts_with(&asked));
    }
    writes.extend(declaring(context, scope, before, contact, version, evidence)?);
    gather(scope, &mut writes, definitions, before, Some(contact)).await?;
    Ok(writes)
}

/// Deletes a contact; its addresses belong to nobody then, what is suppressed stays suppressed, and what timelines tell of it goes.
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
    writes.push(forget::ordering(context, scope, contact.row.id.hex())?);
    writes.erase(contact).await
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
            // Whoever names another company means that one.
            let named = before.is_some_and(|before| before.company != contact.company);
            let meant = |company: &Company| !named || contact.company.as_ref() == Some(&company.name);
            contact.company_id = found.filter(meant).map(|company| company.id);
        }
        Some(company) => contact.company = Some(known::<Company>(scope, "/company_id", company).await?.name),
        None => {}
    }
    known_if_new::<User, _>(scope, "/owner", before.and_then(|before| before.owner), contact.owner).await
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
