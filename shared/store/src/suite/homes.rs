//! The two tables under test, and the rows that the tests keep in them.

use aws::Connection;
use dynoxide::Database;
use dynoxide::actions::create_table::CreateTableRequest;
use kernel::ids::{AccountId, MessageId, TemplateId, TenantId};
use kernel::{Clock, Ids, Keys, Secret, Time};
use serde::{Deserialize, Serialize};

use crate::schema::{self, Entity, Locator, Row};
use crate::{Dynamo, Internal, Memory, Store, Table, TenantScope};

pub(super) const TABLE: &str = "switchboard";

/// The table as it is deployed, less its stream.
const DEFINITION: &str = r#"{
    "TableName": "switchboard",
    "BillingMode": "PAY_PER_REQUEST",
    "AttributeDefinitions": [
        {"AttributeName": "pk", "AttributeType": "S"},
        {"AttributeName": "sk", "AttributeType": "S"},
        {"AttributeName": "due_pk", "AttributeType": "S"},
        {"AttributeName": "due_sk", "AttributeType": "S"}
    ],
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
    "GlobalSecondaryIndexes": [{
        "IndexName": "due",
        "KeySchema": [{"AttributeName": "due_pk", "KeyType": "HASH"}, {"AttributeName": "due_sk", "KeyType": "RANGE"}],
        "Projection": {"ProjectionType": "KEYS_ONLY"}
    }]
}"#;

/// An empty engine, and a client that reaches it through HTTP as it would reach AWS. It serves until the runtime ends.
pub(super) async fn engine() -> Connection {
    let database = Database::memory().unwrap();
    database.create_table(serde_json::from_str::<CreateTableRequest>(DEFINITION).unwrap()).unwrap();
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(dynoxide::server::serve_on(listener, database));
    Connection::loopback(&endpoint)
}

pub(super) async fn dynamo() -> Table {
    Table::Dynamo(Dynamo::connect(&engine().await, TABLE))
}

/// Both tables, empty, with a name for each.
pub(super) async fn both() -> [(&'static str, Table); 2] {
    [("memory", Table::Memory(Memory::default())), ("dynamo", dynamo().await)]
}

/// A world with a clock to turn and ids that depend on the seed alone.
pub(super) struct World {
    pub(super) ids: Ids,
    pub(super) clock: Clock,
    pub(super) store: Store,
    pub(super) table: Table,
    pub(super) scope: TenantScope,
}

pub(super) fn at(text: &str) -> Time {
    Time::parse(text).unwrap()
}

impl World {
    pub(super) fn new(table: Table) -> Self {
        Self::starting(table, at("2026-03-05T12:00:00Z"))
    }

    pub(super) fn starting(table: Table, now: Time) -> Self {
        let (ids, clock) = (Ids::seeded(11), Clock::manual(now));
        let store = Store::new(table.clone());
        let scope = store.resume(&Internal::new(TenantId::new(&ids, &clock)));
        Self { ids, clock, store, table, scope }
    }

    pub(super) fn stranger(&self) -> TenantScope {
        self.store.resume(&Internal::new(TenantId::new(&self.ids, &self.clock)))
    }

    pub(super) fn letter(&self, state: &str) -> Letter {
        Letter { id: MessageId::new(&self.ids, &self.clock), state: state.to_owned(), ..Letter::default() }
    }
}

pub(super) fn keys() -> Keys {
    Keys::derive(&Secret::new("a deployment secret of some length")).unwrap()
}

/// A dated row in four shards.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Letter {
    pub(super) id: MessageId,
    pub(super) state: String,
    #[serde(default)]
    pub(super) events: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) attempt: Option<i64>,
    #[serde(default)]
    pub(super) hold: Option<String>,
    #[serde(skip)]
    pub(super) ends: Option<Time>,
    #[serde(skip)]
    pub(super) wakes: Option<Time>,
}

impl Default for Letter {
    fn default() -> Self {
        Self {
            id: MessageId::from_bytes([0; 16]),
            state: String::new(),
            events: Vec::new(),
            attempt: None,
            hold: None,
            ends: None,
            wakes: None,
        }
    }
}

impl Entity for Letter {
    const ROW: Row = schema::MESSAGE;

    fn locator(&self) -> Locator {
        self.id.into()
    }

    fn expires(&self) -> Option<Time> {
        self.ends
    }

    fn due(&self) -> Option<Time> {
        self.wakes
    }
}

/// A row of a small kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Desk {
    pub(super) id: AccountId,
    pub(super) name: String,
}

impl Entity for Desk {
    const ROW: Row = schema::ACCOUNT;

    fn locator(&self) -> Locator {
        self.id.into()
    }
}

/// A row that is alone in its partition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Mailbox {
    pub(super) name: String,
}

impl Entity for Mailbox {
    const ROW: Row = schema::ADDRESS;

    fn locator(&self) -> Locator {
        Locator::Natural(self.name.clone())
    }
}

/// A row below an owner.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Edition {
    pub(super) owner: TemplateId,
    pub(super) number: u32,
    #[serde(default)]
    pub(super) text: String,
}

impl Entity for Edition {
    const ROW: Row = schema::VERSION;

    fn locator(&self) -> Locator {
        Locator::Below(self.owner.hex(), format!("{:06}", self.number))
    }
}

/// A row of counters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Tally {
    #[serde(default)]
    pub(super) sent07: i64,
}

impl Entity for Tally {
    const ROW: Row = schema::STATISTIC;

    fn locator(&self) -> Locator {
        Locator::Below("202603".to_owned(), "0512".to_owned())
    }
}
