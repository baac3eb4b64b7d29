//! Founding a tenant: its row, its place in the platform's directory, the shipped templates and the owner's first key. And keeping
//! the two of them equal.

use aws::Vault;
use kernel::ids::{TemplateId, TenantId};
use kernel::{Error, Locale, Result, Secret, Zone};
use store::{Store, Stored, TenantScope};

use super::{Context, let_in};
use crate::archive::USUAL_DAYS;
use crate::name::Name;
use crate::template::{Template, Version, shipped};
use crate::{ApiKey, Reach, Role, Tenant, Visibility};

/// What a tenant is made of.
#[derive(Clone, Debug)]
pub struct NewTenant {
    /// Its word in public addresses.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// Zone of contacts that have none.
    pub zone: Option<Zone>,
    /// Locale of contacts that have none.
    pub locale: Option<Locale>,
    /// Requests that it may make in an hour, if not any number.
    pub requests_per_hour: Option<u32>,
    /// Requests that each of its credentials may make in a minute, if not any number.
    pub requests_per_minute: Option<u32>,
}

/// Makes a tenant. The caller has verified the platform's key.
pub async fn found(
    context: &Context,
    vault: &Vault,
    store: &Store,
    new: NewTenant,
) -> Result<(Tenant, ApiKey, Secret, TenantScope)> {
    let slug = crate::name::slug(&new.slug).map_err(|error| error.under("/slug"))?;
    let name = crate::name::title(&new.name).map_err(|error| error.under("/name"))?;
    let id = TenantId::new(&context.ids, &context.clock);
    let tenant = Tenant {
        id,
        slug: slug.clone(),
        name: name.clone(),
        zone: new.zone.unwrap_or_else(Zone::utc),
        locale: new.locale.unwrap_or_default(),
        quiet_hours: None,
        active: true,
        archive_after_days: USUAL_DAYS,
        mail_visibility: Visibility::default(),
        requests_per_hour: new.requests_per_hour,
        requests_per_minute: new.requests_per_minute,
        data_key: vault.new_key(id).await?,
        created_at: context.clock.now(),
    };
    let (scope, [claim, listing]) = store.platform().found(id, &slug, &name)?;
    let mut writes = vec![claim, listing, scope.creating(&tenant)?];
    for shipped in shipped::all() {
        let (template, version) = edition(context, &shipped);
        let name = Name { noun: TemplateId::KIND.to_owned(), slug: template.name.clone(), of: template.id.to_string() };
        writes.extend([scope.creating(&name)?, scope.creating(&template)?, scope.creating(&version)?]);
    }
    let (key, secret, admission) =
        let_in::draft_key(context, &scope, "Owner's first key", (Role::Owner, Reach::default()), None)?;
    writes.extend(admission);
    match scope.transact(writes).await? {
        None => Ok((tenant, key, secret, scope)),
        Some(0) => Err(Error::invalid("/slug", "taken", "another tenant has this slug")),
        Some(_) => Err(Error::conflict("the tenant exists already")),
    }
}

/// Writes a changed tenant; the platform's directory has its new name from the same moment on.
pub async fn keep(scope: &TenantScope, name_before: &str, tenant: &Stored<Tenant>) -> Result<u64> {
    if tenant.row.name == name_before {
        return scope.replace(tenant).await;
    }
    let writes = vec![scope.replacing(tenant)?, scope.relisting(&tenant.row.name)];
    match scope.transact(writes).await? {
        None => Ok(tenant.version.saturating_add(1)),
        Some(0) => Err(Error::Stale { version: scope.find::<Tenant>(tenant.row.id).await?.version }),
        Some(_) => Err(Error::internal("a tenant that is not in the directory")),
    }
}

fn edition(context: &Context, shipped: &shipped::Shipped) -> (Template, Version) {
    let now = context.clock.now();
    let id = TemplateId::new(&context.ids, &context.clock);
    let template = Template {
        id,
        name: shipped.name.to_owned(),
        description: Some(shipped.description.to_owned()),
        r#use: shipped.r#use,
        channel: crate::Channel::Email,
        category: shipped.category.clone(),
        locale: Locale::default(),
        active: true,
        live: Some(1),
        latest: 1,
        created_at: now,
        updated_at: now,
    };
    let version = Version {
        template: id,
        number: 1,
        contents: shipped.contents.clone(),
        stale: Vec::new(),
        variables: shipped.variables.clone(),
        layouts: std::collections::BTreeMap::new(),
        note: Some("Shipped".to_owned()),
        created_at: now,
    };
    (template, version)
}
