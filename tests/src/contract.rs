//! The contract: `openapi.json`, and whether a reply keeps to it. A status, a content type, a header or a field that is not
//! described is a broken promise, and so is a described one that is missing.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock};

use http::{HeaderMap, Method};
use jsonschema::Validator;
use serde_json::{Map, Value, json};

/// Where the description is committed.
pub const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../openapi.json");

/// One operation of the API.
#[derive(Clone, Debug)]
pub struct Operation {
    /// Its `operationId`.
    pub id: String,
    /// Its method.
    pub method: Method,
    /// Its path, with `{names}` of parameters.
    pub path: String,
    /// What the description says of it.
    pub words: Value,
}

/// Who may call an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lets {
    /// Anybody.
    Anybody,
    /// Credentials of a tenant.
    Tenants,
    /// The platform's own key.
    Platform,
}

impl Operation {
    /// Who may call it.
    pub fn lets(&self) -> Lets {
        let schemes = self.words["security"].as_array().cloned().unwrap_or_default();
        let named = |name: &str| schemes.iter().any(|scheme| scheme.get(name).is_some());
        match (named("key"), named("platform")) {
            (true, false) => Lets::Tenants,
            (false, true) => Lets::Platform,
            (false, false) => Lets::Anybody,
            (true, true) => panic!("{} lets in both tenants and the platform", self.id),
        }
    }

    /// Whether it takes a body.
    pub fn takes_body(&self) -> bool {
        self.words.get("requestBody").is_some()
    }

    /// Names of its path parameters.
    pub fn path_parameters(&self) -> Vec<String> {
        self.path.split('/').filter_map(|step| step.strip_prefix('{')?.strip_suffix('}')).map(str::to_owned).collect()
    }

    fn answers(&self, path: &str) -> bool {
        let (ours, theirs): (Vec<_>, Vec<_>) = (self.path.split('/').collect(), path.split('/').collect());
        ours.len() == theirs.len() && ours.iter().zip(&theirs).all(|(a, b)| a == b || (a.starts_with('{') && !b.is_empty()))
    }
}

/// See the module's words.
#[derive(Debug)]
pub struct Contract {
    document: Value,
    operations: Vec<Operation>,
    compiled: Mutex<HashMap<String, Arc<Validator>>>,
}

static CONTRACT: OnceLock<Contract> = OnceLock::new();

