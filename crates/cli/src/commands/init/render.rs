//! From what was found to the text of `shipway.yml`.

use std::fmt::Write as _;

use super::found::{Environment, Found, Guess, Health};
use super::layout::Why;
use super::stage::Stage;

/// Where editors find the schema: a path works without a network.
pub(super) const SCHEMA: &str = ".shipway/shipway.schema.json";

/// Wider lines are hard to read side by side.
const WIDTH: usize = 96;

/// What differs between environments by their place in the pipeline.
struct Template {
    comment: &'static str,
    body: &'static str,
    port: u16,
}

/// The text of `shipway.yml`.
pub(super) fn render(found: &Found) -> String {
    let mut text = format!(
        "# yaml-language-server: $schema={SCHEMA}\n\
         # How Shipway takes this application from a git push to production.\n\
         # `shipway config ENVIRONMENT` shows what holds, every default filled in.\n\
         version: 1\n\
         project: {}\n\n",
        found.project
    );
    push_services(&mut text, &found.services);
    push_migrate(&mut text, found);
    text.push_str("environments:\n");
    for (at, environment) in found.environments.iter().enumerate() {
        if at > 0 {
            text.push('\n');
        }
        push_environment(&mut text, environment);
    }
    text
}

fn push_services(text: &mut String, services: &[Guess]) {
    text.push_str(
        "# What each service is to a deployment:\n\
         #   web        takes the requests, one instance set per colour\n\
         #   worker     replaced with each release, takes no requests\n\
         #   singleton  never two alive, such as a cron beat\n\
         #   stateful   shared by all releases: database, cache, queue\n\
         #   tool       shared, not part of health: adminer, mailhog\nservices:\n",
    );
    let line = |guess: &Guess| match guess.port {
        Some(port) => format!("  {}: {{ role: {}, port: {port} }}", guess.name, guess.role),
        None => format!("  {}: {{ role: {} }}", guess.name, guess.role),
    };
    let widest = services
        .iter()
        .map(|guess| line(guess).len())
        .max()
        .unwrap_or_default();
    for guess in services {
        for note in &guess.notes {
            push_comment(text, "  ", note);
        }
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{:widest$}   # {}", line(guess), guess.why);
    }
    text.push('\n');
}

fn push_migrate(text: &mut String, found: &Found) {
    text.push_str("# Run once before a release starts, with its own code and environment.\n");
    match &found.migrate {
        Some(migrate) => {
            push_comment(text, "", &migrate.why);
            let _ = writeln!(
                text,
                "migrate:\n  service: {}\n  command: {}\n",
                migrate.service, migrate.command
            );
        }
        None => text.push_str(
            "# Nothing tells whether there is a database to migrate.\n\
             # migrate:\n#   service: web\n#   command: python manage.py migrate --noinput\n\n",
        ),
    }
}

fn push_environment(text: &mut String, environment: &Environment) {
    let Template {
        comment,
        body,
        port,
    } = template(environment.stage);
    let _ = writeln!(text, "  # {comment}\n  {}:\n    {body}", environment.stage);
    if let Some(why) = why(environment) {
        push_comment(text, "    ", &why);
    }
    let _ = writeln!(text, "    compose: {}", list(&environment.files.names));
    if !environment.env_files.is_empty() {
        let _ = writeln!(text, "    env_files: {}", list(&environment.env_files));
    }
    if !environment.required.is_empty() {
        text.push_str("    # Demanded by the Compose files, or empty in the files of variables:\n");
        let _ = writeln!(text, "    required: {}", list(&environment.required));
    }
    let _ = writeln!(
        text,
        "    route: {{ listen: {port} }}   # add `host: shop.example.org` to serve one host name"
    );
    match &environment.health {
        Health::Path(path, whence) => {
            let _ = writeln!(text, "    health: {{ path: {} }}   # {whence}", scalar(path));
        }
        Health::Compose => text.push_str(
            "    # The health check of the Compose file decides; `health: { path: /health/ }` asks by HTTP.\n",
        ),
        Health::Unknown => text.push_str(
            "    health: { path: / }   # a guess; asked of every instance, must answer 2xx\n",
        ),
    }
}

fn template(stage: Stage) -> Template {
    match stage {
        Stage::Development => Template {
            comment: "Feature branches, deployed with each push.",
            body: "branches: [\"feature/*\"]\n    strategy: recreate\n    bake: { duration: 5s, min_requests: 20 }",
            port: 8001,
        },
        Stage::Testing => Template {
            comment: "The main branch, deployed with each push.",
            body: "branches: [main]\n    strategy: rolling\n    bake: { duration: 10s, min_requests: 20 }",
            port: 8002,
        },
        Stage::Staging => Template {
            comment: "What was stable in testing, promoted by hand: `shipway promote staging`.",
            body: "from: testing\n    bake: { duration: 1m }",
            port: 8003,
        },
        Stage::Production => Template {
            comment: "What was stable in staging: `shipway promote production`, which wants its name typed.",
            body: "from: staging\n    bake: { duration: 5m, max_error_rate: 1%, max_latency_ratio: 1.3 }",
            port: 8000,
        },
    }
}

/// Why an environment has its files, where that is a guess.
fn why(environment: &Environment) -> Option<String> {
    let last = environment.files.names.last()?;
    match environment.files.why {
        Why::Overlay | Why::Base => None,
        Why::Alone => Some(format!(
            "`{last}` defines every service itself, so it stands alone."
        )),
        Why::Override => {
            Some("The override is for developers: Compose adds it by itself.".to_owned())
        }
        Why::Like(like) => Some(format!(
            "It has no Compose file of its own; these are those of {like}."
        )),
    }
}

/// A comment, broken into lines.
fn push_comment(text: &mut String, indent: &str, comment: &str) {
    let mut line = format!("{indent}#");
    for word in comment.split(' ') {
        if line.len() + 1 + word.len() > WIDTH {
            text.push_str(&line);
            text.push('\n');
            line = format!("{indent}#");
        }
        line.push(' ');
        line.push_str(word);
    }
    text.push_str(&line);
    text.push('\n');
}

fn list(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| scalar(name)).collect();
    format!("[{}]", names.join(", "))
}

/// A text as YAML reads it back, quoted where it must be.
fn scalar(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-/".contains(c);
    let is_word = text.starts_with(|c: char| c.is_ascii_alphabetic() || "./_".contains(c));
    if is_word && text.chars().all(is_plain) {
        text.to_owned()
    } else {
        format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
    }
}
