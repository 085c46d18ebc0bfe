//! The `AsyncAPI` and `OpenAPI` documents as values.

use serde_json::{Map, Value};
use yaml_rust2::{Yaml, YamlLoader};

use crate::read;

/// A document, with all of its references leading somewhere within it.
pub(crate) struct Spec(pub(crate) Value);

impl Spec {
    pub(crate) fn load(path: &str) -> Self {
        let documents = YamlLoader::load_from_str(&read(path));
        let documents = documents.unwrap_or_else(|error| panic!("{path} is no YAML: {error}"));
        let [document] = &documents[..] else {
            panic!("{path} has {} documents", documents.len());
        };
        Self(value(document))
    }

    /// What a reference stands for; what is none stands for itself.
    pub(crate) fn follow<'a>(&'a self, value: &'a Value) -> &'a Value {
        let Some(reference) = value.get("$ref") else {
            return value;
        };
        let reference = reference.as_str().unwrap();
        let pointer = reference
            .strip_prefix('#')
            .unwrap_or_else(|| panic!("{reference} leads out of the document"));
        let found = self.0.pointer(pointer);
        self.follow(found.unwrap_or_else(|| panic!("{reference} leads nowhere")))
    }

    /// Follows every reference there is; gives how many.
    pub(crate) fn follow_all(&self) -> usize {
        let mut count = 0;
        let mut left = vec![&self.0];
        while let Some(value) = left.pop() {
            match value {
                Value::Object(fields) => {
                    if fields.contains_key("$ref") {
                        self.follow(value);
                        count += 1;
                    }
                    left.extend(fields.values());
                }
                Value::Array(items) => left.extend(items),
                _ => {}
            }
        }
        count
    }
}

/// The fields of an object that must be there.
pub(crate) fn fields<'a>(value: &'a Value, at: &str) -> &'a Map<String, Value> {
    let found = value.pointer(at).and_then(Value::as_object);
    found.unwrap_or_else(|| panic!("{at} is no object"))
}

/// The entries of a list that must be there.
pub(crate) fn list<'a>(value: &'a Value, at: &str) -> &'a [Value] {
    let found = value.pointer(at).and_then(Value::as_array);
    found.unwrap_or_else(|| panic!("{at} is no list in {value}"))
}

/// The last step of a reference: the name of what it leads to.
pub(crate) fn name_of(reference: &Value) -> &str {
    let reference = reference["$ref"].as_str();
    let reference = reference.unwrap_or_else(|| panic!("a reference was expected"));
    reference.rsplit('/').next().unwrap()
}

fn value(yaml: &Yaml) -> Value {
    match yaml {
        Yaml::Null => Value::Null,
        Yaml::Boolean(value) => (*value).into(),
        Yaml::Integer(value) => (*value).into(),
        Yaml::Real(text) => text.parse::<f64>().expect("a number").into(),
        Yaml::String(text) => text.clone().into(),
        Yaml::Array(items) => items.iter().map(value).collect(),
        Yaml::Hash(fields) => fields
            .iter()
            .map(|(name, field)| match name {
                Yaml::String(name) => (name.clone(), value(field)),
                // A status of an answer.
                Yaml::Integer(name) => (name.to_string(), value(field)),
                name => panic!("{name:?} is no name of a field"),
            })
            .collect(),
        Yaml::Alias(_) | Yaml::BadValue => panic!("no value: {yaml:?}"),
    }
}
