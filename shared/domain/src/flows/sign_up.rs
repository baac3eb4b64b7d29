//! Carrying out what somebody asked by a form: the person is made known, unless they are, and asked by a message whether it was they.
//! What a contact says of itself does not change before that: whoever can type an address can ask in another's name.

use aws::Files;
use kernel::ids::{ContactId, MessageId, SignupId};
use kernel::{Clock, Email, Error, Ids, Phone, Result};
use store::{Stored, TenantScope};

use super::catalog::Catalog;
use super::opt_in::{self, Question};
use super::{Context, keep_contact, recognise};
use crate::field::Definitions;
use crate::signup::Signup;
use crate::{Channel, Contact, address};

/// What brings contacts about by a form, and what is known of their consents before they confirm.
pub const SOURCE: &str = "signup_form";

/// Carries it out, once however often that is tried: what it makes has ids that follow from its own, and who was asked within a day
/// is not asked again. Then it goes.
pub async fn carry_out(context: &Context, catalog: &Catalog, files: &Files, scope: &TenantScope, id: SignupId) -> Result<()> {
    let Some(signup) = scope.read_now::<Signup>(id).await? else { return Ok(()) };
    let ids = Ids::derived(&context.keys, &format!("signup {id}"));
    let made = Clock::manual(id.made_at());
    let (contact, message) = (ContactId::new(&ids, &made), MessageId::new(&ids, &made));
    let contact = known(context, scope, &signup.row, contact).await?;
    // Who is to get nothing at all gets no question either.
    if !contact.do_not_contact {
        ask(context, catalog, files, scope, &signup.row, contact.id, message).await?;
    }
    match scope.erase(&signup).await {
        Ok(()) | Err(Error::NotFound { .. } | Error::Stale { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}

/// The contact that has the address, made if there is none. Rules hear of a new one when it has confirmed.
async fn known(context: &Context, scope: &TenantScope, signup: &Signup, id: ContactId) -> Result<Contact> {
    let key = address::key(signup.channel, &signup.address)?;
    if let Some(contact) = recognise::owner(context, scope, signup.channel, &key).await? {
        return Ok(contact.row);
    }
    let mut contact = Contact {
        first_name: signup.first_name.clone(),
        last_name: signup.last_name.clone(),
        locale: Some(signup.locale.clone()),
        source: Some(SOURCE.to_owned()),
        silent: Some(1),
        ..Contact::blank(id, context.clock.now())
    };
    if signup.channel == Channel::Email {
        contact.emails.push(Email::parse(&signup.address)?);
    } else {
        contact.phones.push(Phone::kept(&signup.address)?);
    }
    // A form does not ask for custom fields, whatever their definitions need.
    match keep_contact::create(context, scope, &Definitions::NONE, &mut contact, &signup.evidence).await {
        Ok(()) => Ok(contact),
        Err(Error::Invalid(_) | Error::Conflict { .. }) => Err(Error::unavailable("somebody else takes the address")),
        Err(error) => Err(error),
    }
}

async fn ask(
    context: &Context,
    catalog: &Catalog,
    files: &Files,
    scope: &TenantScope,
    signup: &Signup,
    contact: ContactId,
    message: MessageId,
) -> Result<()> {
    let question = Question {
        contact,
        channel: signup.channel,
        categories: &signup.categories,
        locale: Some(&signup.locale),
        origin: &signup.origin,
        evidence: &signup.evidence,
        message: Some(message),
    };
    let asked: Result<Stored<Contact>> = opt_in::ask(context, catalog, files, scope, &question).await;
    match asked {
        // A question that cannot be put, such as by a template that does not render, cannot be put later either.
        Ok(_) | Err(Error::Invalid(_) | Error::Conflict { .. } | Error::NotFound { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}
