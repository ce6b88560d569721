//! The networks that slots of an environment are on.

use std::collections::HashMap;

use bollard::Docker;
use bollard::models::NetworkCreateRequest;
use shipway_compose::yaml::{Mapping, Node};

use super::engine::{failed, is_conflict, is_missing};
use super::label;
use crate::{ColourKey, Error};

/// A network of the document that somebody else makes.
pub(super) fn is_external(network: &Node) -> bool {
    network.get("external").and_then(Node::as_bool) == Some(true)
}

/// A network's complete name.
pub(super) fn complete_name<'n>(key: &'n str, network: &'n Node) -> &'n str {
    network.get("name").and_then(Node::as_str).unwrap_or(key)
}

/// Makes a network unless it exists. A crash leaves it made or not.
pub(super) async fn ensure(
    docker: &Docker,
    key: &ColourKey,
    name: &str,
    definition: &Node,
) -> Result<(), Error> {
    match docker.inspect_network(name, None).await {
        Ok(_) => return Ok(()),
        Err(error) if is_missing(&error) => {}
        Err(error) => return Err(failed(format!("look for the network `{name}`"))(error)),
    }
    match docker.create_network(request(key, name, definition)).await {
        Ok(_) => Ok(()),
        // Somebody was faster.
        Err(error) if is_conflict(&error) => Ok(()),
        Err(error) => Err(failed(format!("make the network `{name}`"))(error)),
    }
}

/// What the document says of a network, but for its addresses: two colours cannot both have them.
fn request(key: &ColourKey, name: &str, definition: &Node) -> NetworkCreateRequest {
    let text = |key: &str| {
        definition
            .get(key)
            .and_then(Node::as_str)
            .map(str::to_owned)
    };
    let flag = |key: &str| definition.get(key).and_then(Node::as_bool);
    let mut labels: HashMap<String, String> = pairs(definition.get("labels"));
    labels.extend(label::of_key(key));
    NetworkCreateRequest {
        name: name.to_owned(),
        driver: Some(text("driver").unwrap_or_else(|| "bridge".to_owned())),
        internal: flag("internal"),
        attachable: flag("attachable"),
        enable_ipv6: flag("enable_ipv6"),
        options: Some(pairs(definition.get("driver_opts"))),
        labels: Some(labels),
        ..NetworkCreateRequest::default()
    }
}

/// Texts by name.
pub(super) fn pairs(node: Option<&Node>) -> HashMap<String, String> {
    let mapping = node.and_then(Node::as_map);
    mapping
        .into_iter()
        .flat_map(Mapping::iter)
        .map(|(key, value)| {
            (
                key.to_owned(),
                value.as_str().unwrap_or_default().to_owned(),
            )
        })
        .collect()
}
