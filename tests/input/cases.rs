//! The table: one object that may be sent, and all that may be wrong with it.

use serde_json::{Value, json};

use crate::schema::{allows, properties};
use crate::spec::Spec;
use crate::values::{NO_JSON, TOO_MUCH, values};

/// What is to become of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expect {
    /// It is as the schema says: whatever comes of it, it could be read.
    Read,
    /// It is JSON, and not as the schema says.
    Refused,
    /// It is no JSON.
    Unreadable,
}

#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) what: String,
    pub(crate) text: String,
    pub(crate) expect: Expect,
    /// What the answer must carry as its `id`.
    pub(crate) id: Option<Value>,
}

/// Stands where something that is no value is put in.
const HOLE: &str = "a hole in a message";

/// All that may be wrong with an object as this sample of a schema.
pub(crate) fn cases(spec: &Spec, schema: &Value, sample: &Value) -> Vec<Case> {
    let table = Table {
        spec,
        schema,
        sample,
    };
    let mut cases = table.of_the_whole();
    let mut places = Vec::new();
    collect(spec, schema, sample, String::new(), &mut places);
    assert!(!places.is_empty());
    for (place, schema) in places {
        table.of_a_field(&place, schema, &mut cases);
    }
    cases
}

/// Every field in a sample, within others too, by its JSON pointer.
fn collect<'a>(
    spec: &'a Spec,
    schema: &'a Value,
    sample: &Value,
    at: String,
    places: &mut Vec<(String, &'a Value)>,
) {
    let mut schema = spec.follow(schema);
    while let (None, Some(part)) = (schema.get("type"), schema.pointer("/allOf/0")) {
        schema = spec.follow(part);
    }
    if let Some(either) = schema.get("oneOf").and_then(Value::as_array) {
        let mut fitting = either.iter().filter(|it| allows(spec, it, sample));
        schema = fitting.next().expect("a sample is as its schema says");
    }
    if !at.is_empty() {
        places.push((at.clone(), schema));
    }
    if let Value::Array(items) = sample {
        collect(spec, &schema["items"], &items[0], at + "/0", places);
    } else if let Value::Object(fields) = sample {
        for (name, schema) in properties(spec, schema) {
            if let Some(field) = fields.get(&name) {
                collect(spec, schema, field, format!("{at}/{name}"), places);
            }
        }
    }
}

struct Table<'a> {
    spec: &'a Spec,
    schema: &'a Value,
    sample: &'a Value,
}

