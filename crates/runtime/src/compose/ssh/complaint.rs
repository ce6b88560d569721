//! What ssh and the docker command over there complain of, and the way out. Pure.

use shipway_pipeline::host::SshHost;

/// What is told, what it means, and what helps; `{ssh}` stands for the words that go there, `{user}`
/// for whom.
struct Complaint {
    /// One of them is in what was told.
    told: &'static [&'static str],
    means: &'static str,
    helps: &'static str,
}

/// The first that fits counts.
const COMPLAINTS: &[Complaint] = &[
    Complaint {
        told: &["REMOTE HOST IDENTIFICATION HAS CHANGED"],
        means: "its host key is another one than before",
        helps: "find out why before you remove the old one with `ssh-keygen -R`",
    },
    Complaint {
        told: &["Host key verification failed"],
        means: "its host key is not known here",
        helps: "`ssh {ssh}` once shows it and asks",
    },
    Complaint {
        told: &["Permission denied (", "Too many authentication failures"],
        means: "it does not take the key",
        helps: "put a key of this machine into its `authorized_keys`, or into the agent; `ssh \
                {ssh}` must go through without a question",
    },
    Complaint {
        told: &["permission denied while trying to connect"],
        means: "its engine does not let that user in",
        helps: "add {user} to the group `docker` there, and log in anew",
    },
    Complaint {
        told: &[
            "Cannot connect to the Docker daemon",
            "failed to connect to the docker API",
        ],
        means: "its engine does not run",
        helps: "start it there, such as with `systemctl start docker`",
    },
    Complaint {
        told: &[
            "docker: command not found",
            "docker: not found",
            "Unknown command: docker",
        ],
        means: "there is no `docker` command there",
        helps: "install Docker with its command line, in the PATH of a shell that is not \
                interactive",
    },
    Complaint {
        told: &["administratively prohibited", "forward request failed"],
        means: "its ssh server does not forward sockets",
        helps: "set `AllowStreamLocalForwarding yes` in its `sshd_config`",
    },
    Complaint {
        told: &["Could not resolve hostname"],
        means: "nobody knows its name",
        helps: "correct `host` in shipway.yml, or name it in `~/.ssh/config`",
    },
    Complaint {
        told: &[
            "Connection refused",
            "timed out",
            "No route to host",
            "Network is unreachable",
        ],
        means: "it does not answer",
        helps: "see whether it runs, and whether `host` in shipway.yml has the right port",
    },
];

/// Says in one line why the engine of a host cannot be reached, and what helps.
pub(super) fn explain(host: &SshHost, told: &str) -> String {
    let said = last_line(told);
    let mut complaints = COMPLAINTS.iter();
    let known = complaints.find(|one| one.told.iter().any(|word| told.contains(word)));
    let reason = match known {
        Some(known) => {
            let user = host.user.as_ref().map(|user| format!("`{user}`"));
            let helps = known
                .helps
                .replace("{ssh}", &words(host))
                .replace("{user}", user.as_deref().unwrap_or("the user"));
            format!("{} ({said}); {helps}", known.means)
        }
        None if said.is_empty() => "ssh ended without a word".to_owned(),
        None => said.to_owned(),
    };
    format!("cannot reach the Docker Engine at `ssh://{host}`: {reason}")
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
