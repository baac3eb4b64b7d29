//! What is measured, printed as one JSON object on standard output; what is under way goes to standard error.
//!
//! `cargo run --release -p bench` measures everything; `-- --skip-binaries` leaves out building and starting the functions,
//! `-- --binaries` does nothing else. `-- --pipeline` times the pipeline alone, and `-- --pipeline 2000` with that many messages,
//! as a profiler wants it. `-- --providers` times the providers alone, `-- --tasks` counts and times tasks alone, `-- --hour` says
//! how late a million rows of one hour are moved, `-- --counting` counts the counters and `-- --bill` the units of an email alone.
#![expect(clippy::disallowed_methods, reason = "a bench reads the clock, its arguments and its environment")]
#![expect(clippy::large_futures, reason = "a stage is large, and a bench has a stack of its own")]

mod bill;
mod binaries;
mod counting;
mod hour;
mod people;
mod pipeline;
mod providers;
mod runtime;
mod tasks;
mod templates;
mod watch;
mod wire;
mod world;

use std::io::Write;
use std::process::{Command, ExitCode};

use serde_json::{Map, Value, json};

/// The one of the functions.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Says what is under way.
pub(crate) fn note(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Any failure, as a sentence.
pub(crate) type Fallible<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |name: &str| arguments.iter().any(|argument| argument == name);
    let measured = if has("--pipeline") {
        pipeline::measure(arguments.get(1))
    } else if has("--providers") {
        providers::measure()
    } else if has("--bill") {
        bill::measure()
    } else if has("--counting") {
        counting::measure()
    } else if has("--tasks") {
        tasks::measure()
    } else if has("--hour") {
        hour::measure()
    } else if has("--binaries") {
        binaries::measure()
    } else {
        all(has("--skip-binaries"))
    };
    match measured {
        Ok(value) => {
            let text = serde_json::to_string_pretty(&value).unwrap_or_default();
            let _ = writeln!(std::io::stdout(), "{text}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            note(&format!("The bench failed: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn all(skip_binaries: bool) -> Fallible<Value> {
    let mut numbers = Map::new();
    let mut add = |value: Value| {
        if let Value::Object(fields) = value {
            numbers.extend(fields);
        }
    };
    note("counting the bill");
    add(bill::measure()?);
    note("counting and asking what was counted");
    add(counting::measure()?);
    note("counting tasks, and scanning");
    add(json!({ "tasks": tasks::measure()? }));
    note("counting how late a million rows are");
    add(json!({ "hour": hour::measure()? }));
    note("timing the pipeline in a process of its own");
    let child = Command::new(std::env::current_exe()?).arg("--pipeline").output()?;
    if !child.status.success() {
        return Err(String::from_utf8_lossy(&child.stderr).into_owned().into());
    }
    add(serde_json::from_slice(&child.stdout)?);
    note("timing templates");
    add(json!({ "template": templates::measure()? }));
    note("timing providers");
    add(providers::measure()?);
    if !skip_binaries {
        note("building the functions as they are deployed");
        add(binaries::measure()?);
    }
    Ok(Value::Object(numbers))
}
