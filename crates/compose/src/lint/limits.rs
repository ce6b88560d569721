//! Services that may take all of the machine's memory.

use super::subject::{Subject, View};
use crate::diagnostic::{Code, Diagnostic};

/// A service has no limit of memory.
///
/// A missing limit of cpu alone is no finding: the kernel shares cpu fairly,
/// and gives memory to whoever asks until it has to kill somebody.
pub(super) fn missing(view: &View<'_>) -> Vec<Diagnostic> {
    let unlimited = view.subjects.iter().filter(|one| {
        !has(one, "memory") && one.node.get("mem_limit").is_none() && one.service.replicas > 0
    });
    unlimited
        .map(|subject| {
            let has_cpu = has(subject, "cpus") || subject.node.get("cpus").is_some();
            let (what, example) = if has_cpu {
                ("limit of memory", "{ memory: 512M }")
            } else {
                ("limit of memory or cpu", "{ memory: 512M, cpus: \"1.0\" }")
            };
            let message = format!("service `{}` has no {what}", subject.name());
            let help = format!("add `deploy: {{ resources: {{ limits: {example} }} }}`");
            subject
                .found(Code::MissingLimits, "deploy", message)
                .with_help(help)
        })
        .collect()
}

fn has(subject: &Subject<'_>, resource: &str) -> bool {
    let limits = ["deploy", "resources", "limits", resource];
    subject.node.at(&limits).is_some_and(|node| !node.is_null())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::testing::messages;

    #[test]
    fn either_way_to_limit_memory_is_enough() {
        let text = "
  web: {image: a, deploy: {resources: {limits: {memory: 1G}}}}
  worker: {image: a, mem_limit: 512m}
  off: {image: a, deploy: {replicas: 0}}";
        assert!(messages(missing, text).is_empty());
    }

    #[test]
    fn the_message_names_what_is_missing() {
        let text = "
  web: {image: a, deploy: {resources: {reservations: {memory: 1G}}}}
  worker: {image: a, cpus: 2}";
        assert_eq!(
            messages(missing, text),
            [
                "service `web` has no limit of memory or cpu",
                "service `worker` has no limit of memory",
            ]
        );
    }
}
