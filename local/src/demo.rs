//! Demo data: two tenants, so that isolation can be tried by hand, with users and keys of every role, an account that keeps
//! everything on this machine, and contacts.
//!
//! Every id and key follows from the installation's secrets, so making the demo again makes nothing twice: a start that was
//! killed half way is completed by the next.

use aws::Vault;
use domain::account::OnUnknown;
use domain::consent::Evidence;
use domain::contact::{Consent, QuietHours};
use domain::field::Definitions;
use domain::flows::{Context, connect, found, keep_contact, let_in};
use domain::user::{key_digest, new_key};
use domain::{Account, Channel, Contact, Reach, Role, Tenant};
use kernel::ids::{AccountId, ContactId, TenantId};
use kernel::{Clock, Email, Error, Ids, Keys, Locale, Phone, Result, Secret, Time, Zone};
use serde_json::{Value, json};
use store::{Store, TenantScope};

use crate::played;

/// A tenant of the demo.
#[derive(Clone, Debug)]
pub struct Demo {
    /// Its id.
    pub id: TenantId,
    /// Its slug.
    pub slug: &'static str,
    /// A key for each role.
    pub keys: Vec<(Role, Secret)>,
    /// Its first contact.
    pub contact: ContactId,
}

const TENANTS: [(&str, &str); 2] = [("acme", "Acme"), ("globex", "Globex")];

/// Whom the printed lines write to: reached by mail, text message and chat.
const ADA: &str = "ada@example.com";

/// Limits of a demo tenant: there to be seen in the headers, and beyond what a person or a script at this machine asks for.
const REQUESTS_PER_HOUR: u32 = 1_000_000;
const REQUESTS_PER_MINUTE: u32 = 100_000;

/// What tells one demo account from another.
struct Line {
    label: &'static str,
    name: &'static str,
    channel: Channel,
    provider: &'static str,
}

struct Maker<'a> {
    keys: &'a Keys,
    vault: &'a Vault,
    store: &'a Store,
    made_at: Time,
    issuer: &'a str,
}

/// Makes the demo, or finds it made.
pub async fn make(keys: &Keys, vault: &Vault, store: &Store, made_at: Time, issuer: &str) -> Result<Vec<Demo>> {
    let maker = Maker { keys, vault, store, made_at, issuer };
    let mut demos = Vec::new();
    for (slug, name) in TENANTS {
        demos.push(Box::pin(maker.tenant(slug, name)).await?);
    }
    Ok(demos)
}

/// What exists already is as good as made.
fn made(result: Result<()>) -> Result<()> {
    match result {
        Err(Error::Conflict { .. } | Error::Invalid(_)) | Ok(()) => Ok(()),
        Err(error) => Err(error),
    }
}

