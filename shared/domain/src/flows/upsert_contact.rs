//! Making a contact or changing the one that has an address or unique value already: whoever sends contacts need not know which are
//! here. Of several requests at once one makes the contact and the others find it.

use kernel::ids::ContactId;
use kernel::{Error, Result};
use store::{Stored, TenantScope};

use super::gather::is_passing;
use super::recognise::Sign;
use super::{Context, keep_contact};
use crate::Contact;
use crate::consent::Evidence;
use crate::field::{Definitions, Object};
use crate::unique::By;

/// How often it is looked again, when others change the same contact meanwhile.
const TRIES: usize = 12;

/// What was done.
#[derive(Clone, Debug)]
pub struct Upserted {
    /// The contact as it is now.
    pub contact: Stored<Contact>,
    /// Whether it is new.
    pub new: bool,
}

/// Makes the contact under that id, or changes the one that is recognised. `apply` carries the request out on either.
pub async fn upsert(
    context: &Context,
    scope: &TenantScope,
    definitions: &Definitions,
    by: &By,
    id: ContactId,
    evidence: &Evidence,
    apply: impl Fn(&mut Contact) -> Result<()> + Send + Sync,
) -> Result<Upserted> {
    let mut refusal = Error::conflict("the contact is changed by others all the time");
    for _ in 0..TRIES {
        let mut contact = Contact::blank(id, context.clock.now());
        apply(&mut contact)?;
        let tried = match recognised(context, scope, definitions, by, &contact).await? {
            Some(mut known) => {
                let before = known.row.clone();
                apply(&mut known.row)?;
                keep_addresses(&before, &mut known.row);
                let changed = keep_contact::replace(context, scope, definitions, &before, &mut known, evidence).await;
                changed.map(|version| Upserted { contact: Stored { row: known.row, version }, new: false })
            }
            None => {
                let made = keep_contact::create(context, scope, definitions, &mut contact, evidence).await;
                made.map(|()| Upserted { contact: Stored { row: contact, version: 1 }, new: true })
            }
        };
        match tried {
            Err(Error::Stale { .. } | Error::NotFound { .. }) => {}
            Err(error) if is_passing(&error) => refusal = error,
            done => return done,
        }
    }
    Err(refusal)
}

/// Emails and phones that the request does not name stay, behind those that it names: it need not know all of them.
fn keep_addresses(before: &Contact, contact: &mut Contact) {
    let emails = before.emails.iter().filter(|email| !contact.emails.iter().any(|given| given.key() == email.key()));
    let emails: Vec<_> = emails.cloned().collect();
    contact.emails.extend(emails);
    let phones: Vec<_> = before.phones.iter().filter(|phone| !contact.phones.contains(phone)).cloned().collect();
    contact.phones.extend(phones);
}

/// The contact that has the address or value which the request names.
async fn recognised(
    context: &Context,
    scope: &TenantScope,
    definitions: &Definitions,
    by: &By,
    wanted: &Contact,
) -> Result<Option<Stored<Contact>>> {
    let sign = Sign { context, scope, definitions, object: Object::Contact, by };
    sign.check().map_err(|error| error.under("?by"))?;
    let place = by.place();
    let value = wanted.known_by(by).ok_or_else(|| Error::invalid(&place, "required", "the contact is recognised by this"))?;
    let owner = sign.holder(&value).await.map_err(|error| error.under(&place))?;
    match owner.and_then(|owner| ContactId::parse(&owner)) {
        Some(owner) => scope.read_now::<Contact>(owner).await,
        None => Ok(None),
    }
}
