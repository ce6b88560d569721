//! Which Compose files make up each environment.

use shipway_compose::yaml::{self, Limits, Mapping, Node};
use shipway_pipeline::role::Role;

use super::listing::{Listing, depth, split};
use super::stage::{Stage, words};

/// Folders in which people keep Compose files and files of variables.
const FOLDERS: [&str; 14] = [
    "deploy",
    "deployment",
    "deployments",
    "docker",
    "compose",
    "environments",
    "environment",
    "envs",
    "env",
    "config",
    "infra",
    "infrastructure",
    "ops",
    "devops",
];

/// Names of a base in the order in which Compose looks for them.
const BASES: [&str; 4] = [
    "compose.yaml",
    "compose.yml",
    "docker-compose.yml",
    "docker-compose.yaml",
];

/// An environment's Compose files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Files {
    /// Each over the ones before.
    pub(super) names: Vec<String>,
    /// Why these.
    pub(super) why: Why,
}

/// Why an environment has its files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// A file of its own over the base.
    Overlay,
    /// A file of its own that defines every service itself.
    Alone,
    /// `docker-compose.override.yml`, which Compose adds where nobody names files.
    Override,
    /// Nothing but the base.
    Base,
    /// Those of another environment.
    Like(Stage),
}

/// The Compose files of a project.
#[derive(Debug, Clone, Default)]
pub(super) struct Layout {
    base: Option<String>,
    over: Option<String>,
    own: Vec<(Stage, String)>,
    /// Compose files of which nobody can tell what they are for.
    pub(super) others: Vec<String>,
}

/// What a Compose file is by its name.
enum Kind {
    Base,
    Override,
    Of(Stage),
    Other,
}

/// Whether a folder is one in which files of an environment are kept.
pub(super) fn is_known_folder(folder: &str) -> bool {
    folder.is_empty()
        || folder
            .split('/')
            .all(|part| FOLDERS.contains(&part) || is_environment_word(part))
}

fn is_environment_word(part: &str) -> bool {
    part == ".envs" || words(part).any(|word| Stage::of_word(word).is_some())
}

// === impl Layout ===

impl Layout {
    /// Sorts the Compose files of a listing.
    pub(super) fn of(listing: &Listing) -> Self {
        let mut layout = Self::default();
        let mut paths: Vec<&String> = listing.files.keys().collect();
        paths.sort_by_key(|path| {
            let name = split(path).1;
            let rank = BASES.iter().position(|base| *base == name);
            (depth(path), rank.unwrap_or(BASES.len()), path.as_str())
        });
        for path in paths {
            match kind(path, listing) {
                None => {}
                Some(Kind::Base) if layout.base.is_none() => layout.base = Some(path.clone()),
                Some(Kind::Override) if layout.over.is_none() => layout.over = Some(path.clone()),
                Some(Kind::Of(stage)) if layout.own(stage).is_none() => {
                    layout.own.push((stage, path.clone()));
                }
                Some(Kind::Base | Kind::Override | Kind::Of(_) | Kind::Other) => {
                    layout.others.push(path.clone());
                }
            }
        }
        layout
    }

    pub(super) fn is_empty(&self) -> bool {
        self.base.is_none() && self.own.is_empty()
    }

    fn own(&self, stage: Stage) -> Option<&str> {
        let mut own = self.own.iter();
        own.find(|(of, _)| *of == stage)
            .map(|(_, path)| path.as_str())
    }

    /// An environment's files; nothing where the project has none at all.
    pub(super) fn files(&self, stage: Stage, listing: &Listing) -> Option<Files> {
        if let Some(files) = self.of_its_own(stage, listing) {
            return Some(files);
        }
        // A base beside files that stand alone is what developers use.
        let serves_all = |base: &&String| {
            let mut own = self.own.iter();
            stage == Stage::Development || !own.any(|(_, one)| stands_alone(one, base, listing))
        };
        if let Some(base) = self.base.as_ref().filter(serves_all) {
            return Some(Files {
                names: vec![base.clone()],
                why: Why::Base,
            });
        }
        let mut likest = stage.likest().into_iter();
        let like = likest.find_map(|like| Some((like, self.of_its_own(like, listing)?)));
        match like {
            Some((like, files)) => Some(Files {
                why: Why::Like(like),
                ..files
            }),
            None => self.base.as_ref().map(|base| Files {
                names: vec![base.clone()],
                why: Why::Base,
            }),
        }
    }

