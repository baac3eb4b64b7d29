//! Accounts: connections to providers. Credentials go in and never come out.

use axum::extract::State;
use domain::account::{Health, OnUnknown};
use domain::flows::{catalog, connect};
use domain::{Account, Channel};
use kernel::error::Faults;
use kernel::ids::AccountId;
use kernel::{Error, Result, Time};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::caller::{Caller, may};
use crate::failure::Failure;
use crate::input::{self, Id, IfMatch, Input, Repeatable, double_option, present, put};
use crate::operations::operations;
use crate::page::{List, PageParams, Paged, Unfiltered};
use crate::reply::words::{ChannelWord, HealthWord, OnUnknownWord};
use crate::reply::{Gone, Reply, refused};
use crate::state::Api;

pub(crate) mod check;
pub(crate) mod consent;
pub(crate) mod deposit;
pub(crate) mod mailbox;
mod registration;
mod sender;
mod terms;
pub(crate) mod trial;
pub(crate) mod usage;

use check::AccountCheckView;
use deposit::DepositView;
use registration::RegistrationView;
use sender::{NewSender, SenderChange, SenderView};
use terms::{LimitsBody, LimitsChange, PriceBody, WarmUpBody};

/// Most bytes of settings, and of credentials.
const SETTINGS_LIMIT: usize = 16 * 1024;

/// A connection to a provider.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AccountView {
    #[schema(value_type = String, example = "acc_0195527c0d7b7c3e8a51d2b0f3a94c11")]
    id: AccountId,
    name: String,
    #[schema(value_type = ChannelWord)]
    channel: Channel,
    provider: String,
    /// Who its emails are from; null on other channels.
    from: Option<SenderView>,
    /// In the provider's own words.
    #[schema(value_type = Object)]
    settings: Value,
    /// Lower is tried earlier.
    priority: u16,
    /// Its share of the messages beside other accounts of the same priority.
    weight: u8,
    limits: LimitsBody,
    price: Option<PriceBody>,
    warm_up: Option<WarmUpBody>,
    enabled: bool,
    #[schema(value_type = OnUnknownWord)]
    on_unknown: OnUnknown,
    health: AccountHealthView,
    /// The latest look at whether it is in order; null when there was none since it was changed.
    check: Option<AccountCheckView>,
    /// Where the provider posts its events, below this deployment's address. Who knows it can post there.
    callback_path: String,
    /// Whether the provider calls back there, as it said when it was checked last; null where a person has to tell it to.
    registration: Option<RegistrationView>,
    /// Where a receipt rule of SES has to put mail for this account; null of other providers, and of an account that is brought along by
    /// `?expand`.
    deposit: Option<DepositView>,
    #[serde(with = "kernel::clock::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
    #[serde(with = "kernel::clock::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    updated_at: Time,
}

/// Whether an account works, by what its calls have come to.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AccountHealthView {
    #[schema(value_type = HealthWord)]
    state: Health,
    /// Since when it does not.
    #[serde(with = "kernel::clock::rfc3339::option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    since: Option<Time>,
    /// What was heard last before it was no longer used.
    note: Option<String>,
    /// When one message may try it, to find out whether it works again.
    #[serde(with = "kernel::clock::rfc3339::option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    next_try_at: Option<Time>,
}

impl From<&Account> for AccountHealthView {
    fn from(account: &Account) -> Self {
        let outage = account.outage.as_ref();
        Self {
            state: account.health(),
            since: outage.map(|outage| outage.since),
            note: outage.map(|outage| outage.note.clone()),
            next_try_at: account.probe_at,
        }
    }
}

impl From<Account> for AccountView {
    fn from(account: Account) -> Self {
        Self {
            health: AccountHealthView::from(&account),
            id: account.id,
            callback_path: account.callback(""),
            check: account.check.map(AccountCheckView::from),
            registration: account.registration.map(Into::into),
            deposit: None,
            name: account.name,
            channel: account.channel,
            provider: account.provider,
            from: account.from.map(Into::into),
            settings: account.settings,
            priority: account.priority,
            weight: account.terms.weight,
            limits: account.terms.limits.into(),
            price: account.terms.price.map(Into::into),
            warm_up: account.terms.warm_up.map(Into::into),
            enabled: account.enabled,
            on_unknown: account.on_unknown,
            created_at: account.created_at,
            updated_at: account.updated_at,
        }
    }
}

