//! `volumes` and `tmpfs`.

use super::field::{Home, flag, items, text, texts};
use super::reader::Reader;
use crate::diagnostic::{Code, Diagnostic};
use crate::model::{Mount, MountKind};
use crate::yaml::Node;

pub(super) fn mounts(service: &Node, home: Home<'_>, reader: &mut Reader) -> Vec<Mount> {
    let mut mounts: Vec<Mount> = items(service, "volumes")
        .iter()
        .filter_map(|item| mount(item, home, reader))
        .collect();
    for tmpfs in texts(service, "tmpfs") {
        let target = tmpfs.split(':').next().unwrap_or_default().to_owned();
        mounts.push(Mount {
            kind: MountKind::Tmpfs,
            source: None,
            target,
            read_only: false,
        });
    }
    mounts
}

fn mount(item: &Node, home: Home<'_>, reader: &mut Reader) -> Option<Mount> {
    let kind = match item.get("type")?.as_str()? {
        "volume" => MountKind::Volume,
        "bind" => MountKind::Bind,
        "tmpfs" => MountKind::Tmpfs,
        other => {
            let message = format!("mounts of type `{other}` are left to the engine");
            let warning = Diagnostic::new(Code::MountType, message);
            reader.diagnostics.push(warning.with_label(item.span, ""));
            return None;
        }
    };
    let source = text(item, "source");
    Some(Mount {
        kind,
        source: match kind {
            MountKind::Bind => source.map(|path| home.seen(&path)),
            MountKind::Volume | MountKind::Tmpfs => source,
        },
        target: text(item, "target")?,
        read_only: flag(item, "read_only").unwrap_or_default(),
    })
}
