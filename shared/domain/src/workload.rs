//! Who has how much to do, and whose turn it is: what giving out tasks by itself goes by.

use kernel::ids::{TeamId, UserId};
use serde::{Deserialize, Serialize};
use store::schema::{self, Entity, Locator, Row};

/// How many open tasks a user has. Counted in the transactions that give and take them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Workload {
    /// Who.
    pub user: UserId,
    /// How many.
    pub open: i64,
}

impl Workload {
    /// Where a user's row is.
    pub fn at(user: UserId) -> Locator {
        Locator::Natural(user.hex())
    }
}

impl Entity for Workload {
    const ROW: Row = schema::WORKLOAD;

    fn locator(&self) -> Locator {
        Self::at(self.user)
    }
}

/// Who of a team was given a task last, when its members take turns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turn {
    /// The team.
    pub team: TeamId,
    /// Who.
    pub last: UserId,
}

impl Turn {
    /// Where a team's row is.
    pub fn at(team: TeamId) -> Locator {
        Locator::Natural(team.hex())
    }
}

impl Entity for Turn {
    const ROW: Row = schema::TURN;

    fn locator(&self) -> Locator {
        Self::at(self.team)
    }
}
