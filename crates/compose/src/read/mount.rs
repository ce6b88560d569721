//! `volumes` and `tmpfs`.

use super::keys;
use super::reader::{Field, Reader};
use crate::diagnostic::{Code, Diagnostic, did_you_mean};
use crate::model::{Mount, MountKind};
use crate::short::volume;

/// The types that [`MountKind`] has no variant for, as nothing here treats them apart.
const OTHER_TYPES: [&str; 3] = ["npipe", "cluster", "image"];

pub(super) fn mounts(service: &Field<'_>, reader: &mut Reader) -> Vec<Mount> {
    let mut mounts = Vec::new();
    for item in reader.list_at(service, "volumes") {
        mounts.extend(match item.node.as_str() {
            Some(text) => short(text, &item, reader),
            None => long(&item, reader),
        });
    }
    for target in reader.texts_at(service, "tmpfs") {
        let target = target.split(':').next().unwrap_or_default().to_owned();
        mounts.push(Mount {
            kind: MountKind::Tmpfs,
            source: None,
            target,
            read_only: false,
        });
    }
    mounts
}

fn short(text: &str, item: &Field<'_>, reader: &mut Reader) -> Option<Mount> {
    let Some(parts) = volume::split(text) else {
        let message = format!("`{}`: `{text}` is no mount", item.name);
        let help = "write `TARGET`, `SOURCE:TARGET` or `SOURCE:TARGET:OPTIONS`".to_owned();
        reader.error_with_help(Code::WrongMount, message, item.node.span, help);
        return None;
    };
    let is_bind = parts.source.is_some_and(volume::is_path);
    Some(Mount {
        kind: if is_bind {
            MountKind::Bind
        } else {
            MountKind::Volume
        },
        source: parts.source.map(str::to_owned),
        target: parts.target.to_owned(),
        read_only: parts.options.contains(&"ro"),
    })
}

fn long(item: &Field<'_>, reader: &mut Reader) -> Option<Mount> {
    reader.map(item)?;
    reader.check_keys(item, keys::MOUNT);
    let kind = kind(item, reader)?;
    let source = reader.text_at(item, "source");
    let Some(target) = reader.text_at(item, "target") else {
        let message = format!("`{}` has no `target`", item.name);
        reader.error(Code::WrongMount, message, item.node.span);
        return None;
    };
    if kind == MountKind::Bind && source.is_none() {
        let message = format!(
            "`{}` binds a path of the host but has no `source`",
            item.name
        );
        reader.error(Code::WrongMount, message, item.node.span);
    }
    let read_only = reader.boolean_at(item, "read_only").unwrap_or_default();
    Some(Mount {
        kind,
        source,
        target,
        read_only,
    })
}

fn kind(item: &Field<'_>, reader: &mut Reader) -> Option<MountKind> {
    let Some(field) = item.get("type") else {
        let message = format!("`{}` has no `type`", item.name);
        let help = "write `type: volume`, `bind` or `tmpfs`".to_owned();
        reader.error_with_help(Code::WrongMount, message, item.node.span, help);
        return None;
    };
    let text = reader.text(&field)?;
    match text.as_str() {
        "volume" => Some(MountKind::Volume),
        "bind" => Some(MountKind::Bind),
        "tmpfs" => Some(MountKind::Tmpfs),
        other if OTHER_TYPES.contains(&other) => {
            let message = format!("mounts of type `{other}` are left to the engine");
            let warning = Diagnostic::new(Code::MountType, message);
            reader
                .diagnostics
                .push(warning.with_label(field.node.span, ""));
            None
        }
        other => {
            let message = format!("`{other}` is no type of mount");
            let known = ["volume", "bind", "tmpfs"].into_iter().chain(OTHER_TYPES);
            let help = did_you_mean(other, known);
            reader.error_with_help(Code::WrongValue, message, field.node.span, help);
            None
        }
    }
}
