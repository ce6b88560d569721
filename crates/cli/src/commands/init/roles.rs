//! What each service is to a deployment.

use shipway_pipeline::role::Role;

use super::applications::Seen;
use super::found::Guess;
use super::launch::Program;
use super::stage::words;
use super::web;

/// What a service looks like on its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Looks {
    /// Like this role, whatever the others are.
    Like(Role, String),
    /// Like a proxy in front of something.
    Front,
    /// Like a job that migrates the database and ends.
    Migration,
    /// Like a part of the application.
    Part,
}

/// Proxies that stand in front of applications, by the last part of their image's name.
const FRONTS: [&str; 10] = [
    "nginx",
    "nginx-unprivileged",
    "nginx-proxy",
    "openresty",
    "traefik",
    "caddy",
    "haproxy",
    "httpd",
    "envoy",
    "swag",
];

/// What each service is to a deployment, and why.
pub(super) fn guess(seen: &[Seen]) -> Vec<Guess> {
    let looks: Vec<Looks> = seen.iter().map(look).collect();
    let web = web::choose(seen, &looks);
    seen.iter()
        .zip(&looks)
        .enumerate()
        .map(|(at, (one, looks))| {
            if web == Some(at) {
                web::guess(one)
            } else {
                other(one, looks, web.map(|at| seen[at].service.name.as_str()))
            }
        })
        .collect()
}

/// What a service looks like on its own.
fn look(seen: &Seen) -> Looks {
    // A build may start from `postgres` and still be a database.
    let images = [seen.service.image.as_deref(), seen.image.as_deref()];
    let mut images = images.into_iter().flatten();
    if let Some((role, image)) = images.find_map(|image| Some((Role::of_image(image)?, image))) {
        return Looks::Like(role, format!("by its image, `{}`", repository(image)));
    }
    let like = |role, name: &str| Looks::Like(role, format!("by its command, `{name}`"));
    match seen.launch.program() {
        Some(Program::Scheduler(name)) => return like(Role::Singleton, name),
        Some(Program::Worker(name)) => return like(Role::Worker, name),
        Some(Program::Monitor(name)) => return like(Role::Tool, name),
        Some(Program::Migration) => return Looks::Migration,
        Some(Program::Server(_, Some(_))) => return Looks::Part,
        Some(Program::Server(_, None)) | None => {}
    }
    let is_front = seen
        .image
        .as_deref()
        .map(repository)
        .is_some_and(|it| FRONTS.contains(&it));
    if is_front {
        return Looks::Front;
    }
    by_name(&seen.service.name)
}

fn by_name(name: &str) -> Looks {
    for word in words(name) {
        let role = match word
            .to_ascii_lowercase()
            .trim_end_matches(|c: char| c.is_ascii_digit())
        {
            "beat" | "celerybeat" | "cron" | "scheduler" | "clock" => Role::Singleton,
            "worker" | "workers" | "celery" | "celeryworker" | "consumer" | "queue" => Role::Worker,
            "flower" => Role::Tool,
            "migrate" | "migration" | "migrations" => return Looks::Migration,
            "nginx" | "traefik" | "caddy" | "haproxy" => return Looks::Front,
            _ => continue,
        };
        return Looks::Like(role, "by its name".to_owned());
    }
    Looks::Part
}

/// The guess for a service that takes no requests of the proxy.
fn other(seen: &Seen, looks: &Looks, web: Option<&str>) -> Guess {
    let (role, why, notes) = match looks {
        Looks::Like(role, why) => (*role, why.clone(), Vec::new()),
        Looks::Front => (Role::Tool, "a proxy".to_owned(), front_notes(seen, web)),
        Looks::Migration => (
            Role::Tool,
            "migrates the database and ends".to_owned(),
            vec!["`migrate` below takes its place: take it out of the Compose files.".to_owned()],
        ),
        Looks::Part => (
            Role::Worker,
            "nothing tells what it does".to_owned(),
            Vec::new(),
        ),
    };
    Guess {
        name: seen.service.name.clone(),
        role,
        port: None,
        why,
        notes,
    }
}

fn front_notes(seen: &Seen, web: Option<&str>) -> Vec<String> {
    let web = web.map_or_else(|| "the application".to_owned(), |web| format!("`{web}`"));
    let mut notes = vec![format!(
        "Shipway's proxy takes its place in front of {web}: take it out of the Compose files."
    )];
    let published: Vec<String> = seen
        .service
        .ports
        .iter()
        .filter_map(|port| port.published.clone())
        .collect();
    if !published.is_empty() {
        notes.push(format!(
            "As long as it is there it holds port {}.",
            published.join(" and ")
        ));
    }
    if !seen.service.mounts.is_empty() {
        notes.push(format!(
            "Files that it serves itself, such as static files, have to come from {web} then."
        ));
    }
    notes
}

/// The last part of an image's name.
pub(super) fn repository(image: &str) -> &str {
    let name = image.split('@').next().unwrap_or(image);
    let last = name.rsplit('/').next().unwrap_or(name);
    last.split(':').next().unwrap_or(last)
}
