//! Creating, changing and deleting contacts. A contact and the rows of its addresses move together, so an address belongs to one
//! contact at most, and a suppression that stands on an address is seen on the contact at once.

use kernel::{Error, Result};
use store::{Stored, TenantScope, Write};

use super::Context;
use super::suppress::address_row;
use crate::{Channel, Contact};

/// Writes a new contact. An address that belongs to another contact is a conflict.
pub async fn create(context: &Context, scope: &TenantScope, contact: &mut Contact) -> Result<()> {
    contact.check()?;
    let mut writes = Vec::new();
    for at in 0..contact.emails.len() {
        writes.push(claim(context, scope, contact, at).await?);
    }
    writes.push(scope.creating(contact)?);
    let refused = scope.transact(writes).await?;
    // A contact of this id is there when an earlier try of the same request got this far.
    if refused.is_none() || scope.read_now::<Contact>(contact.id).await?.is_some() { Ok(()) } else { Err(changed_meanwhile()) }
}

/// Writes a changed contact over the version it was read at.
pub async fn replace(context: &Context, scope: &TenantScope, before: &Contact, contact: &mut Stored<Contact>) -> Result<u64> {
    contact.row.check()?;
    let mut writes = Vec::new();
    for at in 0..contact.row.emails.len() {
        let known = contact
            .row
            .emails
            .get(at)
            .and_then(|email| before.emails.iter().find(|earlier| earlier.email.key() == email.email.key()));
        match (known, contact.row.emails.get_mut(at)) {
            (Some(known), Some(email)) => email.suppressed = known.suppressed,
            _ => writes.push(claim(context, scope, &mut contact.row, at).await?),
        }
    }
    for email in &before.emails {
        if !contact.row.emails.iter().any(|kept| kept.email.key() == email.email.key()) {
            writes.extend(release(context, scope, before, &email.email.key()).await?);
        }
    }
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
    for email in &contact.row.emails {
        writes.extend(release(context, scope, &contact.row, &email.email.key()).await?);
    }
    writes.push(scope.erasing(contact)?);
    match scope.transact(writes).await? {
        None => Ok(()),
        Some(_) => Err(changed_meanwhile()),
    }
}

/// Makes the `at`-th address the contact's own and takes over what is known of it.
async fn claim(context: &Context, scope: &TenantScope, contact: &mut Contact, at: usize) -> Result<Write> {
    let id = contact.id;
    let Some(email) = contact.emails.get_mut(at) else { return Err(Error::internal("no such address")) };
    let mut address = address_row(context, scope, Channel::Email, &email.email.key()).await?;
    if address.row.contact.is_some_and(|owner| owner != id) {
        let owner = address.row.contact.map(|owner| owner.to_string()).unwrap_or_default();
        return Err(Error::invalid(format!("/emails/{at}"), "taken", format!("the address belongs to {owner}")));
    }
    address.row.contact = Some(id);
    email.suppressed = address.row.suppressed.map(|standing| standing.reason);
    scope.replacing(&address)
}

/// Gives an address back.
async fn release(context: &Context, scope: &TenantScope, contact: &Contact, key: &str) -> Result<Option<Write>> {
    let mut address = address_row(context, scope, Channel::Email, key).await?;
    if address.row.contact != Some(contact.id) {
        return Ok(None);
    }
    address.row.contact = None;
    if address.row.suppressed.is_none() { scope.erasing(&address).map(Some) } else { scope.replacing(&address).map(Some) }
}

fn changed_meanwhile() -> Error {
    Error::conflict("the contact or one of its addresses was changed by another request")
}
