//! What every message needs and what seldom changes, kept in memory: the tenant, its accounts, its templates. Versions never
//! change and stay; the rest is read again after seconds, so a change is seen by every process within [`FRESH_MILLIS`].

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kernel::ids::{AccountId, TeamId, TemplateId, TenantId};
use kernel::{Clock, Error, Locale, Result, Time};
use render::{Compiled, Layout, Limits, Source};
use store::{Listing, Stored, TenantScope};

use crate::field::{DEFINITIONS, Definitions};
use crate::name::Name;
use crate::{Account, Field, Rule, Team, Template, Tenant, User, Version};

mod people;
mod rules;
mod shelf;

use shelf::Shelf;

/// How long a row that may change is trusted.
pub const FRESH_MILLIS: i64 = 5_000;
/// Most entries of one kind of small rows; beyond it the cache starts anew.
const MOST: usize = 2_000;
/// Most bytes of versions kept.
const VERSIONS: usize = 16 << 20;
/// Most bytes of source whose compiled form is kept; that takes about ten times its source.
const COMPILED: usize = 4 << 20;
/// Most accounts of one tenant that are looked at.
pub const ACCOUNTS: usize = 100;

/// See the module's words.
#[derive(Clone, Debug)]
pub struct Catalog {
    clock: Clock,
    kept: Arc<Mutex<Kept>>,
}

#[derive(Debug)]
struct Kept {
    tenants: HashMap<TenantId, (Time, Arc<Tenant>)>,
    accounts: HashMap<TenantId, (Time, Arc<Vec<Account>>)>,
    definitions: HashMap<TenantId, (Time, Arc<Definitions>)>,
    teams: HashMap<TenantId, (Time, Arc<Vec<Team>>)>,
    members: HashMap<(TenantId, TeamId), (Time, Arc<Vec<User>>)>,
    rules: HashMap<TenantId, (Time, Arc<Vec<Rule>>)>,
    names: HashMap<(TenantId, String), (Time, TemplateId)>,
    templates: HashMap<(TenantId, TemplateId), (Time, Arc<Template>)>,
    versions: Shelf<(TenantId, TemplateId, u32), Arc<Version>>,
    compiled: Shelf<(TenantId, TemplateId, u32, Locale), Arc<Compiled>>,
}

impl Default for Kept {
    fn default() -> Self {
        Self {
            tenants: HashMap::new(),
            accounts: HashMap::new(),
            definitions: HashMap::new(),
            teams: HashMap::new(),
            members: HashMap::new(),
            rules: HashMap::new(),
            names: HashMap::new(),
            templates: HashMap::new(),
            versions: Shelf::new(VERSIONS),
            compiled: Shelf::new(COMPILED),
        }
    }
}

/// A template's edition, ready to render in one locale.
#[derive(Clone, Debug)]
pub struct Edition {
    /// The template.
    pub template: Arc<Template>,
    /// The version.
    pub version: Arc<Version>,
    /// The locale that was found.
    pub locale: Locale,
    /// The content, compiled.
    pub compiled: Arc<Compiled>,
}

fn put<K: std::hash::Hash + Eq, V>(map: &mut HashMap<K, V>, key: K, value: V) {
    if map.len() >= MOST {
        map.clear();
    }
    map.insert(key, value);
}

