//! The writes that keep a contact, company or deal: its own row, the words that it is found by, and the values that nobody else may
//! have, in one transaction.

use std::collections::BTreeMap;

use kernel::error::Faults;
use kernel::{Error, Keys, Result};
use serde_json::Value;
use store::schema::{Entity, Locator};
use store::{Stored, TenantScope, Write};

use crate::field::{Definitions, Field};
use crate::find::{Find, Findable};
use crate::unique::Unique;

/// Most writes of one transaction (Amazon DynamoDB API reference, `TransactWriteItems`).
const MOST: usize = 100;

/// Writes to be carried out together.
pub(super) struct Gathered<'a> {
    scope: &'a TenantScope,
    keys: &'a Keys,
    writes: Vec<Write>,
    claims: Vec<Claim>,
}

/// A value that is made a thing's own by the write at that place.
struct Claim {
    write: usize,
    row: Unique,
    /// Where it stands in the thing, as a JSON pointer.
    value: String,
}

impl<'a> Gathered<'a> {
    /// None yet.
    pub(super) const fn new(scope: &'a TenantScope, keys: &'a Keys) -> Self {
        Self { scope, keys, writes: Vec::new(), claims: Vec::new() }
    }

    /// Adds a write.
    pub(super) fn push(&mut self, write: Write) {
        self.writes.push(write);
    }

    /// Adds a write, if there is one.
    pub(super) fn extend(&mut self, write: Option<Write>) {
        self.writes.extend(write);
    }

    /// What a thing is found by from now on. Nobody else writes these rows, and the thing's own condition guards them.
    pub(super) fn found_by<E: Findable>(&mut self, before: Option<&E>, after: Option<&E>) -> Result<()> {
        let (old, new) = (before.map(find_rows).unwrap_or_default(), after.map(find_rows).unwrap_or_default());
        for row in new.iter().filter(|row| !old.contains(row)) {
            self.writes.push(self.scope.hanging(row)?);
        }
        for row in old.iter().filter(|row| !new.contains(row)) {
            self.writes.push(self.scope.unhanging(row)?);
        }
        Ok(())
    }

    /// The values of custom fields that belong to a thing alone.
    pub(super) async fn fields<E: Findable>(
        &mut self,
        definitions: &Definitions,
        before: Option<&E>,
        after: Option<&E>,
    ) -> Result<()> {
        let none = BTreeMap::new();
        let old = before.map_or(&none, Findable::fields);
        let new = after.map_or(&none, Findable::fields);
        let Some(of) = after.or(before).map(Findable::label) else { return Ok(()) };
        let row = |field: &Field, value: &Value| Unique::of_field(self.keys, field, value, of.clone());
        let gone = definitions.unique(E::OBJECT, old).filter(|(field, value)| new.get(&field.key) != Some(value));
        let gone: Vec<Unique> = gone.map(|(field, value)| row(field, value)).collect();
        let taken =
            definitions.unique(E::OBJECT, new).filter(|(field, value)| !field.archived && old.get(&field.key) != Some(value));
        let taken: Vec<(Unique, String)> =
            taken.map(|(field, value)| (row(field, value), format!("/fields/{}", field.key))).collect();
        // Written otherwise, such as 7 and 7.0, it is the same value, and its row stays.
        for unique in gone.iter().filter(|row| !taken.iter().any(|(other, _)| other == *row)) {
            self.release(unique).await?;
        }
        for (unique, value) in taken.into_iter().filter(|(row, _)| !gone.contains(row)) {
            self.claim(unique, value)?;
        }
        Ok(())
    }

    /// Makes a value a thing's own.
    pub(super) fn claim(&mut self, row: Unique, value: String) -> Result<()> {
        self.writes.push(self.scope.creating(&row)?);
        self.claims.push(Claim { write: self.writes.len().saturating_sub(1), row, value });
        Ok(())
    }

    /// Gives a value back, if it is the thing's own: one that stood before its definition is nobody's.
    pub(super) async fn release(&mut self, row: &Unique) -> Result<()> {
        let held = self.scope.read_now::<Unique>(row.locator()).await?.filter(|held| held.row.of == row.of);
        if let Some(held) = held {
            self.writes.push(self.scope.erasing(&held)?);
        }
        Ok(())
    }

    /// Writes a new thing, and all of it.
    pub(super) async fn create<E: Entity>(mut self, thing: &E) -> Result<()> {
        let scope = self.scope;
        self.push(scope.creating(thing)?);
        // A thing of this id is there when an earlier try of the same request got this far.
        let made = self.carry_out().await? || scope.read_now::<E>(thing.locator()).await?.is_some();
        if made { Ok(()) } else { Err(changed_meanwhile::<E>()) }
    }

