//! Services that stay down once they fall.

use super::subject::{Subject, View};
use crate::diagnostic::{Code, Diagnostic};
use crate::model::{DependencyCondition, RestartCondition};

/// A service that is to run for ever is not started again.
pub(super) fn missing(view: &View<'_>) -> Vec<Diagnostic> {
    let falls = view.subjects.iter().filter(|one| {
        one.role.is_some()
            && one.service.restart.condition == RestartCondition::Never
            && !runs_to_its_end(view, one)
    });
    falls
        .map(|subject| {
            let name = subject.name();
            let message = format!("service `{name}` stays down when it ends or the machine restarts");
            subject
                .found(Code::NoRestart, "restart", message)
                .with_help("add `restart: unless-stopped`, or `deploy: { restart_policy: { condition: on-failure } }`")
        })
        .collect()
}

fn runs_to_its_end(view: &View<'_>, subject: &Subject<'_>) -> bool {
    view.subjects.iter().any(|other| {
        let dependency = other.service.depends_on.get(subject.name());
        dependency.is_some_and(|it| it.condition == DependencyCondition::Completed)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::testing::messages;

    #[test]
    fn what_runs_for_ever_needs_a_policy() {
        let text = "
  web: {image: a}
  db: {image: b, restart: 'no'}";
        assert_eq!(
            messages(missing, text),
            [
                "service `web` stays down when it ends or the machine restarts",
                "service `db` stays down when it ends or the machine restarts",
            ]
        );
    }

    #[test]
    fn policies_and_one_off_services_are_no_finding() {
        let text = "
  web: {image: a, restart: always, depends_on: {worker: {condition: service_completed_successfully}}}
  db: {image: b, deploy: {restart_policy: {condition: on-failure}}}
  worker: {image: a}
  unknown: {image: c}";
        assert!(messages(missing, text).is_empty());
    }
}
