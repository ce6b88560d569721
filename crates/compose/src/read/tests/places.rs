//! Ports and mounts: where a service meets its host.

use super::*;

#[test]
fn ports_have_many_forms() {
    let ports = |form: &str| -> Vec<_> {
        service(&format!("ports: [{form}]"))
            .ports
            .into_iter()
            .map(|p| {
                (
                    p.target,
                    p.published.unwrap_or_default(),
                    p.host_ip.unwrap_or_default(),
                    p.protocol,
                )
            })
            .collect()
    };
    let port = |target, published: &str, ip: &str, protocol: &str| {
        (
            target,
            published.to_owned(),
            ip.to_owned(),
            protocol.to_owned(),
        )
    };
    assert_eq!(ports("80"), [port(80, "", "", "tcp")]);
    assert_eq!(ports("'8080:80/udp'"), [port(80, "8080", "", "udp")]);
    assert_eq!(
        ports("'127.0.0.1:8080:80'"),
        [port(80, "8080", "127.0.0.1", "tcp")]
    );
    assert_eq!(ports("'[::1]:8080:80'"), [port(80, "8080", "::1", "tcp")]);
    assert_eq!(
        ports("'80-81'"),
        [port(80, "", "", "tcp"), port(81, "", "", "tcp")]
    );
    assert_eq!(
        ports("'90-91:80-81'"),
        [port(80, "90", "", "tcp"), port(81, "91", "", "tcp")]
    );
    assert_eq!(ports("'90-99:80'"), [port(80, "90-99", "", "tcp")]);
    assert_eq!(
        ports("{target: 80, published: '90-99', host_ip: 0.0.0.0, protocol: udp, mode: host}"),
        [port(80, "90-99", "0.0.0.0", "udp")]
    );
    assert_eq!(
        ports("{target: 80, published: 90}"),
        [port(80, "90", "", "tcp")]
    );
}

#[test]
fn wrong_ports_are_refused() {
    assert_eq!(
        errors("ports: ['http']"),
        ["`services.web.ports[0]`: `http` is no port"]
    );
    assert_eq!(
        errors("ports: ['nowhere:80:80']"),
        ["`services.web.ports[0]`: `nowhere:80:80` is no port"]
    );
    assert_eq!(
        errors("ports: [99999]"),
        ["`services.web.ports[0]`: `99999` is no port"]
    );
    assert!(errors("ports: ['1-3:1-2']")[0].contains("differ in length"));
    assert!(errors("ports: [{published: 80}]")[0].contains("has no `target`"));
    assert!(errors("ports: [{target: 80, published: x}]")[0].contains("a port or a range"));
    assert!(errors("ports: [{target: -1}]")[0].contains("whole number"));
    assert_eq!(
        errors("ports: '80:80'"),
        ["`services.web.ports` must be a list, not a string"]
    );
}

#[test]
fn mounts_have_a_short_and_a_long_form() {
    let mount = |form: &str| {
        let mount = service(&format!("volumes: [{form}]")).mounts.remove(0);
        (
            mount.kind,
            mount.source.unwrap_or_default(),
            mount.target,
            mount.read_only,
        )
    };
    let expected = |kind, source: &str, target: &str, read_only| {
        (kind, source.to_owned(), target.to_owned(), read_only)
    };
    assert_eq!(
        mount("'data:/x'"),
        expected(MountKind::Volume, "data", "/x", false)
    );
    assert_eq!(
        mount("'./data:/x:ro'"),
        expected(MountKind::Bind, "./data", "/x", true)
    );
    assert_eq!(
        mount("'~/data:/x:z,ro'"),
        expected(MountKind::Bind, "./~/data", "/x", true)
    );
    assert_eq!(mount("/x"), expected(MountKind::Volume, "", "/x", false));
    assert_eq!(
        mount("{type: bind, source: /a, target: /x, read_only: \"${TRUE}\"}"),
        expected(MountKind::Bind, "/a", "/x", true)
    );
    assert_eq!(
        mount("{type: tmpfs, target: /x}"),
        expected(MountKind::Tmpfs, "", "/x", false)
    );
    let tmpfs = service("tmpfs: '/run:size=1m'").mounts;
    assert_eq!(
        (tmpfs[0].kind, tmpfs[0].target.as_str()),
        (MountKind::Tmpfs, "/run")
    );
}

#[test]
fn wrong_mounts_are_refused() {
    assert!(errors("volumes: ['aa:bb:cc:dd']")[0].contains("is no mount"));
    assert!(errors("volumes: [{target: /x}]")[0].contains("has no `type`"));
    assert!(errors("volumes: [{type: volume, source: data}]")[0].contains("has no `target`"));
    assert!(errors("volumes: [{type: bind, target: /x}]")[0].contains("has no `source`"));
    assert_eq!(
        errors("volumes: [{type: volum, target: /x}]"),
        ["`volum` is no type of mount"]
    );
    let text = "services: {web: {image: x, volumes: [{type: npipe, source: a, target: b}]}}";
    assert!(warnings(text)[0].0.contains("left to the engine"));
}
