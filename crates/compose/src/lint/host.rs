//! Services that have the run of the host.

use super::subject::{Subject, View};
use crate::diagnostic::{Code, Diagnostic};
use crate::yaml::Node;

/// Where the engine listens; `/run` and `/var/run` are one folder.
const SOCKETS: [&str; 2] = ["/var/run/docker.sock", "/run/docker.sock"];

/// Keys that share one of the host's namespaces.
const NAMESPACES: [&str; 4] = ["network_mode", "pid", "ipc", "userns_mode"];

/// A service is privileged, or shares a namespace with the host.
pub(super) fn privileges(view: &View<'_>) -> Vec<Diagnostic> {
    let privileged = view.subjects.iter().filter_map(privileged);
    let shared = view.subjects.iter().flat_map(|subject| {
        let keys = NAMESPACES.iter();
        keys.filter_map(|key| namespace(subject, key))
    });
    privileged.chain(shared).collect()
}

/// A service can tell the engine what to do.
pub(super) fn socket(view: &View<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for subject in &view.subjects {
        let mounts = subject.service.mounts.iter();
        let sockets = mounts.filter(|mount| {
            let source = mount.source.as_deref().unwrap_or_default();
            SOCKETS.contains(&source)
        });
        for mount in sockets {
            let message = format!(
                "service `{}` can command the engine, which is root on the host",
                subject.name()
            );
            let help = "put a proxy before the socket that only lets harmless requests \
                        through; mounting it read-only changes nothing";
            let finding = Diagnostic::new(Code::DockerSocket, message);
            found.push(
                finding
                    .with_label(subject.mount_place(mount), "")
                    .with_help(help),
            );
        }
    }
    found
}

fn privileged(subject: &Subject<'_>) -> Option<Diagnostic> {
    let is_set = subject.node.get("privileged").and_then(Node::as_bool) == Some(true);
    is_set.then(|| {
        let message = format!("service `{}` is root on the host", subject.name());
        let help = "name the capabilities it needs below `cap_add`, and its `devices`";
        subject
            .found(Code::Privileged, "privileged", message)
            .with_help(help)
    })
}

fn namespace(subject: &Subject<'_>, key: &str) -> Option<Diagnostic> {
    if subject.node.get(key)?.as_str() != Some("host") {
        return None;
    }
    let message = format!("service `{}` shares `{key}` with the host", subject.name());
    let help = if key == "network_mode" {
        "attach it to a network and publish the ports it needs: on the host's network two \
         instances cannot listen at one port, and other services do not find it by name"
    } else {
        "remove it unless the service is to watch over the host"
    };
    Some(
        subject
            .found(Code::HostNamespace, key, message)
            .with_help(help),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::testing::messages;

    #[test]
    fn privileges_and_namespaces_are_told() {
        let text = "
  web: {image: a, privileged: true}
  worker: {image: a, network_mode: host, pid: host}
  db: {image: b, privileged: false, network_mode: none}";
        assert_eq!(
            messages(privileges, text),
            [
                "service `web` is root on the host",
                "service `worker` shares `network_mode` with the host",
                "service `worker` shares `pid` with the host",
            ]
        );
    }

    #[test]
    fn the_engines_socket_is_told_however_it_is_mounted() {
        let text = "
  web: {image: a, volumes: ['/var/run/docker.sock:/var/run/docker.sock:ro']}
  worker: {image: a, volumes: [{type: bind, source: /run/docker.sock, target: /s}]}
  db: {image: b, volumes: ['data:/var/run/docker.sock']}";
        assert_eq!(messages(socket, text).len(), 2);
    }
}
