//! The doors: every way to come by a [`TenantScope`], each named after its evidence.
//!
//! - [`Store::by_credential`]: the digest of a verified API key or token subject.
//! - [`Store::by_route`]: an unguessable callback address.
//! - [`Store::by_reference`]: a token of ours that came back, verified.
//! - [`Store::by_ticket`]: the same that went to a provider's page of consent.
//! - [`Store::by_pass`]: the same that stands for one contact.
//! - [`Store::by_slug`]: the word of a tenant's public addresses, for what anybody may ask of it.
//! - [`Store::resume`]: a queue job or a stream record.
//! - [`Store::due`]: a row of the due index whose time has come, or soon will have.
//! - [`Platform::found`]: the platform's own key, for a tenant that is being made.

use kernel::ids::{AccountId, ApiKeyId, TenantId, UserId};
use kernel::{Error, Pass, Reference, Result, Ticket, Time};
use serde::{Deserialize, Serialize};

use crate::change::{Change, Cond, n};
use crate::schema::{self, Key, attr};
use crate::scope::{Stored, TenantScope, Write};
use crate::table::{Index, Op, Query, Table, TableError, text};
use crate::{Entity, Item, Value};

/// Most rows that one look into a shard of the due index brings: keys only, so that they fit one request with room to spare.
pub const DUE_LIMIT: u16 = 1000;

/// The table behind its doors.
#[derive(Clone, Debug)]
pub struct Store {
    table: Table,
}

/// Evidence from inside the house: a queue job or a stream record. Made by their decoders alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Internal {
    tenant: TenantId,
}

impl Internal {
    pub(crate) const fn new(tenant: TenantId) -> Self {
        Self { tenant }
    }

    pub(crate) const fn tenant(&self) -> TenantId {
        self.tenant
    }
}

/// What a credential says of its bearer. `R` is the role, a word of the domain.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Credential {
    /// Hexadecimal digest of the key, or of issuer and subject.
    pub digest: String,
    /// The tenant.
    pub tenant: TenantId,
    /// The role's word.
    pub role: String,
    /// What of the tenant's it is limited to, in words of the domain; nothing when it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reach: Option<String>,
    /// The user, when the credential is a person's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<UserId>,
    /// The API key, when it is a machine's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<ApiKeyId>,
    /// When it ends to be valid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends: Option<Time>,
    /// When it was last used, to the hour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used_at: Option<Time>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Route {
    tenant: TenantId,
    account: AccountId,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Claim {
    tenant: TenantId,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Entry {
    tenant: TenantId,
    slug: String,
    name: String,
}

/// A tenant as the platform's directory lists it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Listed {
    /// Its id.
    pub id: TenantId,
    /// Its word in public addresses.
    pub slug: String,
    /// Its name.
    pub name: String,
}

/// A row whose time has come, or soon will have.
#[derive(Clone, Debug)]
pub struct Due {
    /// The tenant's rows.
    pub scope: TenantScope,
    key: Key,
    due_sk: String,
    at: Time,
}

impl Store {
    /// A store on that table.
    pub const fn new(table: Table) -> Self {
        Self { table }
    }

    fn scope(&self, tenant: TenantId) -> TenantScope {
        TenantScope { table: self.table.clone(), tenant }
    }

    /// Whether the table answers.
    pub async fn ping(&self) -> Result<()> {
        self.table.ping().await
    }

    /// By the digest of a verified credential. `None`: no such credential.
    pub async fn by_credential(&self, digest: &str) -> Result<Option<(TenantScope, Credential)>> {
        let key = schema::door_key(&schema::CREDENTIAL, digest)?;
        let Some(item) = self.table.read(&key, false).await? else { return Ok(None) };
        let credential: Credential = serde_dynamo::from_item(item).map_err(|error| Error::internal(error.to_string()))?;
        Ok(Some((self.scope(credential.tenant), credential)))
    }