// Without `Debug`: it holds secrets.
/// What an account is made of.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewAccount {
    #[schema(max_length = 200)]
    name: String,
    /// The provider's word, such as `ses`, `smtp`, `twilio_sms`, `telegram`; what comes to it is on its channel.
    #[schema(example = "smtp")]
    provider: String,
    /// Who its emails are from. Needed for email, and for email alone.
    from: Option<NewSender>,
    /// In the provider's own words.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    settings: Value,
    /// In the provider's own words. Kept encrypted and never shown.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    credentials: Value,
    /// Lower is tried earlier; 100 when not said.
    priority: Option<u16>,
    /// Its share of the messages beside other accounts of the same priority; 1 when not said.
    #[schema(minimum = 1, maximum = 100)]
    weight: Option<u8>,
    limits: Option<LimitsBody>,
    price: Option<PriceBody>,
    warm_up: Option<WarmUpBody>,
    /// Whether it is used; it is when not said.
    enabled: Option<bool>,
    /// What to do when nobody knows whether a message was sent: `hold` leaves it to a person, `resend` sends it once more.
    #[serde(default)]
    #[schema(value_type = OnUnknownWord, required = false)]
    on_unknown: OnUnknown,
}

// Without `Debug`: it holds secrets.
/// What changes of an account. What is absent stays as it is; `settings` are merged, null removes one; `credentials` are replaced
/// as a whole.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AccountChange {
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = String, required = false, max_length = 200)]
    name: Option<String>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = SenderChange, required = false)]
    from: Option<SenderChange>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Object>)]
    settings: Option<Value>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Object>)]
    credentials: Option<Value>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = u16, required = false)]
    priority: Option<u16>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = u8, required = false, minimum = 1, maximum = 100)]
    weight: Option<u8>,
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<LimitsChange>)]
    limits: Option<Option<LimitsChange>>,
    /// Replaced as a whole.
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<PriceBody>)]
    price: Option<Option<PriceBody>>,
    /// Replaced as a whole.
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<WarmUpBody>)]
    warm_up: Option<Option<WarmUpBody>>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = bool, required = false)]
    enabled: Option<bool>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = OnUnknownWord, required = false)]
    on_unknown: Option<OnUnknown>,
}

/// No settings are an empty object.
fn sheet(settings: Value) -> Value {
    if settings.is_null() { Value::Object(serde_json::Map::new()) } else { settings }
}

impl NewAccount {
    /// The account, its credentials still to be sealed.
    fn build(self, id: AccountId, route: String, now: Time) -> Account {
        let channel = providers::find(&self.provider).map_or(Channel::Email, |provider| provider.channel());
        Account {
            id,
            name: self.name.trim().to_owned(),
            channel,
            provider: self.provider,
            from: self.from.map(Into::into),
            settings: sheet(self.settings),
            credentials: String::new(),
            priority: self.priority.unwrap_or(100),
            terms: terms::New { weight: self.weight, limits: self.limits, price: self.price, warm_up: self.warm_up }.into(),
            enabled: self.enabled.unwrap_or(true),
            on_unknown: self.on_unknown,
            route,
            outage: None,
            probe_at: None,
            check: None,
            asking: None,
            registration: None,
            outages: Vec::new(),
            created_at: now,
            updated_at: now,
        }
    }
}

impl AccountChange {
    /// Carries the change out, but for the credentials.
    fn apply(self, account: &mut Account, now: Time) {
        put(&mut account.name, self.name.map(|name| name.trim().to_owned()));
        if let (Some(new), Some(from)) = (self.from, &mut account.from) {
            new.apply(from);
        }
        if let Some(settings) = self.settings {
            input::merge(&mut account.settings, settings);
            account.settings = sheet(account.settings.take());
        }
        put(&mut account.priority, self.priority);
        let terms = terms::Change { weight: self.weight, limits: self.limits, price: self.price, warm_up: self.warm_up };
        terms.apply(&mut account.terms);
        put(&mut account.enabled, self.enabled);
        put(&mut account.on_unknown, self.on_unknown);
        // What was wrong may be mended by this: it is found out by using it.
        account.mend(now);
        account.updated_at = now;
    }
}

/// Checks an account with its credentials in the clear.
fn check(account: &Account, credentials: &Value) -> Result<()> {
    let mut faults = Faults::default();
    faults.longer("/settings", &account.settings.to_string(), SETTINGS_LIMIT);
    faults.longer("/credentials", &credentials.to_string(), SETTINGS_LIMIT);
    faults.check()?;
    account.check(credentials)
}

/// Checks a changed account against its credentials, the new ones or those that it has, and seals the new ones.
async fn settle(api: &Api, caller: &Caller<may::ManageAccounts>, account: &mut Account, new: Option<Value>) -> Result<()> {
    let tenant = api.0.catalog.tenant(&caller.scope).await?;
    match new {
        Some(credentials) => {
            check(account, &credentials)?;
            account.credentials = connect::seal(&api.0.vault, &tenant, &credentials).await?;
        }
        None => check(account, &connect::open(&api.0.vault, &tenant, account).await?)?,
    }
    Ok(())
}

/// Lists accounts, newest first.
#[utoipa::path(get, path = "/v1/accounts", tag = "accounts", operation_id = "list_accounts", security(("key" = [])),
    params(PageParams),
    responses((status = 200, description = "A page of accounts.", body = List<AccountView>), refused::Listing))]