impl Contract {
    /// The committed one, read once.
    pub fn committed() -> &'static Self {
        CONTRACT.get_or_init(|| {
            let text = std::fs::read_to_string(FILE).unwrap_or_else(|error| panic!("{FILE}: {error}"));
            Self::of(serde_json::from_str(&text).unwrap())
        })
    }

    fn of(document: Value) -> Self {
        let mut operations = Vec::new();
        for (path, item) in document["paths"].as_object().unwrap_or_else(|| panic!("{FILE} has no paths")) {
            for (method, words) in item.as_object().unwrap() {
                let Ok(method) = method.to_ascii_uppercase().parse::<Method>() else { continue };
                let id = words["operationId"].as_str().unwrap_or_else(|| panic!("{method} {path} has no operationId"));
                operations.push(Operation { id: id.to_owned(), method, path: path.clone(), words: words.clone() });
            }
        }
        Self { document, operations, compiled: Mutex::default() }
    }

    /// Every operation, by path and method.
    pub fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// The operation of that id.
    pub fn operation(&self, id: &str) -> &Operation {
        self.operations.iter().find(|operation| operation.id == id).unwrap_or_else(|| panic!("no operation {id}"))
    }

    /// The schema of an operation's body, its references resolved one level deep.
    pub fn body_schema(&self, operation: &Operation) -> Option<Value> {
        let content = operation.words["requestBody"]["content"].as_object()?;
        content.get("application/json").map(|media| self.resolved(&media["schema"]))
    }

    /// A schema with its reference followed.
    pub fn resolved(&self, schema: &Value) -> Value {
        match schema["$ref"].as_str() {
            Some(place) => {
                self.resolved(self.document.pointer(place.trim_start_matches('#')).unwrap_or_else(|| panic!("no {place}")))
            }
            None => schema.clone(),
        }
    }

    /// Fails the test when a reply is not what the description promises.
    pub fn check(&self, method: &Method, address: &str, status: u16, headers: &HeaderMap, bytes: &[u8]) {
        let (path, query) = address.split_once('?').unwrap_or((address, ""));
        let label = format!("{method} {address} -> {status} {}", String::from_utf8_lossy(bytes));
        // Health is told in the same words whether it is good or bad, and a consent by a page for people.
        if status >= 400 && *method != Method::HEAD && !["/health", "/hooks/consent"].contains(&path) {
            self.check_problem(path, status, headers, bytes, &label);
        }
        let read = if method == Method::HEAD { &Method::GET } else { method };
        let operation = self.operations.iter().find(|it| it.method == *read && it.answers(path));
        let Some(operation) = operation else {
            let refused = matches!(status, 404 | 405);
            assert!(refused || !path.starts_with("/v1"), "an operation that is not described: {label}");
            return;
        };
        let response = &operation.words["responses"][status.to_string()];
        assert!(response.is_object(), "a status that is not described: {label}");
        let response = self.resolved(response);
        check_headers(&response, headers, &label);
        let kind = headers.get("content-type").map(|kind| kind.to_str().unwrap());
        let content = response["content"].as_object().cloned().unwrap_or_default();
        let Some(kind) = kind else {
            assert!(
                content.is_empty() && bytes.is_empty(),
                "a body without a content type, or none where one is described: {label}"
            );
            return;
        };
        let media = content.get(kind).unwrap_or_else(|| panic!("content type {kind} is not described: {label}"));
        // A table is text: nothing more is described of it.
        if *method == Method::HEAD || kind == "text/csv" {
            return;
        }
        let body: Value = serde_json::from_slice(bytes).unwrap_or_else(|error| panic!("{error}: {label}"));
        let fields = url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "fields" && status == 200);
        let fields = fields.map(|(_, fields)| fields.into_owned());
        let schema = fields.as_deref().map_or_else(|| media["schema"].clone(), |fields| self.sparse(&media["schema"], fields));
        let validator = self.validator(&format!("{} {status} {kind} {fields:?}", operation.id), &schema);
        let errors: Vec<String> =
            validator.iter_errors(&body).map(|error| format!("{} at {}", error, error.instance_path())).collect();
        assert!(errors.is_empty(), "a body that is not as described: {}\n{label}", errors.join("; "));
    }

    /// Problems are problems wherever they come from.
    fn check_problem(&self, path: &str, status: u16, headers: &HeaderMap, bytes: &[u8], label: &str) {
        let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap().to_owned());
        // A form that was filled in wrongly is shown again, to a person.
        let shown = text("content-type").is_some_and(|kind| kind.starts_with("text/html"));
        if path.starts_with("/p/") && [422, 429].contains(&status) && shown {
            return;
        }
        assert_eq!(text("content-type").as_deref(), Some("application/problem+json"), "{label}");
        let body: Value = serde_json::from_slice(bytes).unwrap_or_else(|error| panic!("{error}: {label}"));
        let known = kernel::problem::CATALOGUE.iter().find(|kind| body["type"] == format!("/problems/{}", kind.slug));
        let known = known.unwrap_or_else(|| panic!("not in the catalogue: {label}"));
        assert_eq!(
            (known.status, body["status"].as_u64(), known.title),
            (status, Some(status.into()), body["title"].as_str().unwrap()),
            "{label}"
        );
        if !["/hooks/", "/p/", "/t/", "/u/", "/files/"].iter().any(|start| path.starts_with(start)) {
            assert_eq!(text("x-request-id").as_deref(), body["instance"].as_str(), "{label}");
        }
        let schema = json!({ "$ref": "#/components/schemas/Problem" });
        let errors: Vec<String> =
            self.validator("problem", &schema).iter_errors(&body).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{}: {label}", errors.join("; "));
    }

    /// The schema of a page when `fields` were asked for: its rows have these, all that are required among them, and no others.
    fn sparse(&self, schema: &Value, fields: &str) -> Value {
        let wanted: Vec<&str> = fields.split(',').map(str::trim).chain(["id", "expanded"]).collect();
        let mut page = self.resolved(schema);
        let mut row = self.resolved(&page["properties"]["data"]["items"]);
        if let Some(required) = row["required"].as_array_mut() {
            required.retain(|name| name.as_str().is_some_and(|name| wanted.contains(&name)));
        }
        if let Some(properties) = row["properties"].as_object_mut() {
            properties.retain(|name, _| wanted.contains(&name.as_str()));
        }
        page["properties"]["data"]["items"] = row;
        page
    }

    fn validator(&self, name: &str, schema: &Value) -> Arc<Validator> {
        if let Some(known) = self.compiled.lock().unwrap().get(name) {
            return known.clone();
        }
        let mut whole = self.strict(schema, true);
        let mut components = self.document["components"]["schemas"].as_object().cloned().unwrap_or_default();
        for part in components.values_mut() {
            *part = self.strict(part, true);
        }
        whole["components"] = json!({ "schemas": components });
        let options = jsonschema::draft202012::options().should_validate_formats(true).should_ignore_unknown_formats(true);
        let built = Arc::new(options.build(&whole).unwrap_or_else(|error| panic!("{name}: {error}")));
        self.compiled.lock().unwrap().insert(name.to_owned(), built.clone());
        built
    }

    /// The schema with nothing allowed that it does not name: what is undescribed is not promised to stay.
    fn strict(&self, schema: &Value, closed: bool) -> Value {
        let Some(map) = schema.as_object() else { return schema.clone() };
        let mut strict = Map::new();
        for (word, value) in map {
            let value = match word.as_str() {
                "properties" | "$defs" => Value::Object(
                    value.as_object().unwrap().iter().map(|(name, it)| (name.clone(), self.strict(it, true))).collect(),
                ),
                "items" | "additionalProperties" => self.strict(value, true),
                "oneOf" | "anyOf" => value.as_array().unwrap().iter().map(|it| self.strict(it, true)).collect(),
                // The parts of a whole are closed together, not each by itself.
                "allOf" => value.as_array().unwrap().iter().map(|it| self.strict(&self.resolved(it), false)).collect(),
                _ => value.clone(),
            };
            strict.insert(word.clone(), value);
        }
        let names_fields = strict.contains_key("properties") || strict.contains_key("allOf");
        if closed && names_fields && !strict.contains_key("additionalProperties") {
            strict.insert("unevaluatedProperties".to_owned(), Value::Bool(false));
        }
        Value::Object(strict)
    }
}

/// Described headers are there; ones that may be absent are described as nullable.
fn check_headers(response: &Value, headers: &HeaderMap, label: &str) {
    for (name, header) in response["headers"].as_object().into_iter().flatten() {
        let kind = &header["schema"]["type"];
        let optional = kind.as_array().is_some_and(|kinds| kinds.contains(&json!("null")));
        assert!(optional || headers.contains_key(name.as_str()), "no header {name}: {label}");
    }
}
