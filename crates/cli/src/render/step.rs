//! Steps of a plan in words.

use shipway_pipeline::config::render_duration;
use shipway_pipeline::id::InstanceId;
use shipway_pipeline::journal::Detail;
use shipway_pipeline::migration::{Run, Turn};
use shipway_pipeline::name::ServiceName;
use shipway_pipeline::plan::{Action, Incoming, Kind, Plan, Side, Sizes};

/// What a step does, in a few words.
#[expect(
    clippy::too_many_lines,
    reason = "a flat match, some words for each action"
)]
pub(crate) fn describe(plan: &Plan, action: &Action) -> String {
    match action {
        Action::CheckArtifact => format!("check the artifact of {}", plan.target.release),
        Action::TagArtifact { tag } => {
            format!("tag the images of {} as {tag}", plan.target.release)
        }
        Action::CheckAddress => format!("check that {} can be listened on", plan.route.listen),
        Action::ClearColour => format!("clear {} of leftovers", plan.target.colour),
        Action::StartShared { sizes } => format!("start shared services: {}", render_sizes(sizes)),
        Action::TakeOver { services } => {
            format!(
                "take {} from {}",
                plan.route.listen,
                render_services(services)
            )
        }
        Action::Retire { services } => format!(
            "stop {} of the adopted project, and keep the containers",
            render_services(services)
        ),
        Action::GiveBack { services, address } => {
            let of = match address {
                true => format!("give {} back to", plan.route.listen),
                false => "make sure of".to_owned(),
            };
            format!("{of} {} of the adopted project", render_services(services))
        }
        Action::SetAside { only } => {
            format!("stop and keep aside: {}", render_instances(only))
        }
        Action::BringBack { only } => format!("bring back: {}", render_instances(only)),
        Action::Discard { only } => {
            format!("remove what is aside: {}", render_instances(only))
        }
        Action::CheckBackup { backup } => format!("read {backup} to its end"),
        Action::BackUp => "back up the database".to_owned(),
        Action::RestoreBackup { backup } => {
            format!("restore {backup} into a new database, and compare")
        }
        Action::SwapDatabase { incoming } => match incoming {
            Incoming::Backup { backup } => {
                format!("put the database of {backup} in the place of the old one")
            }
            Incoming::Kept { by } => format!("bring back the database that {by} put aside"),
        },
        Action::SwapDatabaseBack { .. } => "give the old database its place again".to_owned(),
        Action::DropRestored => "remove the new database".to_owned(),
        Action::Migrate { command, run, .. } => migrate(command, run.as_deref()),
        Action::Start { side, sizes } => {
            format!("start {}: {}", who(plan, *side), render_sizes(sizes))
        }
        Action::AwaitHealthy {
            side,
            sizes,
            only,
            healthy_for,
        } => {
            let times = if healthy_for.is_zero() {
                String::new()
            } else {
                format!(" for {}", render_duration(*healthy_for))
            };
            format!(
                "wait until {} is healthy{times}: {}",
                who(plan, *side),
                only.as_deref()
                    .map_or_else(|| render_sizes(sizes), render_instances)
            )
        }
        Action::Smoke { paths } => format!("try {} at {}", plan.target.colour, paths.join(", ")),
        Action::Hold => "let new requests wait at the proxy".to_owned(),
        Action::Resume => "let waiting requests go on".to_owned(),
        Action::Route { target, previous } => route(plan, target, previous),
        Action::Bake { limits } => format!(
            "judge {} for {}: at most {:.1} % errors, p95 at most {} times the old",
            plan.target.colour,
            render_duration(limits.duration),
            limits.max_error_rate * 100.0,
            limits.max_latency_ratio
        ),
        Action::MarkStable => format!("mark {} stable", plan.target.release),
        Action::Drain { side, only, .. } => {
            format!("drain {}{}", who(plan, *side), render_only(only.as_deref()))
        }
        Action::Stop { side, only } => {
            format!("stop {}{}", who(plan, *side), render_only(only.as_deref()))
        }
        Action::StopShared => "stop what both colours share; volumes stay".to_owned(),
        Action::Settle { services, .. } => {
            let services: Vec<&str> = services.iter().map(ServiceName::as_str).collect();
            format!(
                "remove what came of {} and is not healthy",
                services.join(", ")
            )
        }
    }
}

