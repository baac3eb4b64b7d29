//! Templates and their versions: names are unique, versions are numbered without gaps, compiled before they are stored, and
//! pin the layouts they use.

use std::collections::BTreeMap;

use kernel::error::Faults;
use kernel::ids::TemplateId;
use kernel::{Error, Fault, Ids, Locale, Result};
use render::{Compiled, Limits, Source, Variable};
use store::{Stored, TenantScope};

use super::Context;
use super::catalog::Catalog;
use crate::name::Name;
use crate::template::{Pinned, Template, Use, Version};

/// Most locales and variables of one version.
const MOST: usize = 50;

/// Writes a new template. Its name must be free.
pub async fn create(scope: &TenantScope, template: &Template) -> Result<()> {
    let name = Name { noun: TemplateId::KIND.to_owned(), slug: template.name.clone(), of: template.id.to_string() };
    let refused = scope.transact(vec![scope.creating(&name)?, scope.creating(template)?]).await?;
    // A template of this id is there when an earlier try of the same request got this far.
    if refused.is_none() || scope.read_now::<Template>(template.id).await?.is_some() {
        Ok(())
    } else {
        Err(Error::invalid("/name", "taken", "another template has this name"))
    }
}

/// Writes a changed template. `name` is the one it had; another one must be free.
pub async fn replace(scope: &TenantScope, name: &str, template: &Stored<Template>) -> Result<u64> {
    let id = template.row.id;
    if template.row.name == name {
        return scope.replace(template).await;
    }
    let taken = Name { noun: TemplateId::KIND.to_owned(), slug: template.row.name.clone(), of: id.to_string() };
    let mut writes = vec![scope.creating(&taken)?, scope.replacing(template)?];
    if let Some(freed) = scope.read_now::<Name>(Name::at(TemplateId::KIND, name)).await? {
        writes.push(scope.erasing(&freed)?);
    }
    match scope.transact(writes).await? {
        None => Ok(template.version.saturating_add(1)),
        Some(0) => Err(Error::invalid("/name", "taken", "another template has this name")),
        Some(_) => Err(Error::Stale { version: scope.find::<Template>(id).await?.version }),
    }
}

/// Deletes a template and frees its name. Its versions stay: messages that were made of them can still be shown.
pub async fn delete(scope: &TenantScope, template: &Stored<Template>) -> Result<()> {
    let mut writes = vec![scope.erasing(template)?];
    if let Some(name) = scope.read_now::<Name>(Name::at(TemplateId::KIND, &template.row.name)).await? {
        writes.push(scope.erasing(&name)?);
    }
    match scope.transact(writes).await? {
        None => Ok(()),
        Some(_) => Err(Error::conflict("the template was changed by another request")),
    }
}

/// What a version is made of.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Content by locale.
    pub contents: BTreeMap<Locale, Source>,
    /// Variables it takes.
    pub variables: Vec<Variable>,
    /// What changed.
    pub note: Option<String>,
    /// Whether it goes live at once.
    pub publish: bool,
}

/// Checks and writes the next version of a template.
pub async fn add_version(
    context: &Context,
    catalog: &Catalog,
    scope: &TenantScope,
    template: &Stored<Template>,
    draft: Draft,
) -> Result<(Version, Stored<Template>)> {
    if let Some(done) = added(context, scope, &template.row, &draft).await? {
        return Ok((done, template.clone()));
    }
    let version = check(context, catalog, scope, &template.row, draft.contents, draft.variables, draft.note).await?;
    let mut next = template.clone();
    next.row.latest = version.number;
    if draft.publish {
        next.row.live = Some(version.number);
    }
    next.row.updated_at = context.clock.now();
    match scope.transact(vec![scope.creating(&version)?, scope.replacing(&next)?]).await? {
        None => {
            next.version = next.version.saturating_add(1);
            Ok((version, next))
        }
        Some(_) => Err(Error::conflict("another version was added in the meantime")),
    }
}

/// The newest version, when an earlier try of the same request has added it: it says the same and was made at the same moment.
async fn added(context: &Context, scope: &TenantScope, template: &Template, draft: &Draft) -> Result<Option<Version>> {
    // Only a request with an idempotency key comes again at the same moment.
    if !matches!(context.ids, Ids::Derived(_)) || template.updated_at != context.clock.now() || template.latest == 0 {
        return Ok(None);
    }
    let newest = scope.read_now::<Version>(Version::at(template.id, template.latest)).await?;
    Ok(newest.map(|newest| newest.row).filter(|newest| {
        let same = newest.contents == draft.contents && newest.variables == draft.variables && newest.note == draft.note;
        same && newest.created_at == context.clock.now() && (!draft.publish || template.live == Some(newest.number))
    }))
}

