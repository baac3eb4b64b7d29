//! Where mail for an account has to be put by a provider that puts it into a bucket.

use domain::Account;
use serde::Serialize;
use store::TenantScope;
use utoipa::ToSchema;

use super::AccountView;
use crate::state::Api;

/// What has to be entered at the provider: for SES, in the action "Deliver to S3 bucket" of a receipt rule.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DepositView {
    /// The bucket.
    bucket: String,
    /// The object key prefix. Mail that is put elsewhere is not read.
    #[schema(example = "mail/0195527c0d7b7c3e8a51d2b0f3a94c11/0195527c0d7b7c3e8a51d2b0f3a94c12/")]
    prefix: String,
}

/// The account, with where its mail has to be put.
pub(crate) fn shown(api: &Api, scope: &TenantScope, account: Account) -> AccountView {
    let puts = account.provider().is_ok_and(|provider| provider.deposits());
    let bucket = api.0.files.bucket().filter(|_| puts);
    let prefix = account.deposits(scope.tenant());
    let deposit = bucket.map(|bucket| DepositView { bucket: bucket.to_owned(), prefix });
    AccountView { deposit, ..account.into() }
}
