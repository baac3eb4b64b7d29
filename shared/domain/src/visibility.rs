//! Who of a tenant may see a thing: its owner, a team, or everybody.

use kernel::ids::{TeamId, UserId};
use serde::{Deserialize, Serialize};

/// Whom a thing is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Visibility {
    /// Its owner, and whoever keeps the tenant's users.
    Private,
    /// The members of its team beside them.
    Team,
    /// Everybody who works for the tenant.
    #[default]
    Tenant,
}

impl Visibility {
    /// Every visibility.
    pub const ALL: [Self; 3] = [Self::Private, Self::Team, Self::Tenant];

    /// Whether it is the usual one, which rows do not say.
    pub const fn is_usual(&self) -> bool {
        matches!(self, Self::Tenant)
    }
}

/// Who is looking.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Viewer {
    /// The person; none when a machine looks, which speaks for the tenant and sees all but what is private.
    pub user: Option<UserId>,
    /// Whether the person keeps the tenant's users.
    pub admin: bool,
    /// The teams that the person is a member of.
    pub teams: Vec<TeamId>,
}

impl Viewer {
    /// Whether a thing of that visibility, owner and team may be seen.
    pub fn sees(&self, visibility: Visibility, owner: Option<UserId>, team: Option<TeamId>) -> bool {
        let own = self.admin || (owner.is_some() && self.user == owner);
        match visibility {
            Visibility::Tenant => true,
            Visibility::Team => own || self.user.is_none() || team.is_some_and(|team| self.teams.contains(&team)),
            Visibility::Private => self.user.is_some() && own,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_sees_what() {
        let [me, you] = [1, 2].map(|number| UserId::from_bytes([number; 16]));
        let [ours, theirs] = [3, 4].map(|number| TeamId::from_bytes([number; 16]));
        let person = Viewer { user: Some(me), admin: false, teams: vec![ours] };
        let admin = Viewer { user: Some(me), admin: true, teams: Vec::new() };
        let machine = Viewer::default();
        let table = [
            (Visibility::Tenant, Some(you), None, [true, true, true]),
            (Visibility::Team, Some(you), Some(ours), [true, true, true]),
            (Visibility::Team, Some(you), Some(theirs), [false, true, true]),
            (Visibility::Team, Some(me), Some(theirs), [true, true, true]),
            (Visibility::Private, Some(me), None, [true, true, false]),
            (Visibility::Private, Some(you), Some(ours), [false, true, false]),
            (Visibility::Private, None, None, [false, true, false]),
        ];
        for (visibility, owner, team, expected) in table {
            let seen = [&person, &admin, &machine].map(|viewer| viewer.sees(visibility, owner, team));
            assert_eq!(seen, expected, "{visibility:?} {owner:?} {team:?}");
        }
    }
}
