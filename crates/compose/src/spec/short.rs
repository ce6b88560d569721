//! Short forms: what their texts may be.

use crate::short::{port, volume};

pub(super) fn port(text: &str) -> Result<(), String> {
    port::expand(text).map(|_| ())
}

pub(super) fn mount(text: &str) -> Result<(), String> {
    match volume::split(text) {
        Some(_) => Ok(()),
        None => Err(format!(
            "`{text}` is no mount: write `TARGET`, `SOURCE:TARGET` or `SOURCE:TARGET:OPTIONS`"
        )),
    }
}

pub(super) fn device(text: &str) -> Result<(), String> {
    if text.split(':').count() > 3 {
        return Err(format!(
            "`{text}` is no device: write `SOURCE`, `SOURCE:TARGET` or `SOURCE:TARGET:PERMISSIONS`"
        ));
    }
    Ok(())
}

pub(super) fn is_published(text: &str) -> bool {
    text.is_empty() || port::parse_range(text).is_some()
}
