//! `cargo run`: starts the whole system on this machine.

use std::io::Write;
use std::process::ExitCode;

use local::options::{HELP, Options};
use local::runner;

/// The one of the functions.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt().with_env_filter(filter()).with_writer(std::io::stderr).init();
    let options = match Options::parse(std::env::args().skip(1)) {
        Ok(Some(options)) => options,
        Ok(None) => return say(HELP, ExitCode::SUCCESS),
        Err(sentence) => return complain(&sentence),
    };
    match Box::pin(runner::start(&options)).await {
        Ok(running) => {
            say(&running.greeting(), ExitCode::SUCCESS);
            let _ = tokio::signal::ctrl_c().await;
            running.stop();
            ExitCode::SUCCESS
        }
        Err(sentence) => complain(&sentence),
    }
}

fn filter() -> tracing_subscriber::EnvFilter {
    let level = aws::Env::process().find("RUST_LOG").unwrap_or_else(|| "warn,dynoxide=error".to_owned());
    tracing_subscriber::EnvFilter::new(level)
}

fn say(text: &str, code: ExitCode) -> ExitCode {
    let _ = std::io::stdout().write_all(text.as_bytes());
    code
}

fn complain(sentence: &str) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "{sentence}");
    ExitCode::FAILURE
}
