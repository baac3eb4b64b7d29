//! A change of a row, as the table's stream tells it.

use std::sync::Arc;

use crate::schema::{self, Attr, Entity, Key, attr};
use crate::table::text;
use crate::{Internal, Item, Stored, Value};

/// One stream record: what a row was and what it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    old: Option<Arc<Item>>,
    new: Option<Arc<Item>>,
    sequence: String,
}

impl Record {
    /// From the images of a stream record. `sequence` grows along the changes of one partition.
    pub fn new(old: Option<Item>, new: Option<Item>, sequence: String) -> Self {
        Self { old: old.map(Arc::new), new: new.map(Arc::new), sequence }
    }

    /// From images that the table shares with whoever reads its stream.
    pub(crate) const fn of_images(old: Option<Arc<Item>>, new: Option<Arc<Item>>, sequence: String) -> Self {
        Self { old, new, sequence }
    }

    /// From the images of a Lambda event, where a missing image is an empty one.
    pub fn of_event(old: Item, new: Item, sequence: Option<String>) -> Self {
        let image = |item: Item| Some(item).filter(|item| !item.is_empty());
        Self::new(image(old), image(new), sequence.unwrap_or_default())
    }

    /// The record as a stream's filters see it: the event's name and the images.
    pub fn as_event(&self) -> serde_json::Value {
        let name = match (&self.old, &self.new) {
            (None, _) => "INSERT",
            (Some(_), Some(_)) => "MODIFY",
            (Some(_), None) => "REMOVE",
        };
        let mut event = serde_json::json!({ "eventName": name, "dynamodb": {} });
        for (image, rows) in [("OldImage", &self.old), ("NewImage", &self.new)] {
            if let (Some(rows), Some(images)) = (rows, event.pointer_mut("/dynamodb")) {
                images[image] = serde_json::to_value(rows.as_ref()).unwrap_or_default();
            }
        }
        event
    }

    /// The sequence number.
    pub fn sequence(&self) -> &str {
        &self.sequence
    }

    fn image(&self) -> Option<&Item> {
        self.new.as_deref().or(self.old.as_deref())
    }

    /// Whether the row is of this kind.
    pub fn concerns<E: Entity>(&self) -> bool {
        self.image().and_then(|item| text(item, attr::KIND.as_str())) == Some(E::ROW.kind)
    }

    /// Evidence of the tenant whose row changed.
    pub fn internal(&self) -> Option<Internal> {
        let key = self.key()?;
        schema::tenant_of(&key.pk).map(Internal::new)
    }

    fn key(&self) -> Option<Key> {
        self.image().and_then(schema::key_of)
    }

    /// The partition of the row: records of one partition come in order.
    pub fn partition(&self) -> Option<&str> {
        text(self.image()?, attr::PK.as_str())
    }

    /// One attribute after the change.
    pub fn new_value(&self, attr: &Attr) -> Option<&Value> {
        self.new.as_ref()?.get(attr.as_str())
    }

    /// One attribute before the change.
    pub fn old_value(&self, attr: &Attr) -> Option<&Value> {
        self.old.as_ref()?.get(attr.as_str())
    }

    /// The row after the change, when it is of that kind and readable.
    pub fn new_row<E: Entity>(&self) -> Option<Stored<E>> {
        if !self.concerns::<E>() {
            return None;
        }
        Stored::read(self.new.as_deref()?.clone()).ok()
    }

    /// The row before the change, when it is of that kind and readable.
    pub fn old_row<E: Entity>(&self) -> Option<Stored<E>> {
        if !self.concerns::<E>() {
            return None;
        }
        Stored::read(self.old.as_deref()?.clone()).ok()
    }
}
