//! What ssh and the docker command over there complain of, and the way out. Pure.

use shipway_pipeline::host::SshHost;

/// Says in one line why the engine of a host cannot be reached, and what helps.
pub(super) fn explain(host: &SshHost, told: &str) -> String {
    let said = last_line(told);
    let reason = match way_out(host, told) {
        Some((what, way_out)) => format!("{what} ({said}); {way_out}"),
        None if said.is_empty() => "ssh ended without a word".to_owned(),
        None => said.to_owned(),
    };
    format!("cannot reach the Docker Engine at `ssh://{host}`: {reason}")
}

/// What it means, and what helps.
fn way_out(host: &SshHost, told: &str) -> Option<(&'static str, String)> {
    let has = |words: &[&str]| words.iter().any(|word| told.contains(word));
    let user = host.user.as_deref().unwrap_or("the user");
    Some(if has(&["REMOTE HOST IDENTIFICATION HAS CHANGED"]) {
        (
            "its host key is another one than before",
            "find out why before you remove the old one with `ssh-keygen -R`".to_owned(),
        )
    } else if has(&[
        "Host key verification failed",
        "No ED25519 host key is known",
    ]) {
        (
            "its host key is not known here",
            format!("`ssh {}` once shows it and asks", words(host)),
        )
    } else if has(&["Permission denied (", "Too many authentication failures"]) {
        (
            "it does not take the key",
            format!(
                "put a key of this machine into its `authorized_keys`, or into the agent; \
                     `ssh {}` must go through without a question",
                words(host)
            ),
        )
    } else if has(&["permission denied while trying to connect", "dial unix"])
        && has(&["permission denied"])
    {
        (
            "its engine does not let that user in",
            format!("add `{user}` to the group `docker` there, and log in anew"),
        )
    } else if has(&[
        "Cannot connect to the Docker daemon",
        "failed to connect to the docker API",
    ]) {
        (
            "its engine does not run",
            "start it there, such as with `systemctl start docker`".to_owned(),
        )
    } else if has(&[
        "docker: command not found",
        "docker: not found",
        "Unknown command: docker",
    ]) {
        (
            "there is no `docker` command there",
            "install Docker with its command line, in the PATH of a shell that is not \
                 interactive"
                .to_owned(),
        )
    } else if has(&["administratively prohibited", "forward request failed"]) {
        (
            "its ssh server does not forward sockets",
            "set `AllowStreamLocalForwarding yes` in its `sshd_config`".to_owned(),
        )
    } else if has(&["Could not resolve hostname"]) {
        (
            "nobody knows its name",
            "correct `host` in shipway.yml, or name it in `~/.ssh/config`".to_owned(),
        )
    } else if has(&[
        "Connection refused",
        "timed out",
        "No route to host",
        "Network is unreachable",
    ]) {
        (
            "it does not answer",
            "see whether it runs, and whether `host` in shipway.yml has the right port".to_owned(),
        )
    } else {
        return None;
    })
}

/// The words after `ssh` that go there.
fn words(host: &SshHost) -> String {
    let user = host.user.as_ref().map(|user| format!("{user}@"));
    let port = host.port.map(|port| format!("-p {port} "));
    format!(
        "{}{}{}",
        port.unwrap_or_default(),
        user.unwrap_or_default(),
        host.name
    )
}

fn last_line(told: &str) -> &str {
    let mut lines = told.lines().map(str::trim).rev();
    lines.find(|line| !line.is_empty()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host() -> SshHost {
        SshHost {
            user: Some("deploy".to_owned()),
            name: "shop.example.org".to_owned(),
            port: Some(2222),
        }
    }

    #[test]
    fn each_complaint_has_a_way_out() {
        for (told, expected) in [
            (
                "Host key verification failed.\r\n",
                "`ssh -p 2222 deploy@shop.example.org` once",
            ),
            (
                "deploy@shop: Permission denied (publickey).",
                "`authorized_keys`",
            ),
            (
                "permission denied while trying to connect to the Docker daemon socket at \
                 unix:///var/run/docker.sock",
                "add `deploy` to the group `docker`",
            ),
            ("sh: 1: docker: not found", "install Docker"),
            (
                "Cannot connect to the Docker daemon at unix:///var/run/docker.sock.",
                "systemctl start docker",
            ),
            (
                "ssh: connect to host 127.0.0.1 port 2222: Connection refused",
                "it does not answer",
            ),
            (
                "ssh: Could not resolve hostname shop.example.org: Name or service not known",
                "correct `host`",
            ),
        ] {
            let explained = explain(&host(), told);
            assert!(explained.contains(expected), "{explained}");
            assert!(explained.contains(last_line(told)), "{explained}");
        }
    }

    #[test]
    fn what_nobody_foresaw_is_told_as_it_is() {
        let explained = explain(&host(), "first\nkex_exchange_identification: banner\n\n");
        assert!(explained.ends_with("2222`: kex_exchange_identification: banner"));
    }
}
