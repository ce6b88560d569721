//! What `shipway.yml` says of an environment.

use std::collections::BTreeMap;

/// An environment whose times are short, and whose verdicts do not depend on how fast the machine
/// is.
#[derive(Debug, Clone)]
pub struct Environment {
    pub(crate) name: String,
    settings: BTreeMap<String, String>,
}

impl Environment {
    /// One that takes the branch `main`.
    pub fn new(name: &str) -> Self {
        let defaults = [
            ("branches", "[main]"),
            ("compose", "[docker-compose.yml]"),
            (
                "health",
                "{ path: /health/, interval: 100ms, healthy_for: 100ms, deadline: 50s }",
            ),
            (
                "bake",
                "{ duration: 500ms, interval: 100ms, min_requests: 5, max_latency_ratio: 1000, latency_floor: 30s }",
            ),
            ("drain", "{ timeout: 20s, streaming: 20s }"),
        ];
        Self {
            name: name.to_owned(),
            settings: defaults
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .into(),
        }
    }

    /// One that takes what was stable in another.
    pub fn promoted_from(name: &str, from: &str) -> Self {
        Self::new(name).without("branches").with("from", from)
    }

    /// With this setting, in YAML.
    #[must_use]
    pub fn with(mut self, key: &str, value: &str) -> Self {
        self.settings.insert(key.to_owned(), value.to_owned());
        self
    }

    /// Without a setting.
    #[must_use]
    pub fn without(mut self, key: &str) -> Self {
        self.settings.remove(key);
        self
    }

    pub(crate) fn render(&self, port: u16) -> String {
        let settings: String = self
            .settings
            .iter()
            .map(|(key, value)| format!("    {key}: {value}\n"))
            .collect();
        let route = if self.settings.contains_key("route") {
            String::new()
        } else {
            format!("    route: {{ listen: {port} }}\n")
        };
        format!("  {}:\n{route}{settings}", self.name)
    }
}
