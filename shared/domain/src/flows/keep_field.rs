//! Creating and changing the definitions of custom fields. A definition is never deleted, since values stand under its key for
//! ever: one that is not wanted any more is archived.

use kernel::ids::FieldId;
use kernel::{Error, Result};
use store::{Stored, TenantScope};

use crate::field::{DEFINITIONS, Definitions, Field, UNIQUE};
use crate::name::Name;

/// Writes a new definition. Its key must be free among those of its noun.
pub async fn create(scope: &TenantScope, definitions: &Definitions, field: &Field) -> Result<()> {
    field.check()?;
    if definitions.0.iter().filter(|other| other.id != field.id).count() >= DEFINITIONS {
        return Err(Error::invalid("/key", "too_many", format!("at most {DEFINITIONS} definitions")));
    }
    if field.unique && definitions.of(field.object).filter(|other| other.unique && other.id != field.id).count() >= UNIQUE {
        return Err(Error::invalid("/unique", "too_many", format!("at most {UNIQUE} fields of a noun")));
    }
    let slug = format!("{}.{}", field.object.as_str(), field.key);
    let name = Name { noun: FieldId::KIND.to_owned(), slug, of: field.id.to_string() };
    let refused = scope.transact(vec![scope.creating(&name)?, scope.creating(field)?]).await?;
    // A definition of this id is there when an earlier try of the same request got this far.
    if refused.is_none() || scope.read_now::<Field>(field.id).await?.is_some() {
        Ok(())
    } else {
        Err(Error::invalid("/key", "taken", "another field has this key"))
    }
}

/// Writes a changed definition.
pub async fn replace(scope: &TenantScope, field: &Stored<Field>) -> Result<u64> {
    field.row.check()?;
    scope.replace(field).await
}
