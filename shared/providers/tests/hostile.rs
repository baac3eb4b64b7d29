//! Everything that strangers may write, replayed: the corpus of the fuzz targets (`fuzz/corpus`), the samples of all providers, and
//! thousands of changes of both, the same ones in every run. No reader may panic, look at a byte more often than its level allows,
//! or hold more memory than a multiple of what came in.
//!
//! Memory is what was allocated and not yet freed at its highest, counted by the allocator.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test")]

#[path = "hostile/change.rs"]
mod change;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use change::Changes;
use peak_alloc::PeakAlloc;
use stands::{folder, fuzz};

#[global_allocator]
static ALLOCATED: PeakAlloc = PeakAlloc;

/// Memory that a reader may hold whatever it reads, in bytes.
const FLOOR: usize = 2 << 20;
/// And for each byte that it reads: a JSON object of seven bytes is a node of a tree in memory.
const GROWTH: usize = 128;
/// Changes of the corpus that each target is tried with.
const CHANGES: usize = 2_000;

type Read = Box<dyn Fn(&[u8])>;

/// A reader, by the name of its fuzz target.
struct Target {
    name: String,
    read: Read,
    /// Folders of what it is tried with.
    folders: Vec<PathBuf>,
}

fn targets() -> Vec<Target> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
    let mut targets = vec![
        Target {
            name: "mime".to_owned(),
            read: Box::new(fuzz::mime),
            folders: vec![corpus.join("mime"), corpus.join("report")],
        },
        Target { name: "imap".to_owned(), read: Box::new(fuzz::imap), folders: vec![corpus.join("imap")] },
        Target { name: "report".to_owned(), read: Box::new(fuzz::report), folders: vec![corpus.join("report")] },
    ];
    targets.extend(fuzz::readers().into_iter().map(|id| Target {
        name: id.to_owned(),
        read: Box::new(move |bytes| fuzz::callback(id, bytes)),
        folders: vec![corpus.join("any_callback"), corpus.join(id), folder().join(id)],
    }));
    targets
}

impl Target {
    /// What it is tried with, with the names of the files. All of it was read once.
    fn seeds(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let entries = self.folders.iter().filter_map(|folder| std::fs::read_dir(folder).ok()).flatten();
        let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        let seeds: Vec<_> = paths.into_iter().map(|path| (path.clone(), std::fs::read(path).unwrap())).collect();
        // What is made once in a process, such as the table of telephone numbers, is not counted.
        seeds.iter().for_each(|(path, bytes)| self.read(&path.display().to_string(), bytes));
        seeds
    }

    /// Reads. What cannot be read is left in a file, to be looked at.
    fn read(&self, what: &str, bytes: &[u8]) {
        let read = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| (self.read)(bytes)));
        if read.is_err() {
            std::fs::write(std::env::temp_dir().join(format!("{}.hostile", self.name)), bytes).unwrap();
        }
        assert!(read.is_ok(), "{} cannot bear {what}, which is in the folder for temporary files now", self.name);
    }

    /// Reads, and counts what was held.
    fn survive(&self, what: &str, bytes: &[u8]) {
        let before = ALLOCATED.current_usage();
        ALLOCATED.reset_peak_usage();
        self.read(what, bytes);
        let held = ALLOCATED.peak_usage().saturating_sub(before);
        assert!(held <= bytes.len() * GROWTH + FLOOR, "{}: {what} of {} bytes took {held}", self.name, bytes.len());
    }
}

/// Peak memory is the whole process's, so all tests take turns.
fn turn() -> std::sync::MutexGuard<'static, ()> {
    static TURN: std::sync::Mutex<()> = std::sync::Mutex::new(());
    TURN.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[test]
fn every_reader_has_its_fuzz_target_and_its_corpus() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz");
    let names = |folder: &str| -> BTreeSet<String> {
        let entries = std::fs::read_dir(root.join(folder)).unwrap();
        entries.map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned()).collect()
    };
    let readers: BTreeSet<String> = targets().into_iter().map(|target| target.name).collect();
    assert_eq!(names("targets"), readers);
    let manifest = std::fs::read_to_string(root.join("Cargo.toml")).unwrap();
    for name in &readers {
        assert!(manifest.contains(&format!("name = \"{name}\"\npath = \"targets/{name}.rs\"\n")), "{name}");
        let target = std::fs::read_to_string(root.join(format!("targets/{name}.rs"))).unwrap();
        let call = match name.as_str() {
            "mime" | "report" => format!("{name}(bytes)"),
            _ => format!("callback(\"{name}\", bytes)"),
        };
        assert!(target.contains(&call), "{name}: {target}");
    }
    let mut corpus = names("corpus");
    assert!(corpus.remove("any_callback"));
    assert!(corpus.is_subset(&readers), "{corpus:?}");
}

#[test]
fn the_corpus_is_borne() {
    let _turn = turn();
    for target in targets() {
        let seeds = target.seeds();
        assert!(seeds.len() >= 10, "{} has {} files", target.name, seeds.len());
        for (path, bytes) in seeds {
            target.survive(&path.display().to_string(), &bytes);
        }
    }
}

#[test]
fn every_change_of_the_corpus_is_borne() {
    let _turn = turn();
    for target in targets() {
        let seeds: Vec<Vec<u8>> = target.seeds().into_iter().map(|(_, bytes)| bytes).collect();
        let mut changes = Changes::of(&seeds);
        for number in 0..CHANGES {
            let bytes = changes.one();
            target.survive(&format!("change {number}"), &bytes);
        }
    }
}
