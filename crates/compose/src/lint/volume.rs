//! Data that goes with its container.

use super::Role;
use super::subject::{Subject, View};
use crate::diagnostic::{Code, Diagnostic};
use crate::model::{Mount, MountKind};

/// Images that forget by design unless they are told to keep.
const CACHES: [&str; 5] = ["memcached", "redis", "valkey", "keydb", "dragonfly"];

/// A stateful service has no named volume and no folder of the host.
pub(super) fn missing(view: &View<'_>) -> Vec<Diagnostic> {
    let forgets = view
        .with_role(Role::Stateful)
        .filter(|one| !one.service.mounts.iter().any(is_kept) && !is_cache(one));
    forgets
        .map(|subject| {
            let message = format!(
                "service `{}` is stateful, but its data is gone with its container",
                subject.name()
            );
            let help = "mount a named volume where it keeps its data, such as \
                        `volumes: [data:/var/lib/postgresql/data]`";
            subject
                .found(Code::NoVolume, "volumes", message)
                .with_help(help)
        })
        .collect()
}

fn is_kept(mount: &Mount) -> bool {
    match mount.kind {
        // Configuration and seeds are mounted read-only.
        MountKind::Volume | MountKind::Bind => mount.source.is_some() && !mount.read_only,
        MountKind::Tmpfs => false,
    }
}

fn is_cache(subject: &Subject<'_>) -> bool {
    let image = subject.service.image.as_deref().unwrap_or_default();
    let repository = image.split([':', '@']).next().unwrap_or_default();
    let last = repository.rsplit('/').next().unwrap_or_default();
    let mut words = subject.service.command.iter().flatten();
    CACHES.contains(&last) && !words.any(|word| word.contains("appendonly"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::testing::messages;

    const FOUND: &str = "service `db` is stateful, but its data is gone with its container";

    #[test]
    fn a_database_needs_a_volume_with_a_name() {
        for mounts in [
            "",
            "volumes: [/var/lib/postgresql/data]",
            "volumes: ['./init.sql:/docker-entrypoint-initdb.d/init.sql:ro']",
            "tmpfs: [/var/lib/postgresql/data]",
        ] {
            let text = format!("  db: {{image: 'postgres:17', {mounts}}}");
            assert_eq!(messages(missing, &text), [FOUND], "{mounts}");
        }
        for mounts in ["data:/x", "./data:/x"] {
            let text = format!("  db: {{image: 'postgres:17', volumes: ['{mounts}']}}");
            assert!(messages(missing, &text).is_empty(), "{mounts}");
        }
    }

    #[test]
    fn a_cache_may_forget_unless_it_is_told_to_keep() {
        let cache = "  db: {image: 'redis:7'}";
        assert!(messages(missing, cache).is_empty());
        let kept = "  db: {image: 'redis:7', command: redis-server --appendonly yes}";
        assert_eq!(messages(missing, kept), [FOUND]);
    }

    #[test]
    fn other_roles_may_forget() {
        assert!(messages(missing, "  web: {image: a}").is_empty());
    }
}
