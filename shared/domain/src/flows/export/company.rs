//! A company as a row.

use kernel::Phone;

use super::{fields, own};
use crate::Company;
use crate::import::cells::list;

pub(super) const HEADER: [&str; 9] = ["id", "name", "domains", "phone", "website", "address", "owner", "tags", "fields"];

pub(super) fn cells(company: &Company) -> [String; HEADER.len()] {
    [
        company.id.to_string(),
        company.name.clone(),
        list(company.domains.iter().cloned()),
        own(company.phone.as_ref().map(Phone::as_str)),
        own(company.website.as_deref()),
        list(company.address.iter().cloned()),
        company.owner.map(|owner| owner.to_string()).unwrap_or_default(),
        list(company.tags.iter().cloned()),
        fields(&company.fields),
    ]
}