    /// Writes a changed thing over the version it was read at, and all of it. Answers with its new version.
    pub(super) async fn replace<E: Entity>(mut self, thing: &Stored<E>) -> Result<u64> {
        let scope = self.scope;
        if self.writes.is_empty() {
            return scope.replace(thing).await;
        }
        self.push(scope.replacing(thing)?);
        if self.carry_out().await? {
            return Ok(thing.version.saturating_add(1));
        }
        Err(Error::Stale { version: scope.find::<E>(thing.row.locator()).await?.version })
    }

    /// Deletes a thing, with all of it.
    pub(super) async fn erase<E: Entity>(mut self, thing: &Stored<E>) -> Result<()> {
        self.push(self.scope.erasing(thing)?);
        if self.carry_out().await? { Ok(()) } else { Err(changed_meanwhile::<E>()) }
    }

    /// Refuses values that belong to another thing, and writes nothing. One batch of reads.
    pub(super) async fn rehearse(self) -> Result<()> {
        let at: Vec<Locator> = self.claims.iter().map(|claim| claim.row.locator()).collect();
        let mut faults = Faults::default();
        for (claim, held) in self.claims.iter().zip(self.scope.read_many::<Unique>(&at).await?) {
            if let Some(holder) = held.filter(|held| held.row.of != claim.row.of) {
                faults.take("", Err::<(), _>(taken(claim, &holder.row)));
            }
        }
        faults.check()
    }

    /// Carries all of it out. `false`: nothing was written, because a row was changed by somebody else in the meantime. A value
    /// that another thing has is a fault at its place.
    async fn carry_out(self) -> Result<bool> {
        if self.writes.len() > MOST {
            let words = format!("addresses, words and unique values that change at once take at most {MOST} writes");
            return Err(Error::invalid("", "too_many", words));
        }
        let Some(refused) = self.scope.transact(self.writes).await? else { return Ok(true) };
        if let Some(claim) = self.claims.iter().find(|claim| claim.write == refused) {
            let holder = self.scope.read_now::<Unique>(claim.row.locator()).await?;
            if let Some(holder) = holder.filter(|holder| holder.row.of != claim.row.of) {
                return Err(taken(claim, &holder.row));
            }
        }
        Ok(false)
    }
}

fn taken(claim: &Claim, holder: &Unique) -> Error {
    Error::invalid(claim.value.clone(), "taken", format!("the value belongs to {}", holder.of))
}

/// Whether another look may find what stood in the way: others changed the thing, or made one that has the same value.
pub(super) fn is_passing(error: &Error) -> bool {
    match error {
        Error::Conflict { .. } => true,
        Error::Invalid(faults) => faults.iter().any(|fault| fault.code == "taken"),
        Error::Unauthenticated
        | Error::Forbidden { .. }
        | Error::OutOfReach(_)
        | Error::NotFound { .. }
        | Error::Stale { .. }
        | Error::MethodNotAllowed
        | Error::Malformed { .. }
        | Error::UnsupportedMediaType
        | Error::TooLarge { .. }
        | Error::KeyInUse
        | Error::KeyReused
        | Error::TooMany { .. }
        | Error::Unavailable(_)
        | Error::Internal(_) => false,
    }
}

fn changed_meanwhile<E: Entity>() -> Error {
    Error::conflict(format!("the {} or one of its values was changed by another request", E::ROW.kind))
}

/// The rows of the words that a thing is found by.
pub(super) fn find_rows<E: Findable>(thing: &E) -> Vec<Find> {
    let of = thing.hex();
    thing.terms().into_iter().map(|term| Find { object: E::OBJECT, term, of: of.clone() }).collect()
}

/// Refuses an id that names nothing of this tenant.
pub(super) async fn known<E: Entity>(scope: &TenantScope, pointer: &str, at: impl Into<Locator>) -> Result<E> {
    let found = scope.read_now::<E>(at).await?;
    found.map(|found| found.row).ok_or_else(|| Error::invalid(pointer, "unknown", format!("no such {}", E::ROW.kind)))
}

/// Refuses a new id that names nothing of this tenant. One that stood before was known once, and may be gone by now.
pub(super) async fn known_if_new<E: Entity, I: Into<Locator> + PartialEq>(
    scope: &TenantScope,
    pointer: &str,
    before: Option<I>,
    after: Option<I>,
) -> Result<()> {
    if after == before {
        return Ok(());
    }
    match after {
        Some(id) => known::<E>(scope, pointer, id).await.map(drop),
        None => Ok(()),
    }
}

/// An id as it is to be kept. A new one that names nothing of this tenant is refused; one that stood before is left out when what it
/// names is gone.
pub(super) async fn standing<E: Entity, I: Into<Locator> + PartialEq + Copy>(
    scope: &TenantScope,
    pointer: &str,
    before: Option<I>,
    after: Option<I>,
) -> Result<Option<I>> {
    let Some(id) = after else { return Ok(None) };
    if after != before {
        return known::<E>(scope, pointer, id).await.map(|_| after);
    }
    Ok(scope.read_now::<E>(id).await?.map(|_| id))
}
