//! From the environment to a running API: what `main` calls.

use aws::{Connection, Env, Fetch, Vault};
use domain::flows::Context;
use kernel::{Clock, Ids, Keys, Result};
use store::{Dynamo, Store, Table};

use crate::state::{Api, Parts};
use crate::token::{Issuer, IssuerKeys};

/// An API on the table and keys that the environment names.
pub fn wire(env: &Env) -> Result<Api> {
    let connection = Connection::from_env(env)?;
    let context = Context { clock: Clock::System, ids: Ids::System, keys: Keys::derive(&env.secret("DEPLOYMENT_SECRET")?)? };
    let table = Dynamo::connect(&connection, env.need("TABLE_NAME")?);
    let vault = Vault::kms(connection, env.need("KMS_KEY_ID")?, context.clock.clone(), context.ids.clone());
    Ok(Api::new(Parts {
        store: Store::new(Table::Dynamo(table)),
        context,
        vault,
        public_url: env.find("PUBLIC_URL").map(|url| url.trim_end_matches('/').to_owned()),
        fetch: Fetch::network(),
        platform_key: env.secret("PLATFORM_KEY")?,
        issuer: issuer(env)?,
    }))
}

/// The token issuer: all three settings or none.
fn issuer(env: &Env) -> Result<Option<Issuer>> {
    let Some(name) = env.find("JWT_ISSUER") else { return Ok(None) };
    let keys = IssuerKeys::Jwks(env.need("JWT_JWKS_URL")?);
    Ok(Some(Issuer { name, audience: env.need("JWT_AUDIENCE")?, keys }))
}