    /// Notes that a credential was used in this hour; at most one write an hour.
    pub async fn touch_credential(&self, credential: &Credential, now: Time) -> Result<()> {
        let hour = Time::from_millis(now.millis() - now.millis().rem_euclid(3_600_000));
        if credential.used_at.is_some_and(|used| used >= hour) {
            return Ok(());
        }
        let key = schema::door_key(&schema::CREDENTIAL, &credential.digest)?;
        let cond = Cond::All(vec![Cond::Present, Cond::Below(attr::USED_AT, n(hour.millis()))]);
        match self.table.update(&key, Change::new().set(attr::USED_AT, n(hour.millis())), &cond).await {
            Ok(_) | Err(TableError::Refused { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// By the digest of the unguessable part of a callback address.
    pub async fn by_route(&self, provider: &str, digest: &str) -> Result<Option<(TenantScope, AccountId)>> {
        let key = schema::door_key(&schema::ROUTE, &format!("{provider}:{digest}"))?;
        let Some(item) = self.table.read(&key, false).await? else { return Ok(None) };
        let route: Route = serde_dynamo::from_item(item).map_err(|error| Error::internal(error.to_string()))?;
        Ok(Some((self.scope(route.tenant), route.account)))
    }

    /// By a token of ours that came back.
    pub fn by_reference(&self, reference: &Reference) -> TenantScope {
        self.scope(reference.tenant())
    }

    /// By a ticket of ours that came back.
    pub fn by_ticket(&self, ticket: &Ticket) -> TenantScope {
        self.scope(ticket.tenant())
    }

    /// By a pass of ours that came back.
    pub fn by_pass(&self, pass: &Pass) -> TenantScope {
        self.scope(pass.tenant())
    }

    /// By the word in a tenant's public addresses. Whoever knows it has proven nothing: what is done in this scope must be what anybody
    /// may ask for.
    pub async fn by_slug(&self, slug: &str) -> Result<Option<TenantScope>> {
        let Ok(key) = schema::door_key(&schema::SLUG, slug) else { return Ok(None) };
        let Some(item) = self.table.read(&key, false).await? else { return Ok(None) };
        let claim: Claim = serde_dynamo::from_item(item).map_err(|error| Error::internal(error.to_string()))?;
        Ok(Some(self.scope(claim.tenant)))
    }

    /// By a queue job or a stream record.
    pub fn resume(&self, evidence: &Internal) -> TenantScope {
        self.scope(evidence.tenant())
    }

    /// Rows of one shard of the due index whose time is `until` or earlier, oldest first and those behind `last` only, at most `limit`
    /// and never more than [`DUE_LIMIT`].
    pub async fn due(&self, shard: u8, last: Option<&Due>, until: Time, limit: u16) -> Result<Vec<Due>> {
        let query = Query {
            pk: schema::due_partition(shard),
            index: Index::Due,
            behind: last.map(|last| schema::due_entry(&last.key, schema::due_partition(shard), last.due_sk.clone())),
            after: None,
            before: Some(schema::due_sort(until.plus_millis(1))),
            forward: true,
            limit: limit.min(DUE_LIMIT),
        };
        let found = self.table.query(&query).await?;
        Ok(found
            .items
            .into_iter()
            .filter_map(|item| {
                let key = schema::key_of(&item)?;
                let tenant = schema::tenant_of(&key.pk)?;
                let due_sk = text(&item, attr::DUE_SK.as_str())?.to_owned();
                Some(Due { scope: self.scope(tenant), key, at: Time::from_millis(due_sk.parse().ok()?), due_sk })
            })
            .collect())
    }

    /// The platform's own room. The caller has verified the platform key.
    pub const fn platform(&self) -> Platform<'_> {
        Platform { store: self }
    }
}

impl Due {
    /// Whether the row is of this kind, by its partition.
    pub fn concerns<E: Entity>(&self) -> bool {
        self.key.pk.split('#').nth(2) == Some(E::ROW.noun)
    }

    /// When it is due.
    pub const fn at(&self) -> Time {
        self.at
    }

    /// Carries out the change if the row is still due at that very moment, and takes it out of the index unless the change
    /// says when it is due next. `None`: somebody else was first, or the condition did not hold.
    pub async fn take<E: Entity>(&self, change: Change, cond: Cond) -> Result<Option<Stored<E>>> {
        let still = Cond::All(vec![Cond::Is(attr::DUE_SK, Value::S(self.due_sk.clone())), cond]);
        match self.scope.table.update(&self.key, change.leaving_due(), &still).await {
            Ok(item) => Stored::read(item).map(Some),
            Err(TableError::Refused { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The row as it is now.
    pub async fn read<E: Entity>(&self) -> Result<Option<Stored<E>>> {
        self.scope.table.read(&self.key, true).await?.map(Stored::read).transpose()
    }
}

/// What only the platform's key opens: making tenants and listing them.
#[derive(Debug)]
pub struct Platform<'a> {
    store: &'a Store,
}

impl Platform<'_> {
    /// The scope of a tenant that is being made, and two writes to make with its first rows: the claim on the slug, which is
    /// refused when another tenant has it, and the directory entry.
    pub fn found(&self, tenant: TenantId, slug: &str, name: &str) -> Result<(TenantScope, [Write; 2])> {
        let entry = Entry { tenant, slug: slug.to_owned(), name: name.to_owned() };
        let listed = door_item(schema::directory_key(tenant), schema::DIRECTORY.kind, &entry)?;
        let claimed = door_item(schema::door_key(&schema::SLUG, slug)?, schema::SLUG.kind, &Claim { tenant })?;
        let writes = [claimed, listed].map(|item| TenantScope::write(Op::Put(item, Cond::Absent)));
        Ok((self.store.scope(tenant), writes))
    }

    /// The scope of a tenant that is in the directory, for the platform's own care.
    pub async fn reopen(&self, tenant: TenantId) -> Result<TenantScope> {
        let found = self.store.table.read(&schema::directory_key(tenant), true).await?;
        found.map(|_| self.store.scope(tenant)).ok_or(Error::NotFound { kind: TenantId::KIND })
    }

    /// Tenants made in that month before `before`, newest first.
    pub async fn tenants(&self, month: kernel::clock::Month, before: Option<TenantId>, limit: u16) -> Result<Vec<Listed>> {
        let query = Query {
            pk: schema::directory_partition(month),
            index: Index::Primary,
            behind: None,
            after: None,
            before: before.map(|tenant| tenant.hex()),
            forward: false,
            limit,
        };
        let found = self.store.table.rows(query).await?;
        found
            .into_iter()
            .map(|item| {
                let entry: Entry = serde_dynamo::from_item(item).map_err(|error| Error::internal(error.to_string()))?;
                Ok(Listed { id: entry.tenant, slug: entry.slug, name: entry.name })
            })
            .collect()
    }
}

fn door_item<T: Serialize>(key: Key, kind: &str, row: &T) -> Result<Item> {
    let mut item: Item = serde_dynamo::to_item(row).map_err(|error| Error::internal(error.to_string()))?;
    item.insert(attr::PK.as_str().to_owned(), Value::S(key.pk));
    item.insert(attr::SK.as_str().to_owned(), Value::S(key.sk));
    item.insert(attr::KIND.as_str().to_owned(), Value::S(kind.to_owned()));
    item.insert(attr::VERSION.as_str().to_owned(), n(1));
    Ok(item)
}

impl TenantScope {
    /// A write of a transaction: lets the bearer of a credential in. The credential must be of this very tenant.
    pub fn admitting(&self, credential: &Credential) -> Result<Write> {
        if credential.tenant != self.tenant {
            return Err(Error::internal("a credential of another tenant"));
        }
        let key = schema::door_key(&schema::CREDENTIAL, &credential.digest)?;
        Ok(Self::write(Op::Put(door_item(key, schema::CREDENTIAL.kind, credential)?, Cond::Absent)))
    }

    /// A write of a transaction: shuts a credential of this tenant out.
    pub fn shutting_out(&self, digest: &str) -> Result<Write> {
        let key = schema::door_key(&schema::CREDENTIAL, digest)?;
        let own = Cond::Is(schema::attr::TENANT, Value::S(self.tenant.to_string()));
        Ok(Self::write(Op::Delete(key, own)))
    }

    /// A write of a transaction: gives a credential of this tenant another role and reach.
    pub fn regrading(&self, digest: &str, role: &str, reach: Option<&str>) -> Result<Write> {
        let key = schema::door_key(&schema::CREDENTIAL, digest)?;
        let own = Cond::Is(schema::attr::TENANT, Value::S(self.tenant.to_string()));
        let change = Change::new().set(attr::ROLE, Value::S(role.to_owned()));
        let change = change.put(attr::REACH, reach.map(|reach| Value::S(reach.to_owned())));
        Ok(Self::write(Op::Update(key, change, own)))
    }

    /// A write of a transaction: the platform's directory lists this tenant under another name.
    pub fn relisting(&self, name: &str) -> Write {
        let change = Change::new().set(attr::NAME, Value::S(name.to_owned()));
        Self::write(Op::Update(schema::directory_key(self.tenant), change, Cond::Present))
    }

    /// When a credential of this tenant was last used, to the hour.
    pub async fn last_use(&self, digest: &str) -> Result<Option<Time>> {
        let key = schema::door_key(&schema::CREDENTIAL, digest)?;
        let item = self.table.read(&key, false).await?;
        let own = item.filter(|item| item.get(attr::TENANT.as_str()) == Some(&Value::S(self.tenant.to_string())));
        Ok(own.and_then(|item| crate::change::number(item.get(attr::USED_AT.as_str()))).map(Time::from_millis))
    }

    /// A write of a transaction: callbacks to that address belong to the account.
    pub fn routing(&self, provider: &str, digest: &str, account: AccountId) -> Result<Write> {
        let key = schema::door_key(&schema::ROUTE, &format!("{provider}:{digest}"))?;
        let route = Route { tenant: self.tenant, account };
        Ok(Self::write(Op::Put(door_item(key, schema::ROUTE.kind, &route)?, Cond::Absent)))
    }

    /// A write of a transaction: the address no longer leads anywhere.
    pub fn unrouting(&self, provider: &str, digest: &str) -> Result<Write> {
        let key = schema::door_key(&schema::ROUTE, &format!("{provider}:{digest}"))?;
        let own = Cond::Is(schema::attr::TENANT, Value::S(self.tenant.to_string()));
        Ok(Self::write(Op::Delete(key, own)))
    }
}
