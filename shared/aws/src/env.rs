//! The environment: the only place that reads it.

use kernel::{Error, Result, Secret};

/// Settings of the process, by name.
#[derive(Clone, Debug)]
pub struct Env {
    given: Option<std::collections::BTreeMap<String, String>>,
}

impl Env {
    /// The process's own environment.
    pub const fn process() -> Self {
        Self { given: None }
    }

    /// Exactly these settings.
    pub fn of<'a>(pairs: impl IntoIterator<Item = (&'a str, String)>) -> Self {
        Self { given: Some(pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()) }
    }

    /// The setting, when it is there and not empty.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    pub fn find(&self, name: &str) -> Option<String> {
        let value = match &self.given {
            Some(given) => given.get(name).cloned(),
            None => std::env::var(name).ok(),
        };
        value.filter(|value| !value.is_empty())
    }

    /// The setting, which must be there.
    pub fn need(&self, name: &str) -> Result<String> {
        self.find(name).ok_or_else(|| Error::internal(format!("the environment variable {name} is not set")))
    }

    /// A secret setting, which must be there.
    pub fn secret(&self, name: &str) -> Result<Secret> {
        self.need(name).map(Secret::new)
    }
}
