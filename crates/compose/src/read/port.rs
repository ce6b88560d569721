//! `ports`.

use std::net::IpAddr;
use std::ops::RangeInclusive;

use super::keys;
use super::reader::{Field, Reader};
use crate::diagnostic::Code;
use crate::model::Port;
use crate::short::port;

pub(super) fn ports(service: &Field<'_>, reader: &mut Reader) -> Vec<Port> {
    let mut ports = Vec::new();
    for item in reader.list_at(service, "ports") {
        match item.node.as_str() {
            Some(text) => short(text, &item, reader, &mut ports),
            None => ports.extend(long(&item, reader)),
        }
    }
    ports
}

fn short(text: &str, item: &Field<'_>, reader: &mut Reader, ports: &mut Vec<Port>) {
    let parts = port::split(text);
    let targets = port::parse_range(parts.target);
    let published = parts.published.map(port::parse_range);
    let valid_ip = parts.host_ip.is_none_or(|ip| ip.parse::<IpAddr>().is_ok());
    let (Some(targets), true, false) = (targets, valid_ip, published == Some(None)) else {
        let help = "write `TARGET`, `PUBLISHED:TARGET` or `ADDRESS:PUBLISHED:TARGET`".to_owned();
        let message = format!("`{}`: `{text}` is no port", item.name);
        reader.error_with_help(Code::WrongPort, message, item.node.span, help);
        return;
    };
    let Some(left) = reader.ports_left.checked_sub(targets.len()) else {
        let message = "the port ranges of all services stand for too many ports".to_owned();
        reader.error(Code::WrongPort, message, item.node.span);
        return;
    };
    reader.ports_left = left;
    let published = published.flatten();
    let Some(published) = spread(published.as_ref(), parts.published, targets.len()) else {
        let message = format!(
            "`{}`: the two ranges of `{text}` differ in length",
            item.name
        );
        reader.error(Code::WrongPort, message, item.node.span);
        return;
    };
    ports.extend(targets.zip(published).map(|(target, published)| Port {
        target,
        published,
        host_ip: parts.host_ip.map(str::to_owned),
        protocol: parts.protocol.to_owned(),
    }));
}

/// Gives every target its published port.
///
/// For a single target a range is a choice of the engine's and stays.
fn spread(
    range: Option<&RangeInclusive<u16>>,
    written: Option<&str>,
    targets: usize,
) -> Option<Vec<Option<String>>> {
    match range {
        None => Some(vec![None; targets]),
        Some(_) if targets == 1 => Some(vec![written.map(str::to_owned)]),
        Some(range) if range.len() == targets => {
            Some(range.clone().map(|port| Some(port.to_string())).collect())
        }
        Some(_) => None,
    }
}

fn long(item: &Field<'_>, reader: &mut Reader) -> Option<Port> {
    reader.map(item)?;
    reader.check_keys(item, keys::PORT);
    if item.get("target").is_none() {
        let message = format!("`{}` has no `target`", item.name);
        reader.error(Code::WrongPort, message, item.node.span);
        return None;
    }
    let published = item.get("published");
    if let Some(field) = &published
        && field
            .node
            .as_str()
            .is_some_and(|text| port::parse_range(text).is_none())
    {
        reader.wrong_value(field, "a port or a range of ports");
    }
    Some(Port {
        target: reader.number_at(item, "target")?,
        published: published.and_then(|field| reader.text(&field)),
        host_ip: reader.text_at(item, "host_ip"),
        protocol: reader
            .text_at(item, "protocol")
            .unwrap_or_else(|| "tcp".to_owned()),
    })
}
