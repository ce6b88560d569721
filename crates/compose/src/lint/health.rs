//! Services that others wait for, and how they wait.

use super::Role;
use super::subject::{Subject, View};
use crate::diagnostic::{Code, Diagnostic};
use crate::model::{Dependency, DependencyCondition};
use crate::yaml::Node;

/// Somebody waits for a service that never says when it is ready.
pub(super) fn missing(view: &View<'_>) -> Vec<Diagnostic> {
    let without = view
        .subjects
        .iter()
        .filter(|one| one.service.healthcheck.is_none() && !is_disabled(one));
    without
        .filter_map(|subject| {
            let message = routed(view, subject).or_else(|| waited_for(view, subject))?;
            let help = if subject.role == Some(Role::Routed) {
                "give it a `healthcheck`, or a `health.path` in shipway.yml"
            } else {
                "give it a `healthcheck` with a `test` that succeeds once it can be used"
            };
            let key = "healthcheck";
            Some(
                subject
                    .found(Code::NoHealthCheck, key, message)
                    .with_help(help),
            )
        })
        .collect()
}

/// A service waits for another's start, which says nothing, though it could wait for its health.
pub(super) fn weak_dependency(view: &View<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for subject in &view.subjects {
        for (name, dependency) in &subject.service.depends_on {
            let target = view.loaded.project.services.get(name);
            let is_checked = target.is_some_and(|target| target.healthcheck.is_some());
            if is_checked && dependency.condition == DependencyCondition::Started {
                found.extend(unsaid_condition(subject, name));
            }
        }
    }
    found
}

fn routed(view: &View<'_>, subject: &Subject<'_>) -> Option<String> {
    let is_asked = subject.role == Some(Role::Routed) && !view.context.is_probed;
    is_asked.then(|| {
        let name = subject.name();
        format!("nothing tells when service `{name}` can take requests")
    })
}

fn waited_for(view: &View<'_>, subject: &Subject<'_>) -> Option<String> {
    let name = subject.name();
    let on = |one: &&Subject<'_>, condition| {
        let dependency = one.service.depends_on.get(name);
        dependency.is_some_and(|it: &Dependency| it.condition == condition)
    };
    let waits = |condition| view.subjects.iter().find(|one| on(one, condition));
    if let Some(waiting) = waits(DependencyCondition::Healthy) {
        let waiting = waiting.name();
        return Some(format!(
            "`{waiting}` waits until `{name}` is healthy, but `{name}` has no health check"
        ));
    }
    let waiting = waits(DependencyCondition::Started)?.name();
    Some(format!(
        "`{waiting}` needs `{name}`, but nothing tells when `{name}` is ready"
    ))
}

fn is_disabled(subject: &Subject<'_>) -> bool {
    let Some(check) = subject.node.get("healthcheck") else {
        return false;
    };
    let is_none = |test: &Node| {
        let first = test.as_sequence().and_then(<[Node]>::first).unwrap_or(test);
        first.as_str() == Some("NONE")
    };
    check.get("disable").and_then(Node::as_bool) == Some(true)
        || check.get("test").is_some_and(is_none)
}

/// The short form only: who writes `condition: service_started` means it.
fn unsaid_condition(subject: &Subject<'_>, name: &str) -> Option<Diagnostic> {
    let entry = subject.entry("depends_on")?.node.as_map()?.entry(name)?;
    let condition = entry.node.get("condition")?;
    if condition.span != entry.key_span {
        return None;
    }
    let message = format!(
        "`{}` starts as soon as `{name}` runs, not when `{name}` is healthy",
        subject.name()
    );
    let help = format!("write `{name}: {{ condition: service_healthy }}` below `depends_on`");
    Some(
        Diagnostic::new(Code::WeakDependency, message)
            .with_label(entry.key_span, "")
            .with_help(help),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::testing::{context, messages, messages_in};

    #[test]
    fn who_is_waited_for_needs_a_check() {
        let text = "
  web: {image: a, depends_on: [db], healthcheck: {test: x}}
  worker: {image: a, depends_on: {cache: {condition: service_healthy}}}
  db: {image: b}
  cache: {image: c}
  other: {image: d}";
        assert_eq!(
            messages(missing, text),
            [
                "`web` needs `db`, but nothing tells when `db` is ready",
                "`worker` waits until `cache` is healthy, but `cache` has no health check",
            ]
        );
    }

    #[test]
    fn a_probe_or_a_check_is_enough_for_the_routed_service() {
        let text = "  web: {image: a}";
        assert!(messages(missing, text).is_empty());
        let mut context = context();
        context.is_probed = false;
        assert_eq!(
            messages_in(&context, missing, text),
            ["nothing tells when service `web` can take requests"]
        );
        let checked = "  web: {image: a, healthcheck: {test: x}}";
        assert!(messages_in(&context, missing, checked).is_empty());
    }

    #[test]
    fn what_is_switched_off_or_only_runs_to_its_end_is_no_finding() {
        let text = "
  web: {image: a, depends_on: {db: {condition: service_started}, task: {condition: service_completed_successfully}}}
  db: {image: b, healthcheck: {disable: true}}
  task: {image: c}";
        assert!(messages(missing, text).is_empty());
    }

    #[test]
    fn a_short_dependency_on_a_checked_service_is_weak() {
        let text = "
  web: {image: a, depends_on: [db, plain]}
  db: {image: b, healthcheck: {test: x}}
  plain: {image: b}";
        assert_eq!(
            messages(weak_dependency, text),
            ["`web` starts as soon as `db` runs, not when `db` is healthy"]
        );
    }

    #[test]
    fn a_condition_that_is_written_is_meant() {
        for condition in ["service_started", "service_healthy"] {
            let text = format!(
                "
  web: {{image: a, depends_on: {{db: {{condition: {condition}}}}}}}
  db: {{image: b, healthcheck: {{test: x}}}}"
            );
            assert!(messages(weak_dependency, &text).is_empty(), "{condition}");
        }
    }
}
