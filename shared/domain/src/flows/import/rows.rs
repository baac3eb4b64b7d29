//! What one row does, and what is wrong with it.

use kernel::{Clock, Error, Fault, Ids, Result};
use store::TenantScope;

use super::kept::keep;
use super::log::log;
use crate::consent::Evidence;
use crate::field::{Definitions, Object};
use crate::flows::Context;
use crate::flows::recognise::Sign;
use crate::import::reader::{Record, Unread};
use crate::import::{Counts, FAULTS, Import, Noun, RowFault, SOURCE, target};
use crate::unique::By;
use crate::{Company, Contact};

/// What rows are carried out with.
pub(super) struct Desk<'a> {
    pub(super) context: &'a Context,
    pub(super) definitions: &'a Definitions,
    pub(super) scope: &'a TenantScope,
    pub(super) import: &'a Import,
    pub(super) evidence: Evidence,
}

impl Desk<'_> {
    /// Where the id comes from of what a line makes: the same however often it does.
    pub(super) fn ids(&self, line: u64) -> (Ids, Clock) {
        let ids = Ids::derived(&self.context.keys, &format!("import {} {line}", self.import.id));
        (ids, Clock::manual(self.import.id.made_at()))
    }

    /// What things of that noun are recognised by.
    pub(super) const fn sign<'a>(&'a self, object: Object, by: &'a By) -> Sign<'a> {
        Sign { context: self.context, scope: self.scope, definitions: self.definitions, object, by }
    }

    /// The version, when it is written for nobody to act on.
    pub(super) fn silent(&self, version: u64) -> Option<u64> {
        self.import.silent.then_some(version)
    }
}

/// What became of a row.
pub(super) enum Done {
    Created,
    Updated,
}

/// Takes rows in, and counts.
pub(super) struct Worker<'a> {
    desk: Desk<'a>,
    pub(super) counts: Counts,
}

impl<'a> Worker<'a> {
    pub(super) fn new(context: &'a Context, definitions: &'a Definitions, scope: &'a TenantScope, import: &'a Import) -> Self {
        let source = import.consent_source.clone();
        let evidence = Evidence { import: Some(import.id), actor: import.actor.clone(), text: source, ..Evidence::by(SOURCE) };
        Self { desk: Desk { context, definitions, scope, import, evidence }, counts: import.counts }
    }

    /// Takes a row in, or notes what is wrong with it. An error means that neither happened.
    pub(super) async fn take(&mut self, record: &Record) -> Result<()> {
        let columns = self.desk.import.header.len();
        let done = match &record.cells {
            Ok(cells) if cells.len() == columns => self.carry_out(record.line, cells).await,
            Ok(cells) => {
                let words = format!("the header has {columns} columns, this row has {}", cells.len());
                Err(Error::invalid("", "columns", words))
            }
            Err(Unread::TooLong) => Err(Error::invalid("", "too_long", "at most 64 KiB and 200 columns")),
            Err(Unread::Quote) => {
                let words = "a quote is opened in this row and never closed: nothing after it was read";
                Err(Error::invalid("", "quote", words))
            }
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
        match self.desk.import.noun {
            Noun::Contact => keep::<Contact>(&self.desk, line, cells).await,
            Noun::Company => keep::<Company>(&self.desk, line, cells).await,
            Noun::Activity => log(&self.desk, line, cells).await,
        }
    }

    /// Keeps what is wrong with a row, as long as there is not too much of it.
    async fn note(&mut self, line: u64, faults: Vec<Fault>) -> Result<()> {
        let import = self.desk.import.id;
        for (number, fault) in faults.into_iter().enumerate() {
            if self.counts.faults < FAULTS {
                let row = RowFault {
                    import,
                    line,
                    number: u16::try_from(number).unwrap_or(u16::MAX),
                    column: self.column(&fault.pointer),
                    code: fault.code.to_owned(),
                    detail: fault.detail,
                    until: RowFault::end(import),
                };
                // One of an earlier try says the same.
                self.desk.scope.create(&row).await?;
            }
            self.counts.faults = self.counts.faults.saturating_add(1);
        }
        Ok(())
    }

    /// The column that a fault points to: by its number, or by what it fills.
    fn column(&self, pointer: &str) -> Option<String> {
        let Import { columns, header, .. } = self.desk.import;
        let at = match pointer.strip_prefix("/column/") {
            Some(rest) => rest.split('/').next()?.parse().ok()?,
            None => columns.iter().position(|word| word.as_ref().is_some_and(|word| target::fills(word, pointer)))?,
        };
        header.get(at).cloned()
    }
}
