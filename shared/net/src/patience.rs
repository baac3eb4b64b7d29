//! How long an exchange with a server may take. A port: tests end somebody's patience by hand.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::sync::Notify;
use tokio::time::Instant;

/// Where patience comes from.
#[derive(Clone, Debug, Default)]
pub enum Patience {
    /// The seconds that each exchange is given.
    #[default]
    Seconds,
    /// Endless, until told: each notification ends one exchange.
    Told(Arc<Notify>),
}

/// The patience left for one exchange.
#[derive(Clone, Debug)]
pub enum Limit {
    /// Until then.
    At(Instant),
    /// See [`Patience::Told`].
    Told(Arc<Notify>),
    /// It has been told.
    Over,
}

impl Patience {
    /// Starts an exchange that may take so long.
    pub fn start(&self, whole: Duration) -> Limit {
        match self {
            Self::Seconds => Limit::At(Instant::now() + whole),
            Self::Told(end) => Limit::Told(end.clone()),
        }
    }
}

impl Limit {
    /// What the work gives, or nothing when patience ends first.
    pub async fn within<T>(&mut self, work: impl Future<Output = T>) -> Option<T> {
        match self {
            Self::At(end) => tokio::time::timeout_at(*end, work).await.ok(),
            Self::Told(end) => {
                let done = tokio::select! {
                    biased;
                    done = work => Some(done),
                    () = end.notified() => None,
                };
                if done.is_none() {
                    *self = Self::Over;
                }
                done
            }
            Self::Over => work.now_or_never(),
        }
    }

    /// Whether patience has ended.
    pub fn is_over(&self) -> bool {
        match self {
            Self::At(end) => *end <= Instant::now(),
            Self::Told(_) => false,
            Self::Over => true,
        }
    }

    /// The same limit, or so long from now where that is sooner.
    pub fn at_most(&self, brief: Duration) -> Self {
        match self {
            Self::At(end) => Self::At((*end).min(Instant::now() + brief)),
            Self::Told(_) | Self::Over => self.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use super::*;

    #[tokio::test]
    async fn patience_ends() {
        let mut none = Patience::Seconds.start(Duration::ZERO);
        assert_eq!(none.within(pending::<()>()).await, None);
        assert!(none.is_over());
        let mut whole = Patience::Seconds.start(Duration::from_secs(3600));
        assert_eq!(whole.within(ready(1)).await, Some(1));
        assert_eq!(whole.at_most(Duration::ZERO).within(pending::<()>()).await, None);
        assert!(!whole.is_over());
    }

    #[tokio::test]
    async fn patience_ends_when_told_and_stays_ended() {
        let told = Arc::new(Notify::new());
        let mut limit = Patience::Told(told.clone()).start(Duration::ZERO);
        assert_eq!((limit.within(ready(1)).await, limit.is_over()), (Some(1), false));
        told.notify_one();
        assert_eq!((limit.within(pending::<()>()).await, limit.is_over()), (None, true));
        assert_eq!(limit.within(pending::<()>()).await, None);
        assert_eq!(limit.within(ready(1)).await, Some(1));
    }
}