async fn list_accounts(
    State(api): State<Api>,
    caller: Caller<may::ManageAccounts>,
    Paged(page, Unfiltered {}): Paged<Unfiltered>,
) -> Result<Reply<List<Value>>, Failure> {
    let (keys, list) = (&caller.context.keys, "accounts");
    let listing = page.listing(keys, &caller.scope, list)?;
    let found = caller.scope.list::<Account>(&listing, caller.context.clock.now(), |_| true).await?;
    Ok(Reply::ok(page.shape(keys, &caller.scope, list, found, |account| deposit::shown(&api, &caller.scope, account.row))))
}

/// Finds an account.
#[utoipa::path(get, path = "/v1/accounts/{id}", tag = "accounts", operation_id = "find_account", security(("key" = [])),
    params(("id" = String, Path, description = "The account's id.")),
    responses((status = 200, description = "The account.", body = AccountView, headers(("etag" = String))), refused::Finding))]
async fn find_account(
    State(api): State<Api>,
    caller: Caller<may::ManageAccounts>,
    Id(id): Id<AccountId>,
) -> Result<Reply<AccountView>, Failure> {
    let account = caller.scope.find::<Account>(id).await?;
    Ok(Reply::ok(deposit::shown(&api, &caller.scope, account.row)).version(account.version))
}

/// Makes an account.
#[utoipa::path(post, path = "/v1/accounts", tag = "accounts", operation_id = "create_account", security(("key" = [])),
    params(Repeatable), request_body(content = NewAccount, example = json!({
        "name": "Main mail", "provider": "smtp", "from": {"email": "hello@acme.example", "name": "Acme"},
        "settings": {"host": "smtp.example.com", "port": 587, "security": "starttls"},
        "credentials": {"username": "mailer", "password": "..."}
    })),
    responses((status = 201, description = "The new account.", body = AccountView, headers(("etag" = String), ("location" = String))),
        refused::Creating))]
async fn create_account(
    State(api): State<Api>,
    caller: Caller<may::ManageAccounts>,
    Input(mut body): Input<NewAccount>,
) -> Result<Reply<AccountView>, Failure> {
    let context = &caller.context;
    if api.0.catalog.accounts(&caller.scope).await?.len() >= catalog::ACCOUNTS {
        return Err(Error::conflict(format!("a tenant has at most {} accounts", catalog::ACCOUNTS)).into());
    }
    let id = AccountId::new(&context.ids, &context.clock);
    let credentials = body.credentials.take();
    let mut account = body.build(id, kernel::crypto::encode(&context.ids.bytes::<24>()), context.clock.now());
    settle(&api, &caller, &mut account, Some(credentials)).await?;
    connect::create(&context.keys, &caller.scope, &account).await?;
    api.0.catalog.look_again(&caller.scope);
    Ok(Reply::created(deposit::shown(&api, &caller.scope, account), &format!("/v1/accounts/{id}")).version(1))
}

/// Changes an account. Its provider stays.
#[utoipa::path(patch, path = "/v1/accounts/{id}", tag = "accounts", operation_id = "update_account", security(("key" = [])),
    params(("id" = String, Path, description = "The account's id."), IfMatch, Repeatable), request_body = AccountChange,
    responses((status = 200, description = "The changed account.", body = AccountView, headers(("etag" = String))),
        refused::Changing))]
async fn update_account(
    State(api): State<Api>,
    caller: Caller<may::ManageAccounts>,
    Id(id): Id<AccountId>,
    if_match: IfMatch,
    Input(mut body): Input<AccountChange>,
) -> Result<Reply<AccountView>, Failure> {
    let mut account = caller.scope.find::<Account>(id).await?;
    if_match.check(account.version)?;
    let read = account.row.reads().is_some();
    let credentials = body.credentials.take();
    body.apply(&mut account.row, caller.context.clock.now());
    settle(&api, &caller, &mut account.row, credentials).await?;
    let version = connect::change(&caller.scope, &account, read, caller.context.clock.now()).await?;
    api.0.catalog.look_again(&caller.scope);
    Ok(Reply::ok(deposit::shown(&api, &caller.scope, account.row)).version(version))
}

/// Deletes an account. Callbacks to its address are unknown from then on.
#[utoipa::path(delete, path = "/v1/accounts/{id}", tag = "accounts", operation_id = "delete_account", security(("key" = [])),
    params(("id" = String, Path, description = "The account's id."), IfMatch),
    responses((status = 204, description = "It is gone."), refused::Deleting))]
async fn delete_account(
    State(api): State<Api>,
    caller: Caller<may::ManageAccounts>,
    Id(id): Id<AccountId>,
    if_match: IfMatch,
) -> Result<Gone, Failure> {
    let account = caller.scope.find::<Account>(id).await?;
    if_match.check(account.version)?;
    connect::delete(&caller.context.keys, &caller.scope, &account).await?;
    api.0.catalog.look_again(&caller.scope);
    Ok(Gone)
}

operations!(list_accounts, create_account, find_account, update_account, delete_account);
