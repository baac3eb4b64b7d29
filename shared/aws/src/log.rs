//! The log: JSON lines, level from `RUST_LOG`, warnings and worse by default. Bodies, addresses and secrets are never logged:
//! their types' `Debug` shows nothing of them.

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::Env;

/// Starts logging for a function. A second start changes nothing.
///
/// `RUST_LOG` is a level, or levels of modules: `warn,store=debug`. Filters on spans and fields would need regular expressions,
/// which are large and slow to start; what cannot be read counts as `warn`.
pub fn start(env: &Env) {
    let levels = filter(env.find("RUST_LOG").as_deref());
    // Lambda stamps every line with its time; ours would be the same again.
    let lines = tracing_subscriber::fmt().json().flatten_event(true).without_time().with_max_level(LevelFilter::TRACE).finish();
    if lines.with(levels).try_init().is_err() {
        tracing::debug!("logging was started before");
    }
}

fn filter(given: Option<&str>) -> Targets {
    given.and_then(|given| given.parse().ok()).unwrap_or_else(|| Targets::new().with_default(LevelFilter::WARN))
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    #[test]
    fn the_level_is_warn_unless_the_environment_says_otherwise() {
        for given in [None, Some("store[span]=nonsense=1")] {
            assert!(filter(given).would_enable("send", &Level::WARN));
            assert!(!filter(given).would_enable("send", &Level::INFO));
        }
        let levels = filter(Some("error,store=debug"));
        assert!(levels.would_enable("store::dynamo", &Level::DEBUG));
        assert!(!levels.would_enable("send", &Level::WARN));
    }
}
