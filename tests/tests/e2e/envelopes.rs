//! What AWS hands to each function, in its real shape: every file under `events/aws` goes through the very handler that is
//! deployed, and has the effects that it should have. A file that nobody runs fails, and so does one that is missing.

use std::collections::BTreeSet;
use std::path::PathBuf;

use api::{Api, Parts};
use aws::Fetch;
use aws_lambda_events::event::dynamodb::Event as Changes;
use aws_lambda_events::event::eventbridge::EventBridgeEvent;
use aws_lambda_events::event::sqs::SqsEvent;
use axum::Router;
use domain::flows::connect;
use domain::message::{Hold, State, Status, Wait};
use domain::user::key_digest;
use domain::{Account, Category, Channel, Contact, Message, Role, Tenant};
use http_body_util::BodyExt;
use kernel::ids::{AccountId, ContactId, MessageId, TenantId};
use kernel::{Email, Locale, Purpose, Time, Zone};
use local::provider::ORIGIN;
use local::stage::{PLATFORM_KEY, Stage};
use providers::issuer::{CERTIFICATE_URL, Issuer};
use providers::sns::Version;
use providers::{Mailbox, Roots};
use serde_json::{Value, json};
use store::{Credential, Item, Job, TenantScope};
use tower::ServiceExt;
use webhook_intake::Intake;

use crate::exact;

/// Ids and the key that stand in the files.
const TENANT: &str = "ten_019cac0000007a10b1c2d3e4f5a6b7c8";
const ACCOUNT: &str = "acc_019cac1000007b20a1b2c3d4e5f60718";
const CONTACT: &str = "con_019cac2000007c30b2c3d4e5f6071829";
const FIRST: &str = "msg_019cadc5f0007d40a3b4c5d6e7f80910";
const SECOND: &str = "msg_019cadc5f1f47e50b4c5d6e7f8091a20";
const KEY: &str = "swk_c3dpdGNoYm9hcmQtZXhhbXBsZS1rZXktZm9yLXRlc3Rz";
const TOPIC: &str = "arn:aws:sns:eu-west-1:111122223333:switchboard-EventTopic-1A2B3C4D5E6F";

/// A stage with the tenant of the files.
struct House {
    stage: Stage,
    scope: TenantScope,
}

impl House {
    async fn new() -> Self {
        let stage = Stage::new().unwrap();
        let (id, now) = (TenantId::parse(TENANT).unwrap(), stage.clock.now());
        let tenant = Tenant {
            id,
            slug: "acme".to_owned(),
            name: "Acme".to_owned(),
            zone: Zone::utc(),
            locale: Locale::default(),
            quiet_hours: None,
            active: true,
            data_key: stage.vault.new_key(id).await.unwrap(),
            created_at: now,
        };
        let account = Account {
            id: AccountId::parse(ACCOUNT).unwrap(),
            name: "Main".to_owned(),
            channel: Channel::Email,
            provider: "ses".to_owned(),
            from: Mailbox { email: Email::parse("news@acme.example").unwrap(), name: None },
            settings: json!({}),
            credentials: connect::seal(&stage.vault, &tenant, &json!({})).await.unwrap(),
            priority: 100,
            enabled: true,
            on_unknown: domain::account::OnUnknown::Hold,
            route: "route".to_owned(),
            created_at: now,
            updated_at: now,
        };
        let credential = Credential {
            digest: key_digest(&stage.context.keys, KEY),
            tenant: id,
            role: Role::Owner.as_str().to_owned(),
            user: None,
            key: None,
            ends: None,
            used_at: None,
        };
        let (scope, claims) = stage.store.platform().found(id, "acme", "Acme").unwrap();
        let mut writes = claims.to_vec();
        writes.extend([scope.creating(&tenant).unwrap(), scope.creating(&account).unwrap(), scope.admitting(&credential).unwrap()]);
        assert_eq!(scope.transact(writes).await.unwrap(), None);
        Self { stage, scope }
    }
}
