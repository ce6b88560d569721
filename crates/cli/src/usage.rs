//! What each instance of an environment is and uses, as rows of a table.

use std::collections::HashMap;
use std::time::Duration;

use serde::Serialize;
use shipway_engine::clock::now;
use shipway_engine::resources::Resources;
use shipway_engine::status::InstanceStatus;
use shipway_pipeline::colour::Slot;
use shipway_pipeline::config::Environment;
use shipway_pipeline::id::InstanceId;
use shipway_pipeline::route::RouteKey;
use shipway_runtime::{ColourKey, Operate as _, Usage};

use crate::context::Context;
use crate::error::Result;
use crate::render::{table, time};

/// Between the two measurements of a single look: long enough that the hundredths of a second in
/// which the kernel counts are a small part.
pub(crate) const BETWEEN: Duration = Duration::from_millis(1000);

/// An instance, where it stands, and what it uses.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Row {
    slot: Slot,
    #[serde(flatten)]
    status: InstanceStatus,
    /// None of one that does not run.
    resources: Option<Resources>,
}

/// What was measured last, by slot and instance.
#[derive(Debug, Default)]
pub(crate) struct Measured(HashMap<(Slot, InstanceId), Usage>);

/// Measures each instance of the live colour and of what is shared.
pub(crate) async fn measure(context: &Context, environment: &Environment) -> Result<Measured> {
    let mut measured = HashMap::new();
    for slot in slots(context, environment)? {
        let route = RouteKey {
            project: context.project.config.project.clone(),
            environment: environment.name.clone(),
        };
        for usage in context.runtimes.usage(&ColourKey { route, slot }).await? {
            measured.insert((slot, usage.id.clone()), usage);
        }
    }
    Ok(Measured(measured))
}

/// The instances as they are, with what they used since a measurement; and the newer one.
pub(crate) async fn rows(
    context: &Context,
    environment: &Environment,
    before: &Measured,
) -> Result<(Vec<Row>, Measured)> {
    let after = measure(context, environment).await?;
    let mut rows = Vec::new();
    for slot in slots(context, environment)? {
        let instances = context
            .engine
            .instances_of(&context.project, environment, slot)
            .await?;
        rows.extend(instances.into_iter().map(|status| {
            let key = (slot, status.id.clone());
            let both = before.0.get(&key).zip(after.0.get(&key));
            Row {
                slot,
                resources: both.map(|(before, after)| Resources::between(before, after)),
                status,
            }
        }));
    }
    Ok((rows, after))
}

fn slots(context: &Context, environment: &Environment) -> Result<Vec<Slot>> {
    let live = context.engine.store.environment(&environment.name)?.live;
    Ok(live
        .map(|live| Slot::from(live.colour))
        .into_iter()
        .chain([Slot::Shared])
        .collect())
}

/// The rows for people.
pub(crate) fn render(rows: &[Row]) -> String {
    const HEADING: [&str; 9] = [
        "INSTANCE",
        "SLOT",
        "HEALTH",
        "RESTARTS",
        "UPTIME",
        "CPU",
        "MEMORY",
        "LIMIT",
        "NETWORK IN/OUT",
    ];
    let cells: Vec<Vec<String>> = rows.iter().map(Row::cells).collect();
    table::render(&HEADING, &cells)
}

// === impl Row ===

impl Row {
    fn cells(&self) -> Vec<String> {
        let status = &self.status;
        let used = self.resources.as_ref();
        let or_none = |text: Option<String>| text.unwrap_or_else(|| "–".to_owned());
        vec![
            status.id.to_string(),
            self.slot.to_string(),
            if status.healthy {
                "healthy".to_owned()
            } else {
                shortened(&status.detail)
            },
            status.restarts.to_string(),
            or_none(status.since.map(|since| time::short(now().since(since)))),
            or_none(used.map(|used| format!("{:.1} %", used.cpu * 100.0))),
            or_none(used.map(|used| bytes(used.memory as f64))),
            or_none(used.and_then(|used| {
                let limit = used.memory_limit?;
                let share = used.memory as f64 / limit as f64 * 100.0;
                Some(format!("{} ({share:.0} %)", bytes(limit as f64)))
            })),
            or_none(used.and_then(|used| {
                let (received, sent) = used.received_per_second.zip(used.sent_per_second)?;
                Some(format!("{}/s {}/s", bytes(received), bytes(sent)))
            })),
        ]
    }
}

/// The first words of a sick instance's answer: a table has no room for all of it.
fn shortened(text: &str) -> String {
    const ROOM: usize = 40;
    let line = text.lines().next().unwrap_or_default();
    if line.chars().count() <= ROOM {
        return line.to_owned();
    }
    line.chars().take(ROOM - 1).chain(['…']).collect()
}

/// In binary units, as container engines do.
fn bytes(count: f64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut count = count;
    let mut unit = 0;
    while count >= 1024.0 && unit + 1 < UNITS.len() {
        count /= 1024.0;
        unit += 1;
    }
    if unit == 0 {
        format!("{count:.0} B")
    } else {
        format!("{count:.1} {}", UNITS[unit])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_short() {
        let texts = [0.0, 1023.0, 1024.0, 1_572_864.0, 2e15].map(bytes);
        assert_eq!(texts, ["0 B", "1023 B", "1.0 KiB", "1.5 MiB", "1819.0 TiB"]);
    }

    #[test]
    fn a_long_answer_is_cut() {
        assert_eq!(shortened("503\nmore"), "503");
        assert_eq!(shortened(&"x".repeat(80)).chars().count(), 40);
    }
}
