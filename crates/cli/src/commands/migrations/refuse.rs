//! Migrations that stop a deployment, told as `migrations check` tells them.

use shipway_engine::migrations::{Examined, MigrateError, Why};

use super::output::human;
use crate::error::{CliError, Kind};

/// Why something does not wait that could.
const WHOLE: &str = "what is dropped could wait until the old release is gone, if that were one of Shipway's and the \
                     command of `migrate` were `manage.py migrate` with options and nothing else: then it is told how \
                     far to go";

/// Adds what was found and the way out to an error.
pub(crate) fn refused(error: CliError, examined: &Examined) -> CliError {
    let (schedule, files) = (&examined.schedule, &examined.files);
    let findings = schedule.report.findings.iter();
    let findings = findings.filter(|finding| schedule.refuses(finding));
    let mut text: Vec<String> = findings.map(|one| human::render(one, files)).collect();
    text.extend(examined.outlook.conflicts.iter().map(conflict));
    let mut findings = schedule.report.findings.iter();
    if findings.any(|finding| schedule.refuses(finding) && finding.can_wait) {
        text.push(WHOLE.to_owned());
    }
    let environment = &examined.environment;
    error.with_text(text.join("\n\n")).hint(match examined.why {
        Why::Run => format!(
            "mend the migrations as shown and commit; what somebody has looked at is waived in the file by \
             `shipway: allow RULE -- reason`; `shipway migrations check {environment}` checks without a deployment"
        ),
        Why::Return => format!(
            "`shipway migrations rollback {environment} --to RELEASE` takes migrations back, where they have a reverse"
        ),
    })
}

fn conflict(conflict: &shipway_pipeline::migration::Conflict) -> String {
    let (needed, waits) = (&conflict.needed, &conflict.waits);
    if needed == waits {
        return format!(
            "`{needed}` adds what the new release needs, and takes away what the live one needs: split it into two \
             migrations, and deploy the second one later or after the first"
        );
    }
    format!(
        "`{needed}` adds what the new release needs and has to run before it starts, but comes after `{waits}`, \
         which takes away what the live release needs: let `{needed}` come first, or deploy `{waits}` later"
    )
}

impl From<MigrateError> for CliError {
    fn from(error: MigrateError) -> Self {
        let told = |kind| Self::of(kind, &error);
        match error {
            MigrateError::Deploy(error) => error.into(),
            MigrateError::Git(error) => error.into(),
            MigrateError::NothingLive(ref environment) => {
                told(Kind::NotAllowed).hint(format!("`shipway deploy {environment}` first"))
            }
            MigrateError::NoCommand => told(Kind::Config).hint(
                "write `migrate: { service: web, command: python manage.py migrate }` in shipway.yml",
            ),
            MigrateError::Whole(_) => told(Kind::Config)
                .hint("write it as `manage.py migrate` with options and nothing else"),
            MigrateError::NoState { ref environment, .. } => told(Kind::NotAllowed).hint(format!(
                "`shipway history {environment}` shows releases; only those that were deployed with the database \
                 known have a record"
            )),
            MigrateError::NoRelease { .. } => {
                told(Kind::Failed).hint("deploy a release that has it; it can take the migration back")
            }
            MigrateError::Irreversible(_) => told(Kind::Refused).hint(
                "write a migration that does the reverse, or restore a backup",
            ),
            MigrateError::Needed { ref environment, .. } => told(Kind::Refused).hint(format!(
                "`shipway rollback {environment}` first: the release of before does without"
            )),
            MigrateError::Beside { ref environment, .. } => told(Kind::Refused).hint(format!(
                "`shipway status {environment}` shows it; the next deployment clears what was left"
            )),
            MigrateError::Database(_) => told(Kind::Failed)
                .hint("`database` in shipway.yml says where the environment's database is"),
        }
    }
}