    fn of_its_own(&self, stage: Stage, listing: &Listing) -> Option<Files> {
        match (self.own(stage), &self.base, &self.over) {
            (Some(own), Some(base), _) if !stands_alone(own, base, listing) => Some(Files {
                names: vec![base.clone(), own.to_owned()],
                why: Why::Overlay,
            }),
            (Some(own), _, _) => Some(Files {
                names: vec![own.to_owned()],
                why: Why::Alone,
            }),
            (None, Some(base), Some(over)) if stage == Stage::Development => Some(Files {
                names: vec![base.clone(), over.clone()],
                why: Why::Override,
            }),
            (None, _, _) => None,
        }
    }
}

/// What a file is; nothing where it is no Compose file.
fn kind(path: &str, listing: &Listing) -> Option<Kind> {
    let (folder, name) = split(path);
    let (stem, ending) = name.rsplit_once('.')?;
    if !matches!(ending, "yml" | "yaml") || !is_known_folder(folder) {
        return None;
    }
    let said: Vec<&str> = words(stem).collect();
    let is_named = said.contains(&"compose");
    let rest: Vec<&str> = said
        .into_iter()
        .filter(|word| !matches!(*word, "docker" | "compose"))
        .collect();
    let kind = match rest.as_slice() {
        [] if is_named => Stage::of_folder(folder).map_or(Kind::Base, Kind::Of),
        ["base" | "common" | "shared"] if is_named => Kind::Base,
        ["override"] if is_named => Kind::Override,
        [word] => match Stage::of_word(word) {
            Some(stage) => Kind::Of(stage),
            None if is_named => Kind::Other,
            None => return None,
        },
        _ if is_named => Kind::Other,
        _ => return None,
    };
    // `production.yml` may be anything.
    services(path, listing)
        .is_some_and(|it| it.as_map().is_some())
        .then_some(kind)
}

fn services(path: &str, listing: &Listing) -> Option<Node> {
    let mut tree = yaml::parse(listing.text(path)?, 0, Limits::default()).ok()?;
    tree.as_map_mut()?.remove("services")
}

/// Whether a file says everything itself: each of its services could run, it has all of the
/// base's, and it repeats something that the base says, which a file to be laid over the base has
/// no reason to do.
fn stands_alone(path: &str, base: &str, listing: &Listing) -> bool {
    let (Some(own), Some(base)) = (services(path, listing), services(base, listing)) else {
        return false;
    };
    let (Some(own), Some(base)) = (own.as_map(), base.as_map()) else {
        return false;
    };
    let is_whole = |service: &Node| {
        ["image", "build", "extends"]
            .iter()
            .any(|key| service.get(key).is_some())
    };
    let is_covered = |name: &str, service: &Node| own.contains(name) || is_tool(service);
    let repeats = |(name, service): (&str, &Node)| {
        let before = base.get(name);
        let keys = service.as_map().into_iter().flat_map(Mapping::iter);
        keys.into_iter().any(|(key, value)| {
            before
                .and_then(|it| it.get(key))
                .is_some_and(|it| it.same_value(value))
        })
    };
    // What a base lacks itself, such as the image, comes from the overlays.
    base.iter()
        .all(|(name, service)| is_covered(name, service) && is_whole(service))
        && own.iter().all(|(_, service)| is_whole(service))
        && own.iter().any(repeats)
}

/// A mail catcher of the developers is nothing that production has to have.
fn is_tool(service: &Node) -> bool {
    let image = service.get("image").and_then(Node::as_str);
    image.and_then(Role::of_image) == Some(Role::Tool)
}
