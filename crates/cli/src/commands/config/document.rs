//! The Compose document with what Shipway makes of it.

use serde_json::json;
use shipway_compose::yaml::{Limits, Mapping, Node, Span, parse};
use shipway_pipeline::config::{Config, Environment};
use shipway_pipeline::plan::Scales;
use shipway_pipeline::secret::Version;
use shipway_pipeline::workload::{Content, Workload};

use crate::error::{CliError, Kind, Result};

/// Puts the settings of an environment before the Compose document, and roles into its services.
pub(super) fn with_settings(
    tree: Node,
    config: &Config,
    environment: &Environment,
    workload: &Workload,
    scaled: &Scales,
) -> Result<Node> {
    let mut settings = json!({
        "project": config.project,
        "environment": environment,
        "migrate": config.migrate,
        "left_out": workload.left_out,
    });
    if !scaled.is_empty() {
        settings["scaled"] = json!(scaled);
    }
    let settings = parse(&settings.to_string(), 0, Limits::default())
        .map_err(|_| CliError::new(Kind::Failed, "the settings cannot be shown"))?;
    let mut document = Mapping::new();
    for (key, node) in entries(settings) {
        document.insert(key, Span::default(), without_places(node));
    }
    for (key, mut node) in entries(tree) {
        if key == "services" {
            add_roles(&mut node, workload);
        }
        add_versions(&key, &mut node, workload);
        // The project's name in Compose's sense stands in `project` already.
        if key != "name" {
            document.insert(key, Span::default(), node);
        }
    }
    Ok(Node::mapping(document, Span::default()))
}

fn entries(node: Node) -> impl Iterator<Item = (String, Node)> {
    let mapping = match node.value {
        shipway_compose::yaml::Value::Mapping(mapping) => mapping,
        _ => Mapping::new(),
    };
    mapping.into_iter().map(|(key, entry)| (key, entry.node))
}

/// What was made here stands in no file.
fn without_places(mut node: Node) -> Node {
    node.span = Span::default();
    if let shipway_compose::yaml::Value::Sequence(items) = &mut node.value {
        for item in items {
            item.span = Span::default();
        }
    }
    if let Some(mapping) = node.as_map_mut() {
        for (_, child) in mapping.iter_mut() {
            *child = without_places(std::mem::take(child));
        }
    }
    node
}

/// Says which version of the store a secret or config is.
fn add_versions(section: &str, node: &mut Node, workload: &Workload) {
    for file in &workload.files {
        let Content::Store { version, .. } = &file.content else {
            continue;
        };
        let entries = node
            .as_map_mut()
            .filter(|_| file.key.kind.section() == section);
        let entry = entries.and_then(|entries| entries.get_mut(&file.key.name));
        if let Some(entry) = entry.and_then(Node::as_map_mut) {
            let shown = match *version {
                Version::UNSET => "unset".to_owned(),
                Version(number) => number.to_string(),
            };
            entry.insert(
                "version",
                Span::default(),
                Node::plain(shown, Span::default()),
            );
        }
    }
}

fn add_roles(services: &mut Node, workload: &Workload) {
    let Some(services) = services.as_map_mut() else {
        return;
    };
    for (name, service) in services.iter_mut() {
        let member = workload
            .members
            .iter()
            .find(|member| member.name.as_str() == name);
        let (Some(member), Some(keys)) = (member, service.as_map_mut()) else {
            continue;
        };
        let role = Node::plain(member.role.as_str(), Span::default());
        let mut with_role = Mapping::new();
        with_role.insert("role", Span::default(), role);
        for (key, entry) in std::mem::take(keys) {
            with_role.insert(key, entry.key_span, entry.node);
        }
        *keys = with_role;
    }
}
