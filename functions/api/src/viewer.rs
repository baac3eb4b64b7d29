//! Who is looking, for what not everybody of a tenant may see.

use domain::{Right, Viewer};
use kernel::Result;

use crate::caller::Caller;
use crate::state::Api;

impl<N: Send + Sync> Caller<N> {
    /// The caller as a viewer: a person with the teams it is a member of, or a machine.
    pub(crate) async fn viewer(&self, api: &Api) -> Result<Viewer> {
        let Some(user) = self.credential.user else { return Ok(Viewer::default()) };
        let teams = api.0.catalog.teams_of(&self.scope, user).await?;
        Ok(Viewer { user: Some(user), admin: self.role.allows(Right::ManageUsers), teams })
    }
}
