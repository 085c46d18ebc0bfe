//! What is put where something else belongs.

use serde_json::{Value, json};

/// Longer than anything may be, and shorter than a message may be.
const VERY_LONG: usize = 100_000;

/// JSON of every type and size, and what lies just within and just beyond the bounds of a schema.
pub(crate) fn values(schema: &Value) -> Vec<Value> {
    let mut all = vec![
        Value::Null,
        json!(true),
        json!(false),
        json!(0),
        json!(-1),
        json!(7),
        json!(1.5),
        json!(1e39),
        json!(1e308),
        json!(-1e308),
        json!(1e-40),
        json!(i64::MAX),
        json!(i64::MIN),
        json!(u64::MAX),
        // Beyond every integer.
        json!(18_446_744_073_709_551_616.0),
        json!(9_007_199_254_740_993_u64),
        json!(""),
        json!("x"),
        json!("1"),
        json!("NaN"),
        json!("a\u{0}b"),
        json!("\u{7}\r\n"),
        json!("\u{85}"),
        json!("\u{202e}\u{feff}\u{10ffff}"),
        json!("x".repeat(VERY_LONG)),
        json!([]),
        json!([1]),
        json!([null]),
        json!([[], {}]),
        json!({}),
        json!({"a": 1}),
        json!({"kind": "nearby"}),
        json!({"$ref": "#"}),
        nested(100),
    ];
    for bound in ["minimum", "maximum", "exclusiveMinimum"] {
        if let Some(bound) = schema.get(bound).and_then(Value::as_f64) {
            all.push(json!(bound));
            // The next that there is, of the kind that it is read as.
            #[expect(clippy::cast_possible_truncation, reason = "bounds are small numbers")]
            let next = match schema["format"].as_str() {
                Some("float") => {
                    let bound = bound as f32;
                    [bound.next_up(), bound.next_down()].map(f64::from)
                }
                _ => [bound.next_up(), bound.next_down()],
            };
            all.extend(next.map(|it| json!(it)));
            all.extend([json!(bound - 0.5), json!(bound + 0.5)]);
            #[expect(clippy::cast_possible_truncation, reason = "it saturates")]
            all.extend([-1, 0, 1].map(|by| json!(bound as i64 + by)));
        }
    }
    let either = schema.get("anyOf").and_then(Value::as_array);
    for schema in either.into_iter().flatten().chain([schema]) {
        if let Some(most) = schema.get("maxLength").and_then(Value::as_u64) {
            let most = usize::try_from(most).unwrap();
            all.extend([most, most + 1].map(|length| json!("x".repeat(length))));
        }
    }
    all
}

fn nested(deep: usize) -> Value {
    (0..deep).fold(json!(1), |inner, _| json!([inner]))
}

/// What stands for a value and is no JSON: nothing of the message can be read.
pub(crate) const NO_JSON: [&str; 16] = [
    "NaN",
    "nan",
    "Infinity",
    "-Infinity",
    "undefined",
    "None",
    "0x10",
    "01",
    "+1",
    ".5",
    "1.",
    "1e",
    "'x'",
    "\"open",
    "\"a\u{1}b\"",
    "",
];

/// Numbers and texts that are JSON, and that nothing can hold.
pub(crate) const TOO_MUCH: [&str; 4] = ["1e999", "-1e999", "1e99999999999999999999", r#""\ud800""#];
