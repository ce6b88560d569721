//! Host ports that several want, or that everybody can reach.

use std::collections::HashMap;

use super::Role;
use super::subject::{Subject, View};
use crate::diagnostic::{Code, Diagnostic};
use crate::model::Port;
use crate::short::port::parse_range;

/// Several instances of a service would publish the same host port.
pub(super) fn contested(view: &View<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for subject in &view.subjects {
        for port in published(view, subject) {
            let Some(why) = contest(subject, port) else {
                continue;
            };
            let written = port.published.as_deref().unwrap_or_default();
            let message = format!(
                "service `{}` publishes port {written} of the host but {why}, and only one \
                 instance can have it",
                subject.name()
            );
            let help = "remove it, as other services reach the service without; what people \
                        shall reach goes through the routed service";
            found.push(
                Diagnostic::new(Code::PortContested, message)
                    .with_label(subject.port_place(port), "")
                    .with_help(help),
            );
        }
    }
    found
}

/// Two services publish the same host port, or one that requests come in at.
pub(super) fn taken(view: &View<'_>) -> Vec<Diagnostic> {
    let mut owners: HashMap<(u16, &str), Vec<(&Subject<'_>, &Port)>> = HashMap::new();
    let mut found = Vec::new();
    for subject in &view.subjects {
        for port in published(view, subject) {
            let Some(number) = fixed(port) else { continue };
            let is_listened = view.context.listen == Some(number) && port.protocol == "tcp";
            if is_listened {
                found.push(listened(subject, port));
            }
            let earlier = owners.entry((number, &port.protocol)).or_default();
            let other = earlier.iter().find(|(_, other)| meet(other, port));
            if let Some((owner, first)) = other {
                found.push(twice(subject, port, owner, first));
            }
            earlier.push((subject, port));
        }
    }
    found
}

/// Data can be reached from every network of the host.
pub(super) fn public_data(view: &View<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for subject in view.with_role(Role::Stateful) {
        let ports = subject.service.ports.iter();
        for port in ports.filter(|port| port.published.is_some() && is_anywhere(port)) {
            let written = port.published.as_deref().unwrap_or_default();
            let message = format!(
                "service `{}` can be reached at port {written} from everywhere, whatever the \
                 host's firewall says",
                subject.name()
            );
            let help = format!(
                "remove the port, as other services need none, or publish `127.0.0.1:{written}:{}`",
                port.target
            );
            found.push(
                Diagnostic::new(Code::PublicData, message)
                    .with_label(subject.port_place(port), "")
                    .with_help(help),
            );
        }
    }
    found
}

/// Ports that instances publish: the routed one is the proxy's.
fn published<'a>(view: &View<'_>, subject: &Subject<'a>) -> impl Iterator<Item = &'a Port> {
    let routed = view.context.routed_port;
    let is_routed = subject.role == Some(Role::Routed);
    let ports = subject.service.ports.iter();
    ports.filter(move |port| {
        let is_proxied = is_routed && routed.is_none_or(|routed| routed == port.target);
        port.published.is_some() && !is_proxied
    })
}

/// Why a service runs more instances than a port has host ports.
fn contest(subject: &Subject<'_>, port: &Port) -> Option<String> {
    let range = parse_range(port.published.as_deref()?)?;
    let replicas = usize::try_from(subject.service.replicas).unwrap_or(usize::MAX);
    // During a switch the instances of both colours run.
    let instances = if subject.is_coloured() {
        replicas.saturating_mul(2)
    } else {
        replicas
    };
    if instances <= range.len() {
        return None;
    }
    Some(if subject.is_coloured() {
        "runs in two colours during a switch".to_owned()
    } else {
        format!("has {replicas} replicas")
    })
}

fn fixed(port: &Port) -> Option<u16> {
    let range = parse_range(port.published.as_deref()?)?;
    // Of a range the engine takes one that is free, and 0 is any.
    (range.start() == range.end() && *range.start() != 0).then_some(*range.start())
}

fn is_anywhere(port: &Port) -> bool {
    matches!(port.host_ip.as_deref(), None | Some("" | "0.0.0.0" | "::"))
}

fn meet(one: &Port, other: &Port) -> bool {
    is_anywhere(one) || is_anywhere(other) || one.host_ip == other.host_ip
}

fn listened(subject: &Subject<'_>, port: &Port) -> Diagnostic {
    let written = port.published.as_deref().unwrap_or_default();
    let message = format!(
        "service `{}` publishes port {written}, at which the environment's requests come in",
        subject.name()
    );
    Diagnostic::new(Code::PortTaken, message)
        .with_label(subject.port_place(port), "")
        .with_help("choose another port here, or for `route.listen` in shipway.yml")
}

fn twice(subject: &Subject<'_>, port: &Port, owner: &Subject<'_>, first: &Port) -> Diagnostic {
    let written = port.published.as_deref().unwrap_or_default();
    let message = if subject.name() == owner.name() {
        format!(
            "service `{}` publishes port {written} twice",
            subject.name()
        )
    } else {
        let (one, other) = (owner.name(), subject.name());
        format!("services `{one}` and `{other}` both publish port {written} of the host")
    };
    Diagnostic::new(Code::PortTaken, message)
        .with_label(subject.port_place(port), "again here")
        .with_label(owner.port_place(first), "first here")
        .with_help("choose another host port for one of them")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::testing::messages;

    #[test]
    fn instances_fight_over_a_fixed_port() {
        let text = "
  worker: {image: a, ports: ['5555:5555']}
  adminer: {image: b, ports: ['8080:8080'], deploy: {replicas: 2}}";
        assert_eq!(
            messages(contested, text),
            [
                "service `worker` publishes port 5555 of the host but runs in two colours during a switch, and only one instance can have it",
                "service `adminer` publishes port 8080 of the host but has 2 replicas, and only one instance can have it",
            ]
        );
    }

    #[test]
    fn the_routed_port_a_free_port_or_enough_ports_are_no_contest() {
        let text = "
  web: {image: a, ports: ['80:8000'], deploy: {replicas: 3}}
  worker: {image: a, ports: ['5555', '6000-6001:6000']}
  adminer: {image: b, ports: ['8080:8080']}";
        assert!(messages(contested, text).is_empty());
        let metrics = "  web: {image: a, ports: ['9090:9090']}";
        assert_eq!(messages(contested, metrics).len(), 1);
    }

    #[test]
    fn one_host_port_goes_to_one_service() {
        let text = "
  db: {image: b, ports: ['8080:5432']}
  adminer: {image: c, ports: ['127.0.0.1:8080:8080', '80:81']}";
        assert_eq!(
            messages(taken, text),
            [
                "services `db` and `adminer` both publish port 8080 of the host",
                "service `adminer` publishes port 80, at which the environment's requests come in",
            ]
        );
    }

    #[test]
    fn other_addresses_protocols_and_choices_do_not_meet() {
        let text = "
  db: {image: b, ports: ['127.0.0.1:8080:1', '53:53/udp', '90-91:3']}
  adminer: {image: c, ports: ['127.0.0.2:8080:1', '53:53/tcp', '90-91:3']}
  web: {image: a, ports: ['80:8000']}";
        assert!(messages(taken, text).is_empty());
    }

    #[test]
    fn data_is_published_to_the_host_alone() {
        let text = "
  db: {image: b, ports: ['5432:5432', '127.0.0.1:5433:5432', '5434']}
  adminer: {image: c, ports: ['8080:8080']}";
        assert_eq!(
            messages(public_data, text),
            [
                "service `db` can be reached at port 5432 from everywhere, whatever the host's firewall says"
            ]
        );
    }
}
