//! Commands that are right for one instance on one's own machine.

use super::subject::{Subject, View};
use crate::diagnostic::{Code, Diagnostic};

/// How the usual tools migrate a database.
const MIGRATIONS: [&str; 7] = [
    "manage.py migrate",
    "django-admin migrate",
    "alembic upgrade",
    "flask db upgrade",
    "rails db:migrate",
    "prisma migrate deploy",
    "artisan migrate",
];

/// How the usual frameworks are run while they are worked on.
const SERVERS: [&str; 7] = [
    "manage.py runserver",
    "manage.py runserver_plus",
    "flask run",
    "flask --debug",
    "fastapi dev",
    "npm run dev",
    "artisan serve",
];

/// Every instance of both colours migrates the database when it starts.
pub(super) fn migrates(view: &View<'_>) -> Vec<Diagnostic> {
    let migrating = view
        .coloured()
        .filter_map(|subject| Some((subject, said(subject, &MIGRATIONS)?)));
    migrating
        .map(|(subject, command)| {
            let message = format!(
                "every instance of service `{}` runs `{command}` when it starts",
                subject.name()
            );
            let help = "move it to `migrate` of shipway.yml, which runs it once before anything \
                        starts";
            subject
                .found(Code::MigrateOnStart, key(subject), message)
                .with_help(help)
        })
        .collect()
}

/// A service runs a server that is meant for development.
pub(super) fn for_development(view: &View<'_>) -> Vec<Diagnostic> {
    let serving = view
        .subjects
        .iter()
        .filter_map(|subject| Some((subject, said(subject, &SERVERS)?)));
    serving
        .map(|(subject, command)| {
            let message = format!(
                "service `{}` runs the development server `{command}`",
                subject.name()
            );
            let help = "run a server made for production, such as gunicorn or uvicorn";
            subject
                .found(Code::DevelopmentServer, key(subject), message)
                .with_help(help)
        })
        .collect()
}

fn key(subject: &Subject<'_>) -> &'static str {
    if subject.service.command.is_some() {
        "command"
    } else {
        "entrypoint"
    }
}

/// Returns the first of these commands that a service runs.
fn said(subject: &Subject<'_>, known: &[&'static str]) -> Option<&'static str> {
    let service = subject.service;
    let words = service.entrypoint.iter().chain(&service.command).flatten();
    let line = words.map(String::as_str).collect::<Vec<_>>().join(" ");
    known
        .iter()
        .copied()
        .find(|command| has_words(&line, command))
}

/// Whether a line holds a command as whole words.
fn has_words(line: &str, command: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
    line.match_indices(command).any(|(start, _)| {
        let before = line[..start].chars().next_back();
        let after = line[start + command.len()..].chars().next();
        !before.is_some_and(is_part) && !after.is_some_and(is_part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::testing::messages;

    #[test]
    fn migrations_belong_to_no_instance() {
        let text = "
  web: {image: a, command: sh -c 'python manage.py migrate && gunicorn shop.wsgi'}
  worker: {image: a, entrypoint: [alembic, upgrade, head]}
  db: {image: b, command: python manage.py migrate}";
        assert_eq!(
            messages(migrates, text),
            [
                "every instance of service `web` runs `manage.py migrate` when it starts",
                "every instance of service `worker` runs `alembic upgrade` when it starts",
            ]
        );
        let text = "  web: {image: a, command: python manage.py migrate_tenants_later}";
        assert!(messages(migrates, text).is_empty());
    }

    #[test]
    fn development_servers_are_told() {
        let text = "
  web: {image: a, command: python ./manage.py runserver 0.0.0.0:8000}
  worker: {image: a, command: python manage.py runworker}";
        assert_eq!(
            messages(for_development, text),
            ["service `web` runs the development server `manage.py runserver`"]
        );
        let production = "  web: {image: a, command: gunicorn shop.wsgi}";
        assert!(messages(for_development, production).is_empty());
    }
}
