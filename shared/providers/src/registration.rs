//! Telling a provider where to call back, for those that take it by a request.

use crate::Call;

/// What is asked, one after the other. Both can be asked again without harm.
#[derive(Clone, Debug)]
pub struct Registration {
    /// Has the provider call back at [`crate::Setup::callback`]; [`crate::Verdict::Sent`] of its answer says that it will.
    pub tell: Call,
    /// Asks where it calls back: for [`crate::Sending::registered`].
    pub look: Call,
}

/// Where a provider says that it calls back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registered {
    /// Whether that is [`crate::Setup::callback`].
    pub here: bool,
    /// What went wrong when it called back last, in its words.
    pub note: Option<String>,
}
