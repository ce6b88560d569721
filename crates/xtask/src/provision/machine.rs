//! What of the machine's configuration holds in the images that are built here, too: whom to
//! trust, and how packages are fetched.

use std::fs;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use super::bounded;

/// Python's start and a few files.
const ASKING: Duration = Duration::from_secs(20);

const CERTIFICATES: &str = "/etc/ssl/certs/ca-certificates.crt";

/// Options of apt that tell how to fetch. All others are about this machine.
const APT_OPTIONS: &[&str] = &[
    "Acquire::http::",
    "Acquire::https::",
    "Acquire::Check-Date",
    "Acquire::Check-Valid-Until",
    "Acquire::ForceIPv4",
    "Acquire::Retries",
];

/// Options of pip that tell where to fetch from. Paths of this machine mean nothing in an image.
const PIP_OPTIONS: &[&str] = &[
    "default-timeout",
    "extra-index-url",
    "index-url",
    "proxy",
    "retries",
    "timeout",
    "trusted-host",
];

/// The machine's configuration, as files of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Configuration {
    /// Certificates, each whole.
    pub(super) certificates: Vec<String>,
    /// For `/etc/apt/apt.conf.d`.
    pub(super) apt: String,
    /// For `/etc/pip.conf`.
    pub(super) pip: String,
}

// === impl Configuration ===

impl Configuration {
    pub(super) fn of_this_machine() -> Result<Self> {
        let bundle = fs::read_to_string(CERTIFICATES).unwrap_or_default();
        let mut apt = Command::new("apt-config");
        let apt = bounded::capture(apt.arg("dump"), ASKING).context("cannot ask apt")?;
        let mut pip = Command::new("python3");
        pip.args(["-m", "pip", "config", "list"]);
        // Without pip there is nothing to take over.
        let pip = bounded::capture(&mut pip, ASKING).unwrap_or_default();
        Ok(Self {
            certificates: certificates(&bundle).map(str::to_owned).collect(),
            apt: apt_options(&apt),
            pip: pip_options(&pip),
        })
    }
}

/// The certificates of a bundle.
pub(super) fn certificates(bundle: &str) -> impl Iterator<Item = &str> {
    const END: &str = "-----END CERTIFICATE-----";
    bundle.split_inclusive(END).filter_map(|text| {
        let begin = text.find("-----BEGIN CERTIFICATE-----")?;
        text.ends_with(END).then(|| &text[begin..])
    })
}

fn apt_options(dump: &str) -> String {
    dump.lines()
        .filter(|line| APT_OPTIONS.iter().any(|option| line.starts_with(option)))
        .map(|line| format!("{line}\n"))
        .collect()
}

/// Reads `section.option='value'`, where the variables' section wins.
fn pip_options(list: &str) -> String {
    let value = |section: &str, wanted: &str| {
        list.lines().find_map(|line| {
            let (name, value) = line.strip_prefix(section)?.split_once('=')?;
            (name.strip_prefix('.')? == wanted).then(|| value.trim_matches(['\'', '"']).to_owned())
        })
    };
    let lines: String = PIP_OPTIONS
        .iter()
        .filter_map(|option| {
            let found = [":env:", "install", "global"]
                .iter()
                .find_map(|section| value(section, option))?;
            // Several values are one on each line.
            Some(format!("{option} = {}\n", found.replace("\\n", "\n    ")))
        })
        .collect();
    if lines.is_empty() {
        return String::new();
    }
    format!("[global]\n{lines}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bundle_is_taken_apart_into_whole_certificates() {
        let one = "-----BEGIN CERTIFICATE-----\nAA\n-----END CERTIFICATE-----";
        let two = one.replace("AA", "BB");
        let bundle = format!("# ours\n{one}\n\n{two}\n-----BEGIN CERTIFICATE-----\ncut");
        assert_eq!(certificates(&bundle).collect::<Vec<_>>(), [one, &two]);
    }

    #[test]
    fn apt_keeps_how_to_fetch_and_nothing_else() {
        let dump = "APT::Architecture \"amd64\";\nAcquire::http::Proxy \"http://proxy.example\";\n\
                    Acquire::Languages:: \"none\";\nDir \"/\";\nAcquire::Check-Date \"false\";\n";
        assert_eq!(
            apt_options(dump),
            "Acquire::http::Proxy \"http://proxy.example\";\nAcquire::Check-Date \"false\";\n"
        );
    }

    #[test]
    fn pip_keeps_where_to_fetch_from_and_variables_win() {
        let list = ":env:.index-url='https://two.example/simple'\n\
                    :env:.find-links='/opt/wheels'\n\
                    global.cert='/etc/ssl/certs/ca-certificates.crt'\n\
                    global.index-url='https://one.example/simple'\n\
                    global.timeout='180'\n";
        assert_eq!(
            pip_options(list),
            "[global]\nindex-url = https://two.example/simple\ntimeout = 180\n"
        );
        assert_eq!(pip_options("global.cert='/x'\n"), "");
    }
}
