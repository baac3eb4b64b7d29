//! A company as a row.

use kernel::Phone;

use super::{fields, own};
use crate::Company;
use crate::import::cells::list;

pub(super) const HEADER: [&str; 8] = ["id", "name", "domains", "phone", "website", "address", "tags", "fields"];

pub(super) fn cells(company: &Company) -> [String; HEADER.len()] {
    [
        company.id.to_string(),
        company.name.clone(),
        list(company.domains.iter().cloned()),
        own(company.phone.as_ref().map(Phone::as_str)),
        own(company.website.as_deref()),
        list(company.address.iter().cloned()),
        list(company.tags.iter().cloned()),
        fields(&company.fields),
    ]
}
