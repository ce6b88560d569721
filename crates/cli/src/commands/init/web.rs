//! Which service takes the requests, and where it listens.

use shipway_compose::model::{HealthTest, Service};
use shipway_pipeline::role::Role;

use super::applications::Seen;
use super::found::Guess;
use super::launch::{Asked, Launch, Program};
use super::roles::Looks;
use super::stage::words;

/// Where most servers listen that say nothing.
const USUAL_PORT: u16 = 8000;

/// Names that people give to what takes the requests, the plainest first.
const NAMES: [&str; 10] = [
    "web", "app", "django", "backend", "api", "server", "site", "www", "wsgi", "frontend",
];

/// Chooses the service that takes the requests.
pub(super) fn choose(seen: &[Seen], looks: &[Looks]) -> Option<usize> {
    let best = |wanted: &Looks| {
        let scores = seen.iter().zip(looks).enumerate();
        let scores = scores
            .filter(|(_, (_, looks))| *looks == wanted)
            .map(|(at, (one, _))| (score(one, seen, looks), std::cmp::Reverse(at)))
            .filter(|(score, _)| *score > 0);
        scores.max().map(|(_, std::cmp::Reverse(at))| at)
    };
    // A proxy with nothing behind it serves a site of files: it is the application.
    best(&Looks::Part).or_else(|| best(&Looks::Front))
}

fn score(one: &Seen, all: &[Seen], looks: &[Looks]) -> usize {
    let name = &one.service.name;
    let mut score = 0;
    if matches!(one.launch.program(), Some(Program::Server(..))) {
        score += 6;
    }
    if !one.ports.is_empty() {
        score += 4;
    }
    if let Some(rank) = words(name).find_map(|word| NAMES.iter().position(|name| *name == word)) {
        score += if rank == 0 { 4 } else { 3 };
    }
    let is_behind = all.iter().zip(looks).any(|(front, looks)| {
        let depends = front.service.depends_on.contains_key(name);
        *looks == Looks::Front && (depends || front.service.links.iter().any(|it| it == name))
    });
    if is_behind
        || one
            .service
            .labels
            .keys()
            .any(|label| label.starts_with("traefik.http"))
    {
        score += 3;
    }
    if score > 0 && one.service.build.is_some() {
        score += 1;
    }
    score
}

/// The guess for the service that takes the requests.
pub(super) fn guess(seen: &Seen) -> Guess {
    let program = seen.launch.program();
    let (port, whence) = port(seen, program);
    let why = match program {
        Some(Program::Server(name, _)) => format!("runs `{name}`"),
        _ if !seen.ports.is_empty() => "has a port".to_owned(),
        _ => "by its name".to_owned(),
    };
    Guess {
        name: seen.service.name.clone(),
        role: Role::Web,
        port: Some(port),
        why: format!("{why}; the port {whence}"),
        notes: Vec::new(),
    }
}

/// Whether a service listens where nobody says.
pub(super) fn is_port_unknown(seen: &Seen) -> bool {
    port(seen, None).1 == ASSUMED
}

const ASSUMED: &str = "is assumed";

fn port(seen: &Seen, program: Option<Program>) -> (u16, &'static str) {
    if let Some(port) = seen.launch.port() {
        return (port, "is its command's");
    }
    if let Some(port) = seen.ports.first() {
        return (*port, "is the one that it opens");
    }
    if let Some(port) = check(&seen.service).and_then(|asked| asked.port) {
        return (port, "is its health check's");
    }
    match program {
        Some(Program::Server(_, Some(port))) => (port, ASSUMED),
        _ => (USUAL_PORT, ASSUMED),
    }
}

/// What a service's health check asks for.
pub(super) fn check(service: &Service) -> Option<Asked> {
    let test = &service.healthcheck.as_ref()?.test;
    let line = match test {
        HealthTest::Command(words) => words.join(" "),
        HealthTest::Shell(line) => line.clone(),
    };
    Launch::of(&[&line]).asked()
}
