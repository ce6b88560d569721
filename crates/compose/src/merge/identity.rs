//! What makes two items of a list the same thing.

use super::rules::Identity;
use crate::short::{port, volume};
use crate::yaml::Node;

/// Keeps one item of each thing: the last, in the place of the first.
pub(super) fn deduplicate(items: Vec<Node>, identity: Identity) -> Vec<Node> {
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
        Identity::MountTarget => match text {
            Some(text) => volume::split(text).map(|volume| path(volume.target)),
            None => field("target").map(path),
        },
        Identity::DeviceTarget => match text {
            Some(text) => text.split(':').take(2).last().map(path),
            None => field("target").or_else(|| field("source")).map(path),
        },
        Identity::FileTarget(directory) => {
            let target = text
                .or_else(|| field("target"))
                .or_else(|| field("source"))?;
            let directory = if target.starts_with('/') {
                ""
            } else {
                directory
            };
            Some(path(&format!("{directory}{target}")))
        }
        Identity::TmpfsTarget => text.and_then(|text| text.split(':').next()).map(path),
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

/// A directory is the same with and without a slash at its end.
fn path(text: &str) -> String {
    match text.trim_end_matches('/') {
        "" => text.to_owned(),
        trimmed => trimmed.to_owned(),
    }
}