/// Everything about a version that can be refused before it is stored.
pub async fn check(
    context: &Context,
    catalog: &Catalog,
    scope: &TenantScope,
    template: &Template,
    contents: BTreeMap<Locale, Source>,
    variables: Vec<Variable>,
    note: Option<String>,
) -> Result<Version> {
    let mut faults = Faults::default();
    if !contents.contains_key(&template.locale) {
        faults.add("/contents", "required", format!("content in the default locale {} is needed", template.locale));
    }
    for (pointer, count) in [("/contents", contents.len()), ("/variables", variables.len())] {
        if count > MOST {
            faults.add(pointer, "too_many", format!("at most {MOST}"));
        }
    }
    if let Some(note) = &note {
        faults.longer("/note", note, 500);
    }
    if let Err(misfits) = render::check_schema(&render::Schema { variables: variables.clone(), closed: false }) {
        for misfit in misfits {
            faults.add(misfit.pointer, "variable", misfit.reason);
        }
    }
    let size = serde_json::to_string(&(&contents, &variables)).map_or(usize::MAX, |text| text.len());
    if size > crate::body::LIMIT {
        faults.add("/contents", "too_long", format!("a version takes at most {} bytes", crate::body::LIMIT));
    }
    for (locale, source) in &contents {
        let pointer = format!("/contents/{locale}");
        if source.html.is_none() && source.text.is_none() {
            faults.add(&pointer, "required", "html or text is needed");
        }
        if template.r#use == Use::Message {
            crate::extras::check_source(template.channel, source, &pointer, &mut faults);
        }
    }
    faults.check()?;
    let before = match template.latest {
        0 => None,
        number => Some(catalog.version(scope, template.id, number).await?),
    };
    let mut version = Version {
        template: template.id,
        number: template.latest.saturating_add(1),
        stale: Version::stale_since(before.as_deref(), &contents, &template.locale),
        contents,
        variables,
        layouts: BTreeMap::new(),
        note,
        created_at: context.clock.now(),
    };
    version.layouts = pin(catalog, scope, &version).await?;
    let mut found = Vec::new();
    for (locale, source) in &version.contents {
        let layouts = catalog.layouts(scope, &version, locale).await?;
        if let Err(faults) = Compiled::new(source, &layouts, &Limits::default()) {
            found.extend(faults_under(&format!("/contents/{locale}"), &faults));
        }
    }
    if found.is_empty() { Ok(version) } else { Err(Error::Invalid(found)) }
}

/// The layouts that a version names, and those that these name in turn, at the versions that are live.
async fn pin(catalog: &Catalog, scope: &TenantScope, version: &Version) -> Result<BTreeMap<String, Pinned>> {
    let mut pinned: BTreeMap<String, Pinned> = BTreeMap::new();
    let mut open: Vec<(String, String)> = Vec::new();
    for (locale, source) in &version.contents {
        open.extend(render::layouts_named(source).into_iter().map(|name| (format!("/contents/{locale}"), name)));
    }
    while let Some((pointer, name)) = open.pop() {
        if pinned.contains_key(&name) {
            continue;
        }
        if pinned.len() >= MOST {
            return Err(Error::invalid(pointer, "too_many", format!("at most {MOST} layouts")));
        }
        let unknown = || Error::invalid(&pointer, "layout", format!("there is no live layout named {name}"));
        let layout = match catalog.template(scope, &name).await {
            Err(Error::NotFound { .. }) => return Err(unknown()),
            found => found?,
        };
        let number = layout.live.filter(|_| layout.r#use == Use::Layout).ok_or_else(unknown)?;
        let edition = catalog.version(scope, layout.id, number).await?;
        for source in edition.contents.values() {
            open.extend(render::layouts_named(source).into_iter().map(|name| (pointer.clone(), name)));
        }
        pinned.insert(name, Pinned { template: layout.id, number });
    }
    Ok(pinned)
}

/// Compile faults as faults of the request body.
pub fn faults_under(prefix: &str, faults: &[render::Fault]) -> Vec<Fault> {
    faults
        .iter()
        .map(|fault| {
            let detail = match fault.line {
                0 => fault.message.clone(),
                line => format!("line {line}: {}", fault.message),
            };
            Fault::new(format!("{prefix}/{}", fault.part), "template", detail)
        })
        .collect()
}
