//! Relative paths made absolute.

use super::edit::{sections, services};
use crate::path;
use crate::yaml::{Mapping, Node, Value};

/// Makes paths absolute.
pub(crate) struct Paths<'a> {
    /// Where relative paths start.
    pub(crate) directory: &'a str,
    /// What `~` stands for, where that is known.
    pub(crate) home: Option<&'a str>,
}

// === impl Paths ===

impl Paths<'_> {
    /// Makes every path of a document absolute.
    pub(crate) fn resolve(&self, tree: &mut Node) {
        for (_, service) in services(tree) {
            self.service(service);
        }
        for section in ["secrets", "configs"] {
            for (_, node) in sections(tree, section) {
                self.at(node.as_map_mut(), "file");
            }
        }
        for (_, node) in sections(tree, "volumes") {
            self.driver_options(node);
        }
    }

    /// Makes every path of a service absolute, that of the file it extends included.
    pub(crate) fn service(&self, service: &mut Mapping) {
        self.at(map(service, "extends"), "file");
        for item in items(service, "env_file") {
            self.at(item.as_map_mut(), "path");
        }
        for item in items(service, "label_file") {
            self.node(item);
        }
        for item in items(service, "volumes") {
            let is_bind = item.get("type").and_then(Node::as_str) == Some("bind");
            self.at(item.as_map_mut().filter(|_| is_bind), "source");
        }
        if let Some(develop) = map(service, "develop") {
            for item in items(develop, "watch") {
                self.at(item.as_map_mut(), "path");
            }
        }
        if let Some(build) = map(service, "build") {
            self.build(build);
        }
    }

    /// Returns the absolute form of a path.
    pub(crate) fn absolute(&self, text: &str) -> String {
        let expanded = match (text.strip_prefix('~'), self.home) {
            (Some(rest), Some(home)) => path::clean(&format!("{home}/{rest}")),
            _ => text.to_owned(),
        };
        if path::is_absolute(&expanded) || path::is_windows_absolute(&expanded) {
            expanded
        } else {
            path::join(self.directory, &expanded)
        }
    }

    fn build(&self, build: &mut Mapping) {
        if let Some(context) = build.get_mut("context") {
            self.context(context);
        }
        for key in ["additional_contexts", "ssh"] {
            for (_, node) in map(build, key).into_iter().flat_map(Mapping::iter_mut) {
                self.context(node);
            }
        }
    }

    fn context(&self, node: &mut Node) {
        if node.as_str().is_some_and(|text| !is_remote(text)) {
            self.node(node);
        }
    }

    /// A volume of the driver `local` can be a directory of the host.
    fn driver_options(&self, volume: &mut Node) {
        let is_local = volume.get("driver").and_then(Node::as_str) == Some("local");
        let options = volume.as_map_mut().filter(|_| is_local);
        let options = options.and_then(|volume| map(volume, "driver_opts"));
        if let Some(options) = options
            && options.get("o").and_then(Node::as_str) == Some("bind")
        {
            self.at(Some(options), "device");
        }
    }

    fn at(&self, mapping: Option<&mut Mapping>, key: &str) {
        if let Some(node) = mapping.and_then(|mapping| mapping.get_mut(key)) {
            self.node(node);
        }
    }

    fn node(&self, node: &mut Node) {
        if let Value::Scalar(scalar) = &mut node.value
            && !scalar.text.is_empty()
        {
            scalar.text = self.absolute(&scalar.text);
        }
    }
}

fn map<'n>(mapping: &'n mut Mapping, key: &str) -> Option<&'n mut Mapping> {
    mapping.get_mut(key).and_then(Node::as_map_mut)
}

fn items<'n>(mapping: &'n mut Mapping, key: &str) -> impl Iterator<Item = &'n mut Node> {
    let items = match mapping.get_mut(key).map(|node| &mut node.value) {
        Some(Value::Sequence(items)) => items.as_mut_slice(),
        _ => &mut [],
    };
    items.iter_mut()
}

/// Returns whether a build context is no directory of this machine.
fn is_remote(text: &str) -> bool {
    const PREFIXES: [&str; 4] = ["github.com/", "git@", "service:", "docker-image:"];
    text.contains("://") || PREFIXES.iter().any(|prefix| text.starts_with(prefix))
}
