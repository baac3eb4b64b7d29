//! What one row does.

use kernel::error::Faults;
use kernel::ids::ContactId;
use kernel::{Clock, Error, Fault, Ids, Result};
use store::{Stored, TenantScope};

use crate::consent::Evidence;
use crate::field::{Definitions, Object};
use crate::flows::{Context, keep_contact};
use crate::import::reader::{Record, Unread};
use crate::import::{By, Counts, FAULTS, Import, Mode, RowFault, SOURCE, cells};
use crate::{Address, Channel, Contact};

/// How often a row is tried against other writers of the same contact.
const TRIES: usize = 4;

/// Takes rows in, and counts.
pub(super) struct Worker<'a> {
    context: &'a Context,
    definitions: &'a Definitions,
    scope: &'a TenantScope,
    import: &'a Import,
    evidence: Evidence,
    pub(super) counts: Counts,
}

/// What became of a row's contact.
enum Done {
    Created,
    Updated,
}

impl<'a> Worker<'a> {
    pub(super) fn new(context: &'a Context, definitions: &'a Definitions, scope: &'a TenantScope, import: &'a Import) -> Self {
        let source = import.consent_source.clone();
        let evidence = Evidence { import: Some(import.id), actor: import.actor.clone(), text: source, ..Evidence::by(SOURCE) };
        Self { context, definitions, scope, import, evidence, counts: import.counts }
    }

    /// Takes a row in, or notes what is wrong with it. An error means that neither happened.
    pub(super) async fn take(&mut self, record: &Record) -> Result<()> {
        let done = match &record.cells {
            Ok(cells) if cells.len() == self.import.header.len() => self.carry_out(record.line, cells).await,
            Ok(cells) => {
                let words = format!("the header has {} columns, this row has {}", self.import.header.len(), cells.len());
                Err(Error::invalid("", "columns", words))
            }
            Err(Unread::TooLong) => Err(Error::invalid("", "too_long", "at most 64 KiB and 200 columns")),
            Err(Unread::Encoding) => {
                Err(Error::invalid("", "encoding", "the row is not written in the encoding of the import"))
            }
        };
        match done {
            Ok(Done::Created) => self.counts.created = self.counts.created.saturating_add(1),
            Ok(Done::Updated) => self.counts.updated = self.counts.updated.saturating_add(1),
            Err(Error::Invalid(faults)) => {
                self.counts.failed = self.counts.failed.saturating_add(1);
                self.note(record.line, faults).await?;
            }
            Err(error) => return Err(error),
        }
        self.counts.rows = self.counts.rows.saturating_add(1);
        Ok(())
    }

    async fn carry_out(&self, line: u64, cells: &[String]) -> Result<Done> {
        let now = self.context.clock.now();
        let id = self.id_of(line);
        for _ in 0..TRIES {
            let mut wanted = Contact::blank(id, now);
            cells::apply(self.import, self.definitions, cells, &mut wanted, now)?;
            let tried = match (self.known(&wanted).await?, self.import.mode) {
                // This very row made it, in a part that was carried out before.
                (Some(known), _) if known.row.id == id => Ok(Done::Created),
                (Some(_), Mode::Create) => Err(Error::invalid(self.place(), "taken", "such a contact is here already")),
                (None, Mode::Update) => Err(Error::invalid(self.place(), "unknown", "no such contact is here")),
                (Some(known), Mode::Update | Mode::Upsert) => self.change(known, cells).await,
                (None, Mode::Create | Mode::Upsert) => self.make(wanted).await,
            };
            match tried {
                Err(Error::Stale { .. } | Error::Conflict { .. }) => {}
                done => return done,
            }
        }
        Err(Error::unavailable("a contact is being changed too fast"))
    }

    /// The id of the contact that a line makes: the same however often it does.
    fn id_of(&self, line: u64) -> ContactId {
        let ids = Ids::derived(&self.context.keys, &format!("import {} {line}", self.import.id));
        ContactId::new(&ids, &Clock::manual(self.import.id.made_at()))
    }

    const fn place(&self) -> &'static str {
        match self.import.by {
            By::Email => "/emails",
            By::Phone => "/phones",
        }
    }

    /// The contact that the row is about, when it is here already.
    async fn known(&self, wanted: &Contact) -> Result<Option<Stored<Contact>>> {
        let (channel, key) = match self.import.by {
            By::Email => (Channel::Email, wanted.emails.first().map(kernel::Email::key)),
            By::Phone => (Channel::Sms, wanted.phones.first().map(ToString::to_string)),
        };
        let key = key.ok_or_else(|| Error::invalid(self.place(), "required", "the contact is recognised by this"))?;
        let at = Address::at(&self.context.keys, channel, &key);
        let address = self.scope.read_now::<Address>(at).await?;
        match address.and_then(|address| address.row.contact) {
            Some(owner) => self.scope.read_now::<Contact>(owner).await,
            None => Ok(None),
        }
    }

    async fn make(&self, mut contact: Contact) -> Result<Done> {
        contact.source = Some(SOURCE.to_owned());
        contact.silent = self.import.silent.then_some(1);
        if self.import.dry_run {
            self.judge(None, &mut contact)?;
        } else {
            keep_contact::create(self.context, self.scope, self.definitions, &mut contact, &self.evidence).await?;
        }
        Ok(Done::Created)
    }

    async fn change(&self, mut known: Stored<Contact>, cells: &[String]) -> Result<Done> {
        let before = known.row.clone();
        let now = self.context.clock.now();
        cells::apply(self.import, self.definitions, cells, &mut known.row, now)?;
        if self.import.dry_run {
            self.judge(Some(&before), &mut known.row)?;
        } else if known.row != before {
            known.row.updated_at = now;
            known.row.silent = self.import.silent.then_some(known.version.saturating_add(1));
            let (context, evidence) = (self.context, &self.evidence);
            keep_contact::replace(context, self.scope, self.definitions, &before, &mut known, evidence).await?;
        }
        Ok(Done::Updated)
    }

    /// Judges what a dry run does not write.
    fn judge(&self, before: Option<&Contact>, contact: &mut Contact) -> Result<()> {
        let mut faults = Faults::default();
        faults.take("", contact.check());
        let before = before.map(|before| &before.fields);
        self.definitions.judge(Object::Contact, before, &mut contact.fields, &mut faults);
        faults.check()
    }

    /// Keeps what is wrong with a row, as long as there is not too much of it.
    async fn note(&mut self, line: u64, faults: Vec<Fault>) -> Result<()> {
        for (number, fault) in faults.into_iter().enumerate() {
            if self.counts.faults < FAULTS {
                let row = RowFault {
                    import: self.import.id,
                    line,
                    number: u16::try_from(number).unwrap_or(u16::MAX),
                    column: self.column(&fault.pointer),
                    code: fault.code.to_owned(),
                    detail: fault.detail,
                    until: RowFault::end(self.import.id),
                };
                // One of an earlier try says the same.
                self.scope.create(&row).await?;
            }
            self.counts.faults = self.counts.faults.saturating_add(1);
        }
        Ok(())
    }

    /// The column that a fault points to: by its number, or by what it fills.
    fn column(&self, pointer: &str) -> Option<String> {
        let mut steps = pointer.split('/').skip(1);
        let (first, second) = (steps.next()?, steps.next());
        let at = match first {
            "column" => second?.parse().ok()?,
            place => self.import.columns.iter().position(|one| one.as_ref().is_some_and(|one| one.place() == place))?,
        };
        self.import.header.get(at).cloned()
    }
}
