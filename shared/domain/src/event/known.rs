//! The names of events: what the house raises itself, what callers are known to report, and the form of any other.

use kernel::{Error, Result};

/// Who tells of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Teller {
    /// The house, when a row changes.
    House,
    /// Callers.
    Callers,
    /// The house of what is kept here, and callers of what they keep elsewhere.
    Both,
}

/// A name that is known.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    /// The name.
    pub name: &'static str,
    /// Who tells of it.
    pub teller: Teller,
    /// When it is told, and what its data holds.
    pub words: &'static str,
}

macro_rules! known {
    ($($teller:ident $name:literal, $words:literal;)*) => {
        /// Every name that is known.
        pub const KNOWN: &[Known] = &[$(Known { name: $name, teller: Teller::$teller, words: $words }),*];
    };
}

known! {
    House "activity.created", "An activity that the whole tenant sees was written down: `id`, `type`, `subject`, `status`, `outcome`.";
    House "company.created", "A company was made.";
    House "company.deleted", "A company was deleted: dated by its last change.";
    House "company.updated", "A company was changed; conditions may ask what.";
    House "consent.changed", "A contact's answer for a channel and category: `channel`, `category`, `granted` (null: forgotten), `source`.";
    Both "contact.created", "A contact was made.";
    House "contact.deleted", "A contact was deleted: dated by its last change.";
    House "contact.updated", "A contact was changed; conditions may ask what.";
    House "deal.closed_lost", "A deal was lost; conditions may ask why by `deal.reason`.";
    Both "deal.closed_won", "A deal was won.";
    House "deal.created", "A deal was made.";
    House "deal.deleted", "A deal was deleted: dated by its last change.";
    Both "deal.stage_changed", "A deal went to another stage; conditions may ask to which.";
    House "message.bounced", "A message came back.";
    House "message.clicked", "A person clicked a link of a message for the first time.";
    House "message.complained", "A recipient called a message spam.";
    House "message.delivered", "The recipient's server took a message.";
    House "message.failed", "A message failed or was refused for good.";
    House "message.opened", "A person opened a message for the first time.";
    House "message.received", "Somebody wrote: `from`, `subject`, `text` (its beginning), `automatic`.";
    House "message.replied", "The same, when it answers a message.";
    House "message.sent", "A provider took a message.";
    House "task.completed", "A task was done: `task`, `title`, `kind`, `priority`, `due_at`, `outcome`.";
    House "task.created", "A task was made: the same.";
    House "task.overdue", "A task was not done in time: the same.";
    Both "user.created", "A user was added: `name`, `email`, `role`.";
    Callers "invoice.created", "An invoice was made.";
    Callers "invoice.due_soon", "An invoice is due soon: `number`, `amount`, `due`.";
    Callers "invoice.overdue", "An invoice is overdue: `number`, `amount`, `due`.";
    Callers "invoice.paid", "An invoice was paid.";
    Callers "outage.ended", "A service works again.";
    Callers "outage.started", "A service does not work: `service`, `since`, `expected`.";
    Callers "payment.failed", "A payment failed.";
    Callers "payment.received", "A payment came in.";
    Callers "service.activated", "A service was switched on.";
    Callers "service.cancelled", "A service was given up.";
    Callers "service.expiring", "A service ends soon.";
    Callers "ticket.closed", "A support request was closed.";
    Callers "ticket.created", "A support request was made: `number`, `title`.";
    Callers "ticket.updated", "A support request was changed.";
}

/// Nouns whose events the house tells of; callers may report some of them too.
const OWN: [&str; 8] = ["activity", "company", "consent", "contact", "deal", "message", "task", "user"];

fn word(text: &str) -> bool {
    crate::name::slug(text).is_ok() && text.len() <= 32
}

fn split(name: &str) -> Result<(&str, &str)> {
    name.split_once('.').filter(|(noun, rest)| word(noun) && (*rest == "*" || word(rest))).ok_or_else(|| {
        Error::invalid("", "event", "two words such as invoice.overdue, each of at most 32 letters, digits, - and _")
    })
}

/// Refuses a name that callers may not report: one without form, or one that the house alone tells of.
pub fn callers(name: &str) -> Result<()> {
    let (noun, rest) = split(name)?;
    if rest == "*" {
        return Err(Error::invalid("", "event", "an event has a name of its own"));
    }
    if !OWN.contains(&noun) || KNOWN.iter().any(|known| known.name == name && known.teller == Teller::Both) {
        return Ok(());
    }
    let both = KNOWN.iter().filter(|known| known.teller == Teller::Both && known.name.split('.').next() == Some(noun));
    let names: Vec<&str> = both.map(|known| known.name).collect();
    let but = if names.is_empty() { String::new() } else { format!(", but for {}", names.join(" and ")) };
    Err(Error::invalid("", "reserved", format!("events of {noun} are told by the house alone{but}")))
}

/// Refuses what no event can ever be called: `invoice.*` stands for all of a noun's.
pub fn trigger(name: &str) -> Result<()> {
    let (noun, rest) = split(name)?;
    if rest == "*" || !OWN.contains(&noun) || KNOWN.iter().any(|known| known.name == name) {
        return Ok(());
    }
    let names: Vec<&str> = KNOWN.iter().map(|known| known.name).filter(|known| known.starts_with(noun)).collect();
    Err(Error::invalid("", "unknown", format!("there is no such event of {noun}; there are {}", names.join(", "))))
}

/// Whether a trigger waits for events of that name.
pub fn waits(trigger: &str, name: &str) -> bool {
    trigger == name || trigger.strip_suffix('*').is_some_and(|noun| noun.ends_with('.') && name.starts_with(noun))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_two_words_and_some_are_the_houses_own() {
        for good in ["invoice.overdue", "order.shipped-late", "a.b"] {
            assert!(callers(good).is_ok() && trigger(good).is_ok(), "{good}");
        }
        for bad in ["invoice", "Invoice.due", "invoice.", ".due", "a.b.c", "invoice.*", "contact.updated", "message.x"] {
            assert!(callers(bad).is_err(), "{bad}");
        }
        assert!(trigger("message.*").is_ok() && trigger("contact.created").is_ok());
        assert!(trigger("contact.creatd").is_err() && trigger("*").is_err() && trigger("*.*").is_err());
    }

    #[test]
    fn who_reports_what_the_house_tells_hears_what_may_be_reported() {
        let why = |name: &str| {
            let Err(Error::Invalid(faults)) = callers(name) else { unreachable!("{name}") };
            faults[0].detail.clone()
        };
        assert_eq!(why("task.created"), "events of task are told by the house alone");
        let deals = "events of deal are told by the house alone, but for deal.closed_won and deal.stage_changed";
        assert_eq!(why("deal.created"), deals);
    }

    #[test]
    fn a_trigger_waits_for_its_name_or_for_all_of_a_noun() {
        assert!(waits("invoice.*", "invoice.due_soon") && waits("invoice.paid", "invoice.paid"));
        assert!(!waits("invoice.*", "invoices.paid") && !waits("invoice.paid", "invoice.paid_twice"));
    }

    #[test]
    fn every_known_name_can_be_waited_for_and_says_who_tells_of_it() {
        for known in KNOWN {
            assert!(trigger(known.name).is_ok(), "{}", known.name);
            assert_eq!(callers(known.name).is_ok(), known.teller != Teller::House, "{}", known.name);
        }
    }
}