impl Maker<'_> {
    /// Ids and time that are the same at every start.
    fn context(&self, label: &str) -> Context {
        let ids = Ids::derived(self.keys, &format!("demo:{label}"));
        Context { clock: Clock::manual(self.made_at), ids, keys: self.keys.clone() }
    }

    async fn tenant(&self, slug: &'static str, name: &str) -> Result<Demo> {
        let context = self.context(slug);
        let id = TenantId::new(&self.context(slug).ids, &context.clock);
        let new = found::NewTenant {
            slug: slug.to_owned(),
            name: name.to_owned(),
            zone: None,
            locale: None,
            requests_per_hour: Some(REQUESTS_PER_HOUR),
            requests_per_minute: Some(REQUESTS_PER_MINUTE),
        };
        made(found::found(&context, self.vault, self.store, new).await.map(|_| ()))?;
        let scope = self.store.platform().reopen(id).await?;
        let mut keys = Vec::new();
        for role in Role::ALL.into_iter().rev() {
            let label = format!("{slug}:{}", role.as_str());
            let secret = new_key(&self.context(&label).ids);
            if self.store.by_credential(&key_digest(self.keys, secret.reveal())).await?.is_none() {
                made(
                    let_in::create_key(
                        &self.context(&label),
                        &scope,
                        &format!("Demo {}", role.as_str()),
                        (role, Reach::default()),
                        None,
                    )
                    .await
                    .map(|_| ()),
                )?;
                self.user(&scope, slug, role).await?;
            }
            keys.push((role, secret));
        }
        self.accounts(&scope, slug, name).await?;
        let contact = self.contacts(&scope, slug).await?;
        Ok(Demo { id, slug, keys, contact })
    }

    async fn user(&self, scope: &TenantScope, slug: &str, role: Role) -> Result<()> {
        let new = let_in::NewUser {
            name: format!("{} {}", capital(slug), role.as_str()),
            email: Email::parse(&format!("{}@{slug}.example", role.as_str()))?,
            role,
            reach: Reach::default(),
            subject: Some(format!("{slug}-{}", role.as_str())),
            phone: None,
            zone: None,
            locale: None,
            available: true,
        };
        let context = self.context(&format!("{slug}:user:{}", role.as_str()));
        made(let_in::create_user(&context, scope, Some(self.issuer), new).await.map(|_| ()))
    }

    /// One account for mail, one for text messages and one for chats. None of them needs anything from outside.
    async fn accounts(&self, scope: &TenantScope, slug: &str, name: &str) -> Result<()> {
        let email = Email::parse(&format!("hello@{slug}.example"))?;
        let from = Some(providers::Mailbox { email, name: Some(name.to_owned()) });
        let mail = Line { label: "account", name: "This machine's outbox", channel: Channel::Email, provider: "capture" };
        self.account(scope, slug, mail, from, json!({}), &json!({})).await?;
        let texts = Line { label: "texts", name: "Text messages", channel: Channel::Sms, provider: "sms_gateway" };
        self.account(scope, slug, texts, None, played::gateway(), &played::gateway_credentials()).await?;
        let chats = Line { label: "chats", name: "Chats", channel: Channel::Telegram, provider: "telegram" };
        self.account(scope, slug, chats, None, json!({}), &played::bot_credentials()).await
    }

    async fn account(
        &self,
        scope: &TenantScope,
        slug: &str,
        line: Line,
        from: Option<providers::Mailbox>,
        settings: Value,
        credentials: &Value,
    ) -> Result<()> {
        let context = self.context(&format!("{slug}:{}", line.label));
        let tenant = scope.find::<Tenant>(scope.tenant()).await?.row;
        let id = AccountId::new(&context.ids, &context.clock);
        if scope.read_now::<Account>(id).await?.is_some() {
            return Ok(());
        }
        let account = Account {
            id,
            name: line.name.to_owned(),
            channel: line.channel,
            provider: line.provider.to_owned(),
            from,
            settings,
            credentials: connect::seal(self.vault, &tenant, credentials).await?,
            priority: 100,
            terms: domain::Terms::default(),
            enabled: true,
            on_unknown: OnUnknown::Resend,
            route: kernel::crypto::encode(&context.ids.bytes::<24>()),
            outage: None,
            probe_at: None,
            check: None,
            asking: None,
            registration: None,
            outages: Vec::new(),
            created_at: self.made_at,
            updated_at: self.made_at,
        };
        made(connect::create(self.keys, scope, &account).await)
    }

    /// The first is the one the printed lines write to; the others behave like the mailbox simulator's addresses, or show what
    /// the gate does.
    async fn contacts(&self, scope: &TenantScope, slug: &str) -> Result<ContactId> {
        let night: Option<QuietHours> = serde_json::from_value(json!({ "start": "21:00", "end": "08:00" })).ok();
        let people: [(&str, &str, &str, bool, bool); 5] = [
            ("Ada", "Lovelace", ADA, false, true),
            ("Grace", "Hopper", "grace@example.com", false, false),
            ("Bo", "Bounce", "bounce@simulator.amazonses.com", false, true),
            ("Cleo", "Complaint", "complaint@simulator.amazonses.com", false, true),
            ("Dana", "Silent", "dana@example.com", true, false),
        ];
        let mut first = None;
        for (given, family, address, silent, opted) in people {
            let context = self.context(&format!("{slug}:contact:{address}"));
            let id = ContactId::new(&context.ids, &context.clock);
            first.get_or_insert(id);
            if scope.read_now::<Contact>(id).await?.is_some() {
                continue;
            }
            let mut contact = Contact {
                first_name: Some(given.to_owned()),
                last_name: Some(family.to_owned()),
                company: Some("Analytical Engines".to_owned()),
                emails: vec![Email::parse(address)?],
                phones: if address == ADA { vec![Phone::parse("+14155550123")?] } else { Vec::new() },
                handles: if address == ADA { vec![played::chat()] } else { Vec::new() },
                zone: Some(Zone::parse("Europe/London")?),
                locale: Some(Locale::default()),
                do_not_contact: silent,
                quiet_hours: night,
                tags: vec!["demo".to_owned()],
                fields: std::collections::BTreeMap::from([("plan".to_owned(), Value::from("pro"))]),
                ..Contact::blank(id, self.made_at)
            };
            if opted {
                let consent = Consent { granted: true, at: self.made_at, source: "demo".to_owned() };
                contact.record_consent(Channel::Email, &domain::Category::parse("newsletter")?, consent);
            }
            let (fields, evidence) = (&Definitions::NONE, Evidence::by("demo"));
            made(keep_contact::create(&context, scope, fields, &mut contact, &evidence).await)?;
        }
        first.ok_or_else(|| Error::internal("no contact"))
    }
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
