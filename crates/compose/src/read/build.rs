//! `build`.

use super::keys;
use super::reader::{Field, Reader};
use crate::model::Build;

pub(super) fn build(service: &Field<'_>, reader: &mut Reader) -> Option<Build> {
    let field = service.get("build")?;
    reader.map(&field)?;
    reader.check_keys(&field, keys::BUILD);
    Some(Build {
        // As in Compose: the project's directory.
        context: reader
            .text_at(&field, "context")
            .unwrap_or_else(|| ".".to_owned()),
        dockerfile: reader.text_at(&field, "dockerfile"),
        target: reader.text_at(&field, "target"),
        args: reader.pairs_at(&field, "args"),
    })
}
