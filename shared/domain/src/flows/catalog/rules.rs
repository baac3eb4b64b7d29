//! The rules of a tenant, kept like its accounts. Whoever accepts messages asks whether one of them waits for what becomes of them.

use std::sync::Arc;

use kernel::Result;
use store::{Listing, TenantScope};

use super::{Catalog, put};
use crate::Rule;
use crate::rule::MOST;

impl Catalog {
    /// The tenant's rules, the oldest first.
    pub async fn rules(&self, scope: &TenantScope) -> Result<Arc<Vec<Rule>>> {
        let found = self.fresh(self.kept().rules.get(&scope.tenant()));
        if let Some(rules) = found {
            return Ok(rules);
        }
        let listing = Listing { limit: MOST, after: None, since: None, until: None };
        let page = scope.list::<Rule>(&listing, self.clock.now(), |_| true).await?;
        let rules: Arc<Vec<Rule>> = Arc::new(page.rows.into_iter().rev().map(|stored| stored.row).collect());
        put(&mut self.kept().rules, scope.tenant(), (self.clock.now(), rules.clone()));
        Ok(rules)
    }

    /// Whether a rule in force waits for what becomes of messages.
    pub async fn watches_messages(&self, scope: &TenantScope) -> Result<bool> {
        // What people write is told without that.
        let watches = |rule: &Rule| {
            rule.enabled
                && rule.trigger.starts_with("message.")
                && !["message.received", "message.replied"].contains(&rule.trigger.as_str())
        };
        Ok(self.rules(scope).await?.iter().any(watches))
    }

    /// Forgets the tenant's rules, which this process has just changed.
    pub fn forget_rules(&self, scope: &TenantScope) {
        self.kept().rules.remove(&scope.tenant());
    }
}