impl Table<'_> {
    fn of_a_field(&self, place: &str, schema: &Value, cases: &mut Vec<Case>) {
        let put = |value: &Value| {
            let mut message = self.sample.clone();
            message.pointer_mut(place).unwrap().clone_from(value);
            message
        };
        for value in values(schema) {
            let what = format!("{place} is {}", short(&value.to_string()));
            cases.push(self.judged(what, &put(&value)));
        }
        if let Some(most) = schema.get("maxItems").and_then(Value::as_u64) {
            let one = self.sample.pointer(place).unwrap()[0].clone();
            for count in [most, most + 1] {
                let many = vec![one.clone(); usize::try_from(count).unwrap()];
                cases.push(self.judged(format!("{place} has {count}"), &put(&json!(many))));
            }
        }
        let (parent, name) = place.rsplit_once('/').unwrap();
        let mut without = self.sample.clone();
        match without.pointer_mut(parent).unwrap() {
            Value::Object(fields) => drop(fields.remove(name)),
            list => *list = json!([]),
        }
        cases.push(self.judged(format!("{place} is missing"), &without));

        let hole = put(&json!(HOLE)).to_string();
        let hole = |with: &str| hole.replace(&format!("\"{HOLE}\""), with);
        let is_item = self.sample.pointer(parent).is_some_and(Value::is_array);
        // A list without its only item is JSON.
        for token in NO_JSON.into_iter().filter(|it| !(is_item && it.is_empty())) {
            cases.push(Case {
                what: format!("{place} is {token}"),
                text: hole(token),
                expect: Expect::Unreadable,
                id: None,
            });
        }
        let is_id = place == "/id";
        for token in TOO_MUCH {
            cases.push(Case {
                what: format!("{place} is {token}"),
                text: hole(token),
                expect: Expect::Refused,
                id: self.id_unless(is_id),
            });
        }
        if !is_item {
            let value = self.sample.pointer(place).unwrap();
            cases.push(Case {
                what: format!("{place} is there twice"),
                text: hole(&format!("{value},{}:{value}", json!(name))),
                expect: Expect::Refused,
                id: self.id_unless(is_id),
            });
        }
    }

    fn of_the_whole(&self) -> Vec<Case> {
        let text = self.sample.to_string();
        let within = &text[..text.len() - 1];
        let deep = |open: &str, close: &str| open.repeat(10_000) + "1" + &close.repeat(10_000);
        let long = "x".repeat(100_000);
        let readable = [
            ("as it should be", text.clone()),
            ("in white space", format!(" \t\r\n{text}\n\n")),
            ("an unknown field", format!("{within},\"color\":\"blue\"}}")),
            ("a field without a name", format!("{within},\"\":null}}")),
            ("a very long name", format!("{within},\"{long}\":1}}")),
            (
                "nobody's deep list",
                format!("{within},\"a\":{}}}", deep("[", "]")),
            ),
            (
                "nobody's deep object",
                format!("{within},\"a\":{}}}", deep("{\"a\":", "}")),
            ),
            ("nobody's huge number", format!("{within},\"a\":1e999}}")),
            (
                "a name of a class",
                format!("{within},\"__proto__\":{{}}}}"),
            ),
        ];
        let unreadable = [
            ("trailing rubbish", format!("{text} x")),
            ("a second one behind it", format!("{text}{text}")),
            ("a trailing comma", format!("{within},}}")),
            ("a trailing NUL", format!("{text}\0")),
            ("a byte order mark", format!("\u{feff}{text}")),
            ("cut off", within.to_owned()),
            ("half of it", text[..text.len() / 2].to_owned()),
            ("a comment", format!("/* hello */{text}")),
            ("in a list", format!("[{text}]")),
            ("as a list", json!([self.sample["type"], 1]).to_string()),
            ("in a text", json!(text).to_string()),
            (
                "an open list",
                format!("{within},\"a\":{}", "[".repeat(100_000)),
            ),
            ("nothing", String::new()),
            ("white space", " ".repeat(100_000)),
            ("a number", "7".to_owned()),
            ("null", "null".to_owned()),
            ("control characters", "\u{0}\u{1}\u{1b}[2J".to_owned()),
        ];
        let readable = readable.map(|(what, text)| Case {
            what: what.to_owned(),
            text,
            expect: Expect::Read,
            id: self.id_unless(false),
        });
        let unreadable = unreadable.map(|(what, text)| Case {
            what: what.to_owned(),
            text,
            expect: Expect::Unreadable,
            id: None,
        });
        readable.into_iter().chain(unreadable).collect()
    }

    /// What the schema says of it.
    fn judged(&self, what: String, message: &Value) -> Case {
        let good = allows(self.spec, self.schema, message);
        let id = message.get("id").filter(|id| {
            let schema = properties(self.spec, self.schema)["id"];
            allows(self.spec, schema, id)
        });
        Case {
            what,
            text: message.to_string(),
            expect: if good { Expect::Read } else { Expect::Refused },
            id: id.cloned(),
        }
    }

    fn id_unless(&self, is_bad: bool) -> Option<Value> {
        self.sample.get("id").filter(|_| !is_bad).cloned()
    }
}

/// Enough of it to know it by.
pub(crate) fn short(text: &str) -> String {
    let mut short: String = text.chars().take(120).collect();
    if short.len() < text.len() {
        short += "…";
    }
    short
}
