//! Roles and rights: one table, exhaustively matched.

use kernel::{Error, Result};
use serde::{Deserialize, Serialize};

/// What a person or key may be within a tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Reads.
    Viewer,
    /// Writes to contacts.
    Agent,
    /// Keeps templates, suppressions and campaigns.
    Manager,
    /// Keeps users, keys and accounts.
    Admin,
    /// Everything, and cannot be removed by an admin.
    Owner,
}

/// What an operation asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Right {
    /// See contacts, messages, templates, suppressions, statistics.
    Read,
    /// Create and change contacts, companies and deals.
    WriteContacts,
    /// Send, cancel and retry messages.
    Send,
    /// Create, change and publish templates.
    WriteTemplates,
    /// Add and lift suppressions.
    WriteSuppressions,
    /// Delete contacts and messages.
    Delete,
    /// Say which custom fields there are.
    ManageFields,
    /// Create and change rules.
    ManageRules,
    /// Take all contacts out.
    Export,
    /// See and change accounts.
    ManageAccounts,
    /// See and change users and API keys.
    ManageUsers,
    /// Change the tenant itself and its owners.
    ManageTenant,
}

impl Right {
    /// Every right.
    pub const ALL: [Self; 12] = [
        Self::Read,
        Self::WriteContacts,
        Self::Send,
        Self::WriteTemplates,
        Self::WriteSuppressions,
        Self::Delete,
        Self::ManageFields,
        Self::ManageRules,
        Self::Export,
        Self::ManageAccounts,
        Self::ManageUsers,
        Self::ManageTenant,
    ];

    /// The word that a problem names.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::WriteContacts => "contacts.write",
            Self::Send => "messages.send",
            Self::WriteTemplates => "templates.write",
            Self::WriteSuppressions => "suppressions.write",
            Self::Delete => "delete",
            Self::Export => "contacts.export",
            Self::ManageFields => "fields.manage",
            Self::ManageRules => "rules.manage",
            Self::ManageAccounts => "accounts.manage",
            Self::ManageUsers => "users.manage",
            Self::ManageTenant => "tenant.manage",
        }
    }
}

impl Role {
    /// Every role, least first.
    pub const ALL: [Self; 5] = [Self::Viewer, Self::Agent, Self::Manager, Self::Admin, Self::Owner];

    /// The word in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Agent => "agent",
            Self::Manager => "manager",
            Self::Admin => "admin",
            Self::Owner => "owner",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == word)
    }

    /// The least role that has the right.
    const fn least(right: Right) -> Self {
        match right {
            Right::Read => Self::Viewer,
            Right::WriteContacts | Right::Send => Self::Agent,
            Right::WriteTemplates
            | Right::Export
            | Right::WriteSuppressions
            | Right::Delete
            | Right::ManageFields
            | Right::ManageRules => Self::Manager,
            Right::ManageAccounts | Right::ManageUsers => Self::Admin,
            Right::ManageTenant => Self::Owner,
        }
    }

    /// Whether the role has the right.
    pub fn allows(self, right: Right) -> bool {
        self >= Self::least(right)
    }

    /// Refuses when the role lacks the right.
    pub fn check(self, right: Right) -> Result<()> {
        if self.allows(right) { Ok(()) } else { Err(Error::Forbidden { need: right.as_str() }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_role_table() {
        let table: Vec<String> = Role::ALL
            .iter()
            .map(|role| {
                let rights: Vec<_> =
                    Right::ALL.iter().filter(|right| role.allows(**right)).map(|right| right.as_str()).collect();
                format!("{}: {}", role.as_str(), rights.join(" "))
            })
            .collect();
        assert_eq!(
            table,
            [
                "viewer: read",
                "agent: read contacts.write messages.send",
                "manager: read contacts.write messages.send templates.write suppressions.write delete fields.manage rules.manage contacts.export",
                "admin: read contacts.write messages.send templates.write suppressions.write delete fields.manage rules.manage contacts.export \
                 accounts.manage users.manage",
                "owner: read contacts.write messages.send templates.write suppressions.write delete fields.manage rules.manage contacts.export \
                 accounts.manage users.manage tenant.manage",
            ]
        );
        assert_eq!(Role::parse("owner"), Some(Role::Owner));
        assert_eq!(Role::parse("root"), None);
    }
}
