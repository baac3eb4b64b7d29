//! Deals: something to be won or lost, with its value and how far it is.

use std::collections::{BTreeMap, BTreeSet};

use kernel::error::Faults;
use kernel::ids::{CompanyId, ContactId, DealId, UserId};
use kernel::{Error, Result, Time};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::schema::{self, Entity, Locator, Row};

use crate::field::Object;
use crate::find::{self, Findable};
use crate::price::{Amount, Currency};

mod figures;

/// Most tags.
const MOST: usize = 20;

/// Whether a deal is still to be decided.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It is.
    #[default]
    Open,
    /// It was won.
    Won,
    /// It was lost.
    Lost,
}

impl Status {
    /// Every status.
    pub const ALL: [Self; 3] = [Self::Open, Self::Won, Self::Lost];

    /// The word in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Won => "won",
            Self::Lost => "lost",
        }
    }
}

/// Something to be won or lost.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Deal {
    /// Its id.
    pub id: DealId,
    /// What it is about.
    pub title: String,
    /// What it is worth.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Amount>,
    /// In which currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<Currency>,
    /// How far it is, by the name of the stage.
    pub stage: String,
    /// Since when.
    pub stage_at: Time,
    /// Whether it is still to be decided.
    #[serde(default)]
    pub status: Status,
    /// Why it was won or lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When it was won or lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<Time>,
    /// The day on which it is expected to be decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_close: Option<String>,
    /// With whom it is made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact_id: Option<ContactId>,
    /// With which company.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub company_id: Option<CompanyId>,
    /// The user who keeps it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<UserId>,
    /// Words to find and group by.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Custom fields.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty", with = "crate::as_json")]
    pub fields: BTreeMap<String, Value>,
    /// When its value was changed last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value_at: Option<Time>,
    /// When it was given to another user last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner_at: Option<Time>,
    /// When it was last taken up again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reopened_at: Option<Time>,
    /// When it was made.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
}

impl Deal {
    /// An open deal of which nothing else is known, at the first stage.
    pub fn new(id: DealId, title: String, now: Time) -> Self {
        Self {
            id,
            title,
            value: None,
            currency: None,
            stage: "new".to_owned(),
            stage_at: now,
            status: Status::Open,
            reason: None,
            closed_at: None,
            expected_close: None,
            contact_id: None,
            company_id: None,
            owner: None,
            tags: Vec::new(),
            fields: BTreeMap::new(),
            value_at: None,
            owner_at: None,
            reopened_at: None,
            created_at: now,
            updated_at: now,
        }
    }

    /// Checks what the types do not. Fields are judged by their definitions.
    pub fn check(&self, faults: &mut Faults) {
        faults.take("/title", crate::name::title(&self.title));
        faults.take("/stage", crate::name::title(&self.stage));
        if let Some(day) = &self.expected_close {
            faults.take("/expected_close", crate::field::date(day));
        }
        if self.value.is_some() != self.currency.is_some() {
            faults.add("/currency", "currency", "a value has a currency, and no value has none");
        }
        for (at, tag) in self.tags.iter().enumerate() {
            faults.take(&format!("/tags/{at}"), crate::name::title(tag));
        }
        if self.tags.len() > MOST {
            faults.add("/tags", "too_many", format!("at most {MOST}"));
        }
    }

    /// Notes when its value and its owner became others, which its timeline tells.
    pub fn changed(&mut self, before: &Self, now: Time) {
        if (before.value, before.currency) != (self.value, self.currency) {
            self.value_at = Some(now);
        }
        if before.owner != self.owner {
            self.owner_at = Some(now);
        }
    }

    /// What it is worth, as people write it.
    pub fn worth(&self) -> Option<String> {
        self.value.zip(self.currency).map(|(value, currency)| format!("{value} {currency}"))
    }

    /// Moves it to a stage. One that is decided stays where it is.
    pub fn advance(&mut self, stage: String, now: Time) -> Result<()> {
        if stage == self.stage {
            return Ok(());
        }
        self.open()?;
        self.stage = stage;
        self.stage_at = now;
        Ok(())
    }

    /// Notes that it was won or lost, and why.
    pub fn close(&mut self, status: Status, reason: Option<String>, now: Time) -> Result<()> {
        self.open()?;
        if let Some(reason) = &reason {
            crate::name::title(reason).map_err(|error| error.under("/reason"))?;
        }
        self.status = status;
        self.reason = reason;
        self.closed_at = Some(now);
        self.updated_at = now;
        Ok(())
    }

    /// Takes the decision back.
    pub fn reopen(&mut self, now: Time) -> Result<()> {
        if self.status == Status::Open {
            return Err(Error::conflict("the deal is open"));
        }
        self.status = Status::Open;
        self.reason = None;
        self.closed_at = None;
        self.reopened_at = Some(now);
        self.updated_at = now;
        Ok(())
    }

    fn open(&self) -> Result<()> {
        if self.status == Status::Open { Ok(()) } else { Err(Error::conflict(format!("the deal is {}", self.status.as_str()))) }
    }

    /// The deal as templates see it.
    pub fn variables(&self) -> Value {
        let mut values: serde_json::Map<String, Value> = self.fields.clone().into_iter().collect();
        let mut put = |name: &str, value: Option<String>| {
            if let Some(value) = value {
                values.insert(name.to_owned(), value.into());
            }
        };
        put("id", Some(self.id.to_string()));
        put("title", Some(self.title.clone()));
        put("value", self.value.map(|value| value.to_string()));
        put("currency", self.currency.map(|currency| currency.to_string()));
        put("stage", Some(self.stage.clone()));
        put("status", Some(self.status.as_str().to_owned()));
        put("reason", self.reason.clone());
        put("expected_close", self.expected_close.clone());
        Value::Object(values)
    }
}

impl Entity for Deal {
    const ROW: Row = schema::DEAL;

    fn locator(&self) -> Locator {
        self.id.into()
    }
}

impl Findable for Deal {
    const OBJECT: Object = Object::Deal;

    fn hex(&self) -> String {
        self.id.hex()
    }

    fn label(&self) -> String {
        self.id.to_string()
    }

    fn terms(&self) -> BTreeSet<String> {
        find::bounded(find::words(&self.title))
    }

    fn fields(&self) -> &BTreeMap<String, Value> {
        &self.fields
    }
}
