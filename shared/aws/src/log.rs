//! The log: JSON lines, level from `RUST_LOG`, warnings and worse by default. Bodies, addresses and secrets are never logged:
//! their types' `Debug` shows nothing of them.

use tracing_subscriber::EnvFilter;

use crate::Env;

/// Starts logging for a function. A second start changes nothing.
pub fn start(env: &Env) {
    let filter = EnvFilter::new(env.find("RUST_LOG").unwrap_or_else(|| "warn".to_owned()));
    // Lambda stamps every line with its time; ours would be the same again.
    let started = tracing_subscriber::fmt().json().flatten_event(true).without_time().with_env_filter(filter).try_init();
    if started.is_err() {
        tracing::debug!("logging was started before");
    }
}
