//! A row that makes an activity. With whom it was, for which deal and who did it must be here already.

use kernel::ids::{ActivityId, CompanyId, ContactId};
use kernel::{Error, Result};
use serde_json::Value;

use super::rows::{Desk, Done};
use crate::Activity;
use crate::activity::Form;
use crate::field::Object;
use crate::flows::log::{Known, create};
use crate::import::activity::Row;
use crate::import::cells;
use crate::unique::By;

/// Carries a row out. Its activity has the same id however often that happens, so it is there once.
pub(super) async fn log(desk: &Desk<'_>, line: u64, cells: &[String]) -> Result<Done> {
    let (ids, made) = desk.ids(line);
    let blank = Activity::blank(ActivityId::new(&ids, &made), Form::Note, String::new(), made.now());
    let mut row = Row::new(Activity { owner: desk.import.user, silent: desk.silent(1), ..blank });
    cells::fill(desk.import, desk.definitions, cells, &mut row)?;
    row.finish(made.now())?;
    let Row { mut activity, description, contact, company, .. } = row;
    if contact.is_empty() && company.is_empty() && activity.deal.is_none() {
        return Err(Error::invalid("", "required", "the row does not tell with whom it was"));
    }
    activity.check(description.as_deref(), desk.definitions, None)?;
    activity.contact = found(desk, Object::Contact, &contact).await?.and_then(|id| ContactId::parse(&id));
    activity.company = found(desk, Object::Company, &company).await?.and_then(|id| CompanyId::parse(&id));
    activity.follows = activity.company.is_none();
    Known::read(desk.scope, &[&activity]).await?.check(&mut activity)?;
    if !desk.import.dry_run {
        create(desk.scope, &mut activity, description).await?;
    }
    Ok(Done::Created)
}

/// The text of the id of the first that a column leads to. When there are columns, one must.
async fn found(desk: &Desk<'_>, object: Object, columns: &[(By, String)]) -> Result<Option<String>> {
    let mut unknown = Ok(None);
    for (by, text) in columns {
        let place = format!("/{}.{by}", object.as_str());
        let value = value(desk, object, by, text).map_err(|error| error.under(&place))?;
        let holder = desk.sign(object, by).holder(&value).await.map_err(|error| error.under(&place))?;
        if holder.is_some() {
            return Ok(holder);
        }
        unknown = unknown.and_then(|_| Err(Error::invalid(place, "unknown", format!("no such {} is here", object.as_str()))));
    }
    unknown
}

fn value(desk: &Desk<'_>, object: Object, by: &By, text: &str) -> Result<Value> {
    match by {
        By::Email | By::Phone | By::Domain => Ok(text.into()),
        By::Field(key) => cells::field(desk.import.form, desk.definitions, object, key, text),
    }
}
