//! Suppressing an address and lifting it again. Three rows move together: the address (which the gate reads for bare addresses),
//! the contact (which it reads for contacts) and the entry that lists show.

use kernel::ids::SuppressionId;
use kernel::{Error, Result};
use store::{Stored, TenantScope};

use super::Context;
use crate::address::Suppressed;
use crate::consent::{Answer, Declaration, Evidence, Said};
use crate::suppression::{Reason, Suppression};
use crate::{Address, Channel, Contact};

/// How often the transaction is tried against other writers of the same rows.
const TRIES: usize = 8;

/// The address's row, or an empty one at version 0.
pub async fn address_row(context: &Context, scope: &TenantScope, channel: Channel, key: &str) -> Result<Stored<Address>> {
    let found = scope.read_now::<Address>(Address::at(&context.keys, channel, key)).await?;
    Ok(found.unwrap_or_else(|| Stored { row: Address::unknown(&context.keys, channel, key), version: 0 }))
}

/// Notes on the address that it is suppressed, and makes the entry that lists show.
pub(super) fn enter(
    context: &Context,
    address: &mut Address,
    channel: Channel,
    key: &str,
    reason: Reason,
    source: &str,
) -> Suppression {
    let entry = Suppression {
        id: SuppressionId::new(&context.ids, &context.clock),
        channel,
        address: key.to_owned(),
        reason,
        contact: address.contact,
        source: source.to_owned(),
        until: None,
        created_at: context.clock.now(),
    };
    address.suppress(channel, Some(Suppressed { reason, id: entry.id }));
    entry
}

/// Suppresses an address. An address that is suppressed already keeps its entry, unless the new reason weighs more: what stops
/// everything replaces an unsubscription. An unsubscription is kept as what its contact said, with its evidence.
pub async fn suppress(
    context: &Context,
    scope: &TenantScope,
    channel: Channel,
    address: &str,
    reason: Reason,
    source: &str,
    evidence: &Evidence,
) -> Result<Suppression> {
    let key = crate::address::key(channel, address)?;
    for _ in 0..TRIES {
        let mut address = address_row(context, scope, channel, &key).await?;
        let mut writes = Vec::new();
        if let Some(standing) = address.row.suppressed(channel) {
            let entry = scope.read_now::<Suppression>(standing.id).await?;
            let weaker = standing.reason == Reason::Unsubscribe && reason != Reason::Unsubscribe;
            match entry {
                Some(entry) if !weaker => return Ok(entry.row),
                Some(entry) => writes.push(scope.erasing(&entry)?),
                None => {}
            }
        }
        let entry = enter(context, &mut address.row, channel, &key, reason, source);
        writes.push(scope.creating(&entry)?);
        writes.push(scope.replacing(&address)?);
        if let Some(contact) = address.row.contact
            && let Some(mut contact) = scope.read_now::<Contact>(contact).await?
        {
            contact.row.suppress(channel, &key, Some(reason));
            if reason == Reason::Unsubscribe {
                writes.push(scope.creating(&declared(context, &contact, channel, Said::Withdrawn, evidence))?);
            }
            writes.push(scope.replacing(&contact)?);
        }
        if scope.transact(writes).await?.is_none() {
            return Ok(entry);
        }
    }
    Err(Error::unavailable("an address is being changed too fast"))
}

/// What a contact says of a channel by leaving it, or by coming back.
pub(super) fn declared(
    context: &Context,
    contact: &Stored<Contact>,
    channel: Channel,
    said: Said,
    evidence: &Evidence,
) -> Declaration {
    Declaration {
        contact: contact.row.id,
        seq: contact.version.saturating_add(1),
        at: context.clock.now(),
        answers: vec![Answer::channel(channel, said)],
        evidence: evidence.clone(),
    }
}

/// Lifts a suppression. That of an unsubscription is kept as what its contact said, with its evidence.
pub async fn lift(context: &Context, scope: &TenantScope, id: SuppressionId, evidence: &Evidence) -> Result<()> {
    for _ in 0..TRIES {
        let entry = scope.find::<Suppression>(id).await?;
        let channel = entry.row.channel;
        let mut address = address_row(context, scope, channel, &entry.row.address).await?;
        let mut writes = vec![scope.erasing(&entry)?];
        if address.row.suppressed(channel).is_some_and(|standing| standing.id == id) {
            address.row.suppress(channel, None);
            writes.push(scope.replacing(&address)?);
            if let Some(contact) = address.row.contact
                && let Some(mut contact) = scope.read_now::<Contact>(contact).await?
            {
                contact.row.suppress(channel, &entry.row.address, None);
                if entry.row.reason == Reason::Unsubscribe {
                    writes.push(scope.creating(&declared(context, &contact, channel, Said::Granted, evidence))?);
                }
                writes.push(scope.replacing(&contact)?);
            }
        }
        if scope.transact(writes).await?.is_none() {
            return Ok(());
        }
    }
    Err(Error::unavailable("an address is being changed too fast"))
}
