//! Development: the source mounted into the container, mail caught, a page for the database.

use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::project::Project;
use super::staging::{check_health, order};
use super::{Setting, until};

/// Behind the worker's confirmation.
const MAILING: Duration = Duration::from_secs(30);

const PUBLISHING: [&str; 4] = ["web", "db", "adminer", "mailhog"];

pub(super) fn run(setting: &Setting<'_>) -> Result<()> {
    let project = Project::begin(setting, "development", &[], &PUBLISHING)?;
    project.build(&[])?;
    project.up(&["db", "memcached", "rabbitmq", "adminer", "mailhog"])?;
    project.task("web", &["python", "manage.py", "migrate", "--noinput"])?;
    project.task("web", &["python", "manage.py", "seed"])?;
    project.up(&[])?;

    let one = |service, port| {
        let servers = project.servers(service, port, "localhost")?;
        servers
            .first()
            .copied()
            .with_context(|| format!("no `{service}` runs"))
    };
    let (web, adminer, mailhog) = (
        one("web", 8000)?,
        one("adminer", 8080)?,
        one("mailhog", 8025)?,
    );
    check_health(&web)?;
    let number = order(&web)?;
    until::holds(MAILING, || {
        let mails = mailhog.get("/api/v2/messages")?.json(200)?;
        let subject = &mails["items"][0]["Content"]["Headers"]["Subject"][0];
        ensure!(
            subject
                .as_str()
                .is_some_and(|subject| subject.contains(&number)),
            "{mails}"
        );
        Ok(())
    })?;
    let page = adminer.get("/")?;
    ensure!(
        page.status == 200 && page.body.contains("Adminer"),
        "{page:?}"
    );
    project.remove()
}
