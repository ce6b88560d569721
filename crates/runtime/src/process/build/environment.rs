//! The environment of build steps.

use std::collections::BTreeMap;

use super::super::launch::{self, RUN_VARIABLE};

/// Variables of the caller that steps get besides those that every service gets: where temporary
/// files, caches and the network are.
const NAMES: [&str; 16] = [
    "LOGNAME",
    "TMPDIR",
    "XDG_CACHE_HOME",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
    "GIT_SSL_CAINFO",
    "ALL_PROXY",
];

/// Package managers are told by such variables where packages come from.
const PREFIXES: [&str; 4] = ["PIP_", "UV_", "NPM_CONFIG_", "npm_config_"];

/// What steps get of the caller's environment.
pub(in crate::process) fn of_caller(key: &str) -> BTreeMap<String, String> {
    of(
        std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        }),
        key,
    )
}

/// By this name the processes of a build are found when it was killed.
pub(super) fn run_name(key: &str) -> String {
    format!("build-{key}")
}

fn of(variables: impl Iterator<Item = (String, String)>, key: &str) -> BTreeMap<String, String> {
    let variables: Vec<(String, String)> = variables.collect();
    let mut environment = launch::base_environment(variables.iter().cloned());
    environment.extend(variables.into_iter().filter(|(name, _)| {
        NAMES.contains(&name.as_str()) || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
    }));
    environment.insert(RUN_VARIABLE.to_owned(), run_name(key));
    environment
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_see_no_more_of_the_caller_than_named() {
        let caller = [
            "PATH",
            "AWS_SECRET_ACCESS_KEY",
            "PIP_INDEX_URL",
            "TMPDIR",
            "PIPE",
        ];
        let caller = caller.map(|name| (name.to_owned(), "x".to_owned()));
        let environment = of(caller.into_iter(), "k");
        let names: Vec<&str> = environment.keys().map(String::as_str).collect();
        assert_eq!(names, ["PATH", "PIP_INDEX_URL", "SHIPWAY_RUN", "TMPDIR"]);
    }
}
