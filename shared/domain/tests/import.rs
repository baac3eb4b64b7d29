//! An import takes the same memory whatever its file: measured, by an allocator that counts.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first thing that is wrong")]

use std::collections::{BTreeMap, BTreeSet};

use aws::Files;
use aws::files::{Shelf, whole};
use domain::Attachment;
use domain::flows::Context;
use domain::flows::catalog::Catalog;
use domain::flows::import::{NewImport, carry_out, order};
use domain::import::{Counts, Encoding, Form, Import, Noun, State};
use kernel::ids::{AttachmentId, TenantId};
use kernel::{Clock, Ids, Keys, Secret, Time};
use peak_alloc::PeakAlloc;
use store::memory::Faults;
use store::{Memory, Store, Table};

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// Bytes that judging a file of that many rows takes at most at once, and what came of them.
async fn peak(rows: u64) -> (usize, Counts) {
    let (ids, clock) = (Ids::seeded(3), Clock::manual(Time::parse("2026-03-02T09:30:00Z").unwrap()));
    let store = Store::new(Table::Memory(Memory::new(Faults::none())));
    let (scope, _) = store.platform().found(TenantId::new(&ids, &clock), "acme", "Acme").unwrap();
    let keys = Keys::derive(&Secret::new("the deployment secret of a test, for it alone")).unwrap();
    let folder = std::env::temp_dir().join(format!("import-{}-{rows}", std::process::id()));
    let files = Files::Shelf(Shelf::folder(folder.clone(), &keys, "", clock.clone()));
    let context = Context { clock, ids, keys };

    let words = "x".repeat(400);
    let lines = (0..rows).map(|n| format!("p{n}@example.com,P{n},{words}\n"));
    let file: String = std::iter::once("email,name,note\n".to_owned()).chain(lines).collect();
    let bytes = u64::try_from(file.len()).unwrap();
    let id = AttachmentId::new(&context.ids, &context.clock);
    let attachment = Attachment::wanted(id, "people.csv", "text/csv", bytes).unwrap();
    files.write(&attachment.key(scope.tenant()), "text/csv", bytes, whole(file)).await.unwrap();
    scope.create(&attachment).await.unwrap();
    let mapping = [("email", "email"), ("name", "first_name"), ("note", "field.note")];
    let new = NewImport {
        noun: Noun::Contact,
        attachment: id,
        form: Form { delimiter: b',', separator: b';', encoding: Encoding::Utf8 },
        mapping: mapping.map(|(name, word)| (name.to_owned(), word.to_owned())).into_iter().collect::<BTreeMap<_, _>>(),
        mode: None,
        by: None,
        dry_run: true,
        silent: false,
        consents: BTreeSet::new(),
        consent_source: None,
        actor: None,
        user: None,
    };
    let catalog = Catalog::new(context.clock.clone());
    let import = order(&context, &catalog, &files, &scope, new).await.unwrap();

    let before = ALLOCATOR.current_usage();
    ALLOCATOR.reset_peak_usage();
    let mut seq = 1;
    let done = loop {
        carry_out(&context, &catalog, &files, &scope, import.id, seq).await.unwrap();
        let row = scope.find::<Import>(import.id).await.unwrap().row;
        if row.state == State::Done {
            break row;
        }
        seq = row.state_seq;
    };
    let peak = ALLOCATOR.peak_usage().saturating_sub(before);
    std::fs::remove_dir_all(folder).unwrap();
    (peak, done.counts)
}

#[tokio::test]
async fn memory_does_not_grow_with_the_file() {
    let (small, counts) = peak(1_000).await;
    assert_eq!((counts.rows, counts.created), (1_000, 1_000));
    let (large, counts) = peak(40_000).await;
    assert_eq!((counts.rows, counts.created), (40_000, 40_000));
    // The table of the test keeps every version of the import's row: some hundred of them more.
    assert!(large < small + 4 * 1024 * 1024, "17 MB more of file: {small} and then {large} bytes");
}
