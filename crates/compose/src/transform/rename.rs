//! A project under another name.

use super::edit::set_text;
use crate::yaml::Node;

/// Gives the project another name.
///
/// The names of its networks and volumes are complete in a canonical document,
/// so they stay: two projects can share them.
pub fn rename(document: &mut Node, name: &str) {
    if let Some(root) = document.as_map_mut() {
        set_text(root, "name", name);
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{assert_same, document};
    use super::*;

    #[test]
    fn only_the_project_is_called_differently() {
        let mut document = document("name: a\nvolumes: {d: {name: a_d}}\n");
        rename(&mut document, "b");
        assert_same(&document, "name: b\nvolumes: {d: {name: a_d}}\n");
    }
}