/// What came of a step, in a few words; empty where there is nothing to tell.
pub(crate) fn result(detail: &Detail) -> String {
    match detail {
        Detail::Routed { generation, micros } => {
            format!("generation {generation}, {:.1} ms", *micros as f64 / 1000.0)
        }
        Detail::Drained {
            short: 0,
            streaming: 0,
            upgraded: 0,
        } => "nothing cut".to_owned(),
        Detail::Drained {
            short,
            streaming,
            upgraded,
        } => format!("cut {short} requests, {streaming} streams, {upgraded} upgraded"),
        Detail::Stopped {
            gracefully,
            killed: 0,
        } => format!("{gracefully} stopped"),
        Detail::Stopped { gracefully, killed } => {
            format!("{gracefully} stopped, {killed} killed after their grace period")
        }
        Detail::Migrated {
            turn,
            changed,
            attempts,
            ..
        } => {
            let what = match (changed.as_slice(), turn) {
                ([], _) => "nothing was pending".to_owned(),
                (all, Turn::Undo) => format!("took back {}", some(all)),
                (all, Turn::Expand | Turn::Contract) => format!("applied {}", some(all)),
            };
            match attempts {
                1 => what,
                attempts => format!("{what}, in {attempts} runs"),
            }
        }
        Detail::Ran { last_lines } => last_lines.last().cloned().unwrap_or_default(),
    }
}

fn route(plan: &Plan, target: &[InstanceId], previous: &[InstanceId]) -> String {
    match (target.is_empty(), previous.is_empty()) {
        (true, true) => "route to nothing".to_owned(),
        (false, true) => format!(
            "{} to {}: {}",
            if plan.kind == Kind::Scale {
                "route"
            } else {
                "switch"
            },
            plan.target.colour,
            render_instances(target)
        ),
        (true, false) => format!(
            "switch back to {}: {}",
            who(plan, Side::Previous),
            render_instances(previous)
        ),
        (false, false) => format!(
            "route to {} of {} and {} of {}",
            render_instances(target),
            plan.target.colour,
            render_instances(previous),
            who(plan, Side::Previous)
        ),
    }
}

fn who(plan: &Plan, side: Side) -> String {
    plan.occupant(side)
        .map_or_else(|| "nothing".to_owned(), |one| one.colour.to_string())
}

fn render_sizes(sizes: &Sizes) -> String {
    let parts: Vec<String> = sizes
        .iter()
        .map(|(service, size)| format!("{service} ×{size}"))
        .collect();
    parts.join(", ")
}

fn render_services(services: &[ServiceName]) -> String {
    let parts: Vec<&str> = services.iter().map(ServiceName::as_str).collect();
    parts.join(", ")
}

fn render_only(only: Option<&[InstanceId]>) -> String {
    only.map_or_else(String::new, |only| format!(": {}", render_instances(only)))
}

fn render_instances(instances: &[InstanceId]) -> String {
    let parts: Vec<String> = instances.iter().map(ToString::to_string).collect();
    parts.join(", ")
}

/// What is run, and what it is known to apply.
fn migrate(command: &[String], run: Option<&Run>) -> String {
    let command = command.join(" ");
    let Some(run) = run else {
        return format!("migrate: {command}");
    };
    let what = match run.applies.as_slice() {
        [] => "nothing known is pending".to_owned(),
        all => some(all),
    };
    format!("migrate ({}): {command}: {what}", run.turn.as_str())
}

/// Names, or how many: a first deployment applies dozens.
fn some(names: &[String]) -> String {
    const MOST: usize = 5;
    match names.len() {
        0..=MOST => names.join(", "),
        count => format!("{count} migrations"),
    }
}