impl Catalog {
    /// An empty cache.
    pub fn new(clock: Clock) -> Self {
        Self { clock, kept: Arc::default() }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fresh<T: Clone>(&self, entry: Option<&(Time, T)>) -> Option<T> {
        let now = self.clock.now();
        entry.filter(|(since, _)| now.since(*since) < FRESH_MILLIS).map(|(_, value)| value.clone())
    }

    /// The tenant's own row.
    pub async fn tenant(&self, scope: &TenantScope) -> Result<Arc<Tenant>> {
        let found = self.fresh(self.kept().tenants.get(&scope.tenant()));
        if let Some(tenant) = found {
            return Ok(tenant);
        }
        let tenant = Arc::new(scope.find::<Tenant>(scope.tenant()).await?.row);
        put(&mut self.kept().tenants, scope.tenant(), (self.clock.now(), tenant.clone()));
        Ok(tenant)
    }

    /// The tenant's accounts, in the order they are tried.
    pub async fn accounts(&self, scope: &TenantScope) -> Result<Arc<Vec<Account>>> {
        let found = self.fresh(self.kept().accounts.get(&scope.tenant()));
        if let Some(accounts) = found {
            return Ok(accounts);
        }
        let listing = Listing { limit: ACCOUNTS, after: None, since: None, until: None };
        let page = scope.list::<Account>(&listing, self.clock.now(), |_| true).await?;
        let mut accounts: Vec<Account> = page.rows.into_iter().map(|stored| stored.row).collect();
        accounts.sort_by_key(|account| (account.priority, account.id));
        let accounts = Arc::new(accounts);
        put(&mut self.kept().accounts, scope.tenant(), (self.clock.now(), accounts.clone()));
        Ok(accounts)
    }

    /// The account of that id, also when it was made a moment ago.
    pub async fn account(&self, scope: &TenantScope, id: AccountId) -> Result<Option<Account>> {
        let known = self.accounts(scope).await?.iter().find(|account| account.id == id).cloned();
        if known.is_some() {
            return Ok(known);
        }
        Ok(scope.read_now::<Account>(id).await?.map(|account| account.row))
    }

    /// Forgets the tenant and its accounts: who looks next sees them as they are.
    pub fn look_again(&self, scope: &TenantScope) {
        let mut kept = self.kept();
        kept.tenants.remove(&scope.tenant());
        kept.accounts.remove(&scope.tenant());
    }

    /// The tenant's definitions of custom fields.
    pub async fn definitions(&self, scope: &TenantScope) -> Result<Arc<Definitions>> {
        let found = self.fresh(self.kept().definitions.get(&scope.tenant()));
        if let Some(definitions) = found {
            return Ok(definitions);
        }
        let listing = Listing { limit: DEFINITIONS, after: None, since: None, until: None };
        let page = scope.list::<Field>(&listing, self.clock.now(), |_| true).await?;
        let definitions = Arc::new(Definitions(page.rows.into_iter().map(|stored| stored.row).collect()));
        put(&mut self.kept().definitions, scope.tenant(), (self.clock.now(), definitions.clone()));
        Ok(definitions)
    }

    /// Forgets the definitions: who looks next sees them as they are.
    pub fn forget_definitions(&self, scope: &TenantScope) {
        self.kept().definitions.remove(&scope.tenant());
    }

    /// The template of that id, or of that name.
    pub async fn template(&self, scope: &TenantScope, id_or_name: &str) -> Result<Arc<Template>> {
        let gone = || Error::NotFound { kind: TemplateId::KIND };
        let id = match TemplateId::parse(id_or_name) {
            Some(id) => id,
            None => self.named(scope, id_or_name).await?.ok_or_else(gone)?,
        };
        let found = self.fresh(self.kept().templates.get(&(scope.tenant(), id)));
        if let Some(template) = found {
            return Ok(template);
        }
        let template = Arc::new(scope.find::<Template>(id).await?.row);
        put(&mut self.kept().templates, (scope.tenant(), id), (self.clock.now(), template.clone()));
        Ok(template)
    }

    /// Forgets what is kept of a template that this process has just changed, so that it sees its own change at once.
    pub fn forget(&self, scope: &TenantScope, template: TemplateId) {
        let mut kept = self.kept();
        kept.templates.remove(&(scope.tenant(), template));
        kept.names.retain(|(tenant, _), (_, id)| *tenant != scope.tenant() || *id != template);
    }

    async fn named(&self, scope: &TenantScope, name: &str) -> Result<Option<TemplateId>> {
        let Ok(name) = crate::name::slug(name) else { return Ok(None) };
        let key = (scope.tenant(), name.clone());
        let found = self.fresh(self.kept().names.get(&key));
        if found.is_some() {
            return Ok(found);
        }
        let row: Option<Stored<Name>> = scope.read(Name::at(TemplateId::KIND, &name)).await?;
        let id = row.and_then(|row| TemplateId::parse(&row.row.of));
        if let Some(id) = id {
            put(&mut self.kept().names, key, (self.clock.now(), id));
        }
        Ok(id)
    }

    /// A version of a template.
    pub async fn version(&self, scope: &TenantScope, template: TemplateId, number: u32) -> Result<Arc<Version>> {
        let key = (scope.tenant(), template, number);
        let found = self.kept().versions.find(&key);
        if let Some(version) = found {
            return Ok(version);
        }
        let version: Option<Stored<Version>> = scope.read_now(Version::at(template, number)).await?;
        let version = Arc::new(version.ok_or(Error::NotFound { kind: "version" })?.row);
        let bytes = version.contents.values().map(Source::bytes).sum();
        self.kept().versions.put(key, version.clone(), bytes);
        Ok(version)
    }

    /// A version of a template in the best locale for `wanted`, compiled.
    pub async fn edition(
        &self,
        scope: &TenantScope,
        template: Arc<Template>,
        number: u32,
        wanted: Option<&Locale>,
    ) -> Result<Edition> {
        let version = self.version(scope, template.id, number).await?;
        let (locale, source) = version.content(wanted, &template.locale)?;
        let locale = locale.clone();
        let key = (scope.tenant(), template.id, number, locale.clone());
        let found = self.kept().compiled.find(&key);
        let compiled = match found {
            Some(compiled) => compiled,
            None => {
                let layouts = self.layouts(scope, &version, &locale).await?;
                let bytes = layouts.values().map(Layout::bytes).sum::<usize>() + source.bytes();
                let compiled = Compiled::new(source, &layouts, &Limits::default())
                    .map_err(|faults| Error::internal(format!("a stored version does not compile: {faults:?}")))?;
                let compiled = Arc::new(compiled);
                self.kept().compiled.put(key, compiled.clone(), bytes);
                compiled
            }
        };
        Ok(Edition { template, version, locale, compiled })
    }

    /// The same for a message, which must be sent even when its template has been deleted since: versions stay.
    pub async fn edition_of(
        &self,
        scope: &TenantScope,
        template: TemplateId,
        number: u32,
        wanted: Option<&Locale>,
    ) -> Result<Edition> {
        let row = match self.template(scope, &template.to_string()).await {
            Ok(row) => row,
            Err(Error::NotFound { .. }) => Arc::new(Template::deleted(template)),
            Err(error) => return Err(error),
        };
        self.edition(scope, row, number, wanted).await
    }

    /// The layouts that a version pins, in the best locale for `wanted`.
    pub async fn layouts(&self, scope: &TenantScope, version: &Version, wanted: &Locale) -> Result<BTreeMap<String, Layout>> {
        let mut layouts = BTreeMap::new();
        for (name, pinned) in &version.layouts {
            let edition = self.version(scope, pinned.template, pinned.number).await?;
            let (_, source) = edition.content(Some(wanted), &Locale::default())?;
            layouts.insert(name.clone(), Layout { html: source.html.clone(), text: source.text.clone() });
        }
        Ok(layouts)
    }
}
