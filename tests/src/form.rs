//! A hosted page's form, filled in as a person's program does it: what is hidden or ticked goes along, and what stands in a field.

use http::Method;

use crate::story::{Reply, Story};

/// What would be sent.
pub struct Form {
    path: String,
    fields: Vec<(String, String)>,
}

impl Form {
    /// Opens the page at a path.
    pub async fn open(stage: &Story, path: &str) -> Self {
        let page = String::from_utf8(stage.get(path).await.bytes).unwrap();
        let inputs = page.split("<input ").skip(1).map(|rest| rest.split_once('>').unwrap().0);
        let sent = inputs.filter(|input| !input.contains("type=\"checkbox\"") || input.ends_with(" checked"));
        let fields = sent.map(|input| (attribute(input, "name").unwrap(), attribute(input, "value").unwrap_or_default()));
        Self { path: path.to_owned(), fields: fields.collect() }
    }

    /// With one more box ticked.
    #[must_use]
    pub fn tick(mut self, name: &str, value: &str) -> Self {
        assert!(!self.is_ticked(name, value), "{name}={value} is ticked already");
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With one box less ticked.
    #[must_use]
    pub fn untick(mut self, name: &str, value: &str) -> Self {
        assert!(self.is_ticked(name, value), "{name}={value} is not ticked");
        self.fields.retain(|(field, given)| (field.as_str(), given.as_str()) != (name, value));
        self
    }

    /// With a field filled in.
    #[must_use]
    pub fn fill(mut self, name: &str, value: &str) -> Self {
        let field = self.fields.iter_mut().find(|(field, _)| field == name);
        value.clone_into(&mut field.unwrap_or_else(|| panic!("there is no field {name}")).1);
        self
    }

    /// Whether a box is ticked.
    pub fn is_ticked(&self, name: &str, value: &str) -> bool {
        self.fields.iter().any(|(field, given)| field == name && given == value)
    }

    /// Presses the button that saves.
    pub async fn save(&self, stage: &Story) -> Reply {
        let form = url::form_urlencoded::Serializer::new("choice=save".to_owned()).extend_pairs(&self.fields).finish();
        let reply = stage.ask(Method::POST, &self.path).body("application/x-www-form-urlencoded", form).now().await;
        stage.drain().await;
        reply
    }
}

fn attribute(input: &str, name: &str) -> Option<String> {
    let (_, rest) = input.split_once(&format!("{name}=\""))?;
    Some(rest.split_once('"')?.0.to_owned())
}
