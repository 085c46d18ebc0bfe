//! Figures of several rounds: medians with their spread, as a table and as JSON.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::meter::Latencies;

/// What one run of one contender in one scenario showed: names and values, in the order of columns.
pub(crate) type Figures = Vec<(&'static str, f64)>;

/// All figures so far.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// Scenarios in the order they were run, each with its contenders.
    scenarios: Vec<(String, Vec<(String, Rounds)>)>,
}

#[derive(Debug, Default)]
struct Rounds {
    /// In the order of columns.
    names: Vec<&'static str>,
    values: BTreeMap<&'static str, Vec<f64>>,
}

impl Report {
    /// One more round, which is also printed.
    pub(crate) fn add(&mut self, scenario: &str, contender: &str, figures: Figures) {
        let line: Vec<_> = figures
            .iter()
            .map(|(name, value)| format!("{name} {}", short(*value)))
            .collect();
        println!("{scenario:8} {contender:18} {}", line.join("  "));
        let rounds = entry(entry(&mut self.scenarios, scenario), contender);
        for (name, value) in figures {
            if !rounds.names.contains(&name) {
                rounds.names.push(name);
            }
            rounds.values.entry(name).or_default().push(value);
        }
    }

    /// One table for each scenario, in Markdown.
    pub(crate) fn tables(&self) -> String {
        let mut out = String::new();
        for (scenario, contenders) in &self.scenarios {
            let mut columns: Vec<&str> = Vec::new();
            for name in contenders.iter().flat_map(|(_, rounds)| &rounds.names) {
                if !columns.contains(name) {
                    columns.push(name);
                }
            }
            let _ = write!(out, "\n| {scenario} | {} |\n|---", columns.join(" | "));
            out.push_str(&"|---".repeat(columns.len()));
            out.push_str("|\n");
            for (contender, rounds) in contenders {
                let cells = columns.iter().map(|name| match rounds.values.get(name) {
                    Some(values) => with_spread(values),
                    None => String::new(),
                });
                let cells: Vec<_> = cells.collect();
                let _ = writeln!(out, "| {contender} | {} |", cells.join(" | "));
            }
        }
        out
    }

    /// `{"A": {"ridecast-json": {"cpu_s_per_million": …}}}`: medians, and under
    /// `spread` the least and the greatest.
    pub(crate) fn json(&self) -> Value {
        let scenarios = self.scenarios.iter().map(|(scenario, contenders)| {
            let contenders = contenders.iter().map(|(contender, rounds)| {
                let mut figures = serde_json::Map::new();
                let mut spread = serde_json::Map::new();
                for (name, values) in &rounds.values {
                    figures.insert((*name).into(), json!(median(values)));
                    let (least, most) = ends(values);
                    spread.insert((*name).into(), json!([least, most]));
                }
                figures.insert("spread".into(), Value::Object(spread));
                (contender.clone(), Value::Object(figures))
            });
            (scenario.clone(), Value::Object(contenders.collect()))
        });
        Value::Object(scenarios.collect())
    }
}

fn entry<'a, T: Default>(entries: &'a mut Vec<(String, T)>, name: &str) -> &'a mut T {
    let at = entries.iter().position(|(known, _)| known == name);
    let at = at.unwrap_or_else(|| {
        entries.push((name.to_owned(), T::default()));
        entries.len() - 1
    });
    &mut entries[at].1
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    if sorted.len() % 2 == 1 {
        sorted[middle]
    } else {
        f64::midpoint(sorted[middle - 1], sorted[middle])
    }
}

fn ends(values: &[f64]) -> (f64, f64) {
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    (least, most)
}

fn with_spread(values: &[f64]) -> String {
    let (least, most) = ends(values);
    let (middle, least, most) = (short(median(values)), short(least), short(most));
    if least == most {
        middle
    } else {
        format!("{middle} ({least} to {most})")
    }
}

/// Three digits that count.
fn short(value: f64) -> String {
    match value.abs() {
        100.0.. => format!("{value:.0}"),
        10.0.. => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

/// The columns of latencies, ms.
pub(crate) fn latencies(latencies: &Latencies) -> Figures {
    #[expect(clippy::cast_precision_loss, reason = "µs of some seconds")]
    let ms = |quantile| latencies.value_at_quantile(quantile) as f64 / 1e3;
    vec![("p50_ms", ms(0.5)), ("p99_ms", ms(0.99))]
}
