//! The table at the end.

use serde_json::Value;
use shipway_loadtest::Counts;

use super::load::lost;
use super::story::Act;
use crate::render::{table, time};

/// What the table adds up to.
pub(super) struct Verdict {
    pub(super) is_good: bool,
    pub(super) text: String,
}

/// A row for each act.
pub(super) fn render(acts: &[Act]) -> String {
    let heading = [
        "COMMAND", "RELEASE", "OUTCOME", "TOOK", "SWITCH", "REQUESTS", "STREAMS", "LOST", "500s",
        "P99", "STATES",
    ];
    let rows: Vec<Vec<String>> = acts.iter().map(row).collect();
    table::render(&heading, &rows)
}

fn row(act: &Act) -> Vec<String> {
    let counted = |number: fn(&Counts) -> u64| {
        act.counts
            .as_ref()
            .map_or_else(|| "-".to_owned(), |counts| number(counts).to_string())
    };
    vec![
        act.command.clone(),
        text(&act.record["release"]),
        text(&act.record["outcome"]),
        time::short(act.took),
        switches(&act.record),
        counted(|counts| counts.sent),
        counted(|counts| counts.streams.opened),
        counted(lost),
        counted(|counts| counts.answered.get(&500).copied().unwrap_or(0)),
        act.counts
            .as_ref()
            .and_then(|counts| counts.quantile(0.99))
            .map_or_else(|| "-".to_owned(), time::short),
        stages(&act.record),
    ]
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or("-").to_owned()
}

/// How long the proxy took to acknowledge each change of the route.
fn switches(record: &Value) -> String {
    let micros: Vec<String> = entries(record)
        .filter_map(|entry| entry["detail"]["micros"].as_u64())
        .map(|micros| format!("{:.1}", micros as f64 / 1000.0))
        .collect();
    if micros.is_empty() {
        return "-".to_owned();
    }
    format!("{} ms", micros.join(", "))
}

/// The stages that were passed, each once in a row.
fn stages(record: &Value) -> String {
    let mut passed: Vec<&str> = entries(record)
        .filter_map(|entry| entry["step"]["stage"].as_str())
        .collect();
    passed.dedup();
    // A rolling update goes back and forth between these two.
    let mut short: Vec<&str> = Vec::new();
    for stage in passed {
        let is_loop = short.len() >= 2 && short[short.len() - 2] == stage;
        if is_loop {
            continue;
        }
        short.push(stage);
    }
    short.dedup();
    short.join(" → ")
}

fn entries(record: &Value) -> impl Iterator<Item = &Value> {
    let journal = record["journal"].as_array().map_or(&[][..], Vec::as_slice);
    journal.iter().map(|record| &record["entry"])
}

/// What all of it adds up to.
pub(super) fn verdict(acts: &[Act]) -> Verdict {
    let counts: Vec<&Counts> = acts.iter().filter_map(|act| act.counts.as_ref()).collect();
    let sent: u64 = counts.iter().map(|counts| counts.sent).sum();
    let streams: u64 = counts.iter().map(|counts| counts.streams.opened).sum();
    let lost: u64 = counts.iter().map(|counts| lost(counts)).sum();
    let deployments =
        |acts: &mut dyn Iterator<Item = &Act>| -> u32 { acts.map(|act| act.deployments).sum() };
    let all = deployments(&mut acts.iter());
    let loaded = deployments(&mut acts.iter().filter(|act| act.counts.is_some()));
    Verdict {
        is_good: lost == 0,
        text: format!(
            "{all} deployments; {sent} requests and {streams} streams while {loaded} of them ran; {lost} lost"
        ),
    }
}
