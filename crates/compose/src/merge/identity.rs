//! What makes two items of a list the same thing.

use super::rules::Identity;
use crate::path;
use crate::short::{port, volume};
use crate::yaml::Node;

/// Keeps one item of each thing: the last, in the place of the first.
pub(crate) fn deduplicate(items: Vec<Node>, identity: Identity) -> Vec<Node> {
    let mut kept = indexmap::IndexMap::new();
    for (index, item) in items.into_iter().enumerate() {
        // What cannot be read is nobody's double; the reader will complain.
        let key = key(&item, identity).unwrap_or_else(|| format!("\0{index}"));
        kept.insert(key, item);
    }
    kept.into_values().collect()
}

fn key(item: &Node, identity: Identity) -> Option<String> {
    let field = |name: &str| item.get(name).and_then(Node::as_str);
    let text = item.as_str();
    match identity {
        Identity::Text => text.map(str::to_owned),
        Identity::Path => text.or_else(|| field("path")).map(str::to_owned),
        Identity::Port => port_key(item),
        Identity::Key => text.map(|text| text.split('=').next().unwrap_or(text).to_owned()),
        Identity::MountTarget => match text {
            Some(text) => volume::split(text).map(|volume| path::clean(volume.target)),
            None => field("target").map(str::to_owned),
        },
        Identity::DeviceTarget => match text {
            Some(text) => text.split(':').take(2).last().map(str::to_owned),
            None => field("target").map(str::to_owned),
        },
        Identity::FileTarget(directory) => match (text, field("target")) {
            (Some(name), _) => Some(format!("{directory}/{name}")),
            (None, Some(target)) => Some(target.to_owned()),
            (None, None) => field("source").map(|name| format!("{directory}/{name}")),
        },
    }
}

fn port_key(item: &Node) -> Option<String> {
    let (ip, published, target, protocol) = match item.as_str() {
        Some(text) => {
            let port = port::split(text);
            (port.host_ip, port.published, port.target, port.protocol)
        }
        None => {
            let field = |name: &str| item.get(name).and_then(Node::as_str);
            (
                field("host_ip"),
                field("published"),
                field("target")?,
                field("protocol").unwrap_or("tcp"),
            )
        }
    };
    let (ip, published) = (ip.unwrap_or("0.0.0.0"), published.unwrap_or_default());
    Some(format!("{ip}|{published}|{target}|{protocol}"))
}
