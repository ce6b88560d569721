//! What services read as files: the secrets and configs of the Compose files.
//!
//! Each is settled when the workload is made, so that a rollback gets what ran then: a secret of
//! the store by its version, everything else by its content.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};
use shipway_compose::model::{FileObject, Project, Service};
use shipway_compose::yaml::{Node, Span};

use super::resolve::Files;
use super::{Member, Problem};
use crate::secret::{SecretName, SecretValue, Version};

/// A secret or config that services read as a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// Which.
    #[serde(flatten)]
    pub key: FileKey,
    /// What it holds.
    pub content: Content,
}

/// A secret or config by its key in the Compose files.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FileKey {
    /// Under which section.
    pub kind: FileKind,
    /// The key there.
    pub name: String,
}

/// A section of the Compose files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileKind {
    /// `secrets`.
    Secret,
    /// `configs`.
    Config,
}

/// What a file holds.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    /// A version of a secret of the environment's store.
    Store {
        /// The secret.
        secret: SecretName,
        /// Which of its values.
        version: Version,
    },
    /// What a file, a variable or the Compose file itself held.
    Text(String),
    /// The same where it is no text.
    Bytes(Vec<u8>),
}

// === impl FileKind ===

impl FileKind {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Secret, Self::Config];

    /// The section's key.
    pub fn section(self) -> &'static str {
        match self {
            Self::Secret => "secrets",
            Self::Config => "configs",
        }
    }
}

impl fmt::Display for FileKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Secret => "secret",
            Self::Config => "config",
        })
    }
}

// === impl Content ===

impl Content {
    fn of(bytes: Vec<u8>) -> Self {
        match String::from_utf8(bytes) {
            Ok(text) => Self::Text(text),
            Err(error) => Self::Bytes(error.into_bytes()),
        }
    }

    /// What it holds, where that is recorded with the workload itself.
    pub fn recorded(&self) -> Option<SecretValue> {
        match self {
            Self::Store { .. } => None,
            Self::Text(text) => Some(SecretValue::new(text.clone().into_bytes())),
            Self::Bytes(bytes) => Some(SecretValue::new(bytes.clone())),
        }
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Store { secret, version } => write!(f, "{secret} {version}"),
            Self::Text(_) | Self::Bytes(_) => f.write_str("********"),
        }
    }
}

// === making them ===

/// Who wants a secret or config, and where that stands.
struct Wanted<'a> {
    key: FileKey,
    /// Nothing where the Compose files do not define it.
    object: Option<&'a FileObject>,
    place: Option<Span>,
}

/// Settles all secrets and configs that the members read as files.
pub(super) fn settle(
    files: Files<'_>,
    members: &[Member],
    is_for_containers: bool,
) -> Result<Vec<File>, Vec<Problem>> {
    let (mut settled, mut problems) = (Vec::new(), Vec::new());
    for wanted in wanted(files.project, members, is_for_containers) {
        match content(files, &wanted) {
            Ok(Some(content)) => settled.push(File {
                key: wanted.key,
                content,
            }),
            Ok(None) => {}
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() {
        Ok(settled)
    } else {
        Err(problems)
    }
}

/// Each once, at the first place where it is wanted.
fn wanted<'a>(
    project: &'a Project,
    members: &[Member],
    is_for_containers: bool,
) -> Vec<Wanted<'a>> {
    let mut found: BTreeMap<FileKey, Wanted<'a>> = BTreeMap::new();
    for member in members {
        for kind in FileKind::ALL {
            let objects = match kind {
                FileKind::Secret => &project.secrets,
                FileKind::Config => &project.configs,
            };
            for name in names(&member.service, kind, is_for_containers) {
                let object = objects.get(&name);
                let key = FileKey { kind, name };
                let place = place(project, &member.service, &key);
                found
                    .entry(key.clone())
                    .or_insert(Wanted { key, object, place });
            }
        }
    }
    found.into_values().collect()
}

/// A container has all that its service lists; a process, what it asks for by a placeholder.
fn names(service: &Service, kind: FileKind, is_for_containers: bool) -> BTreeSet<String> {
    let uses = match kind {
        FileKind::Secret => &service.secrets,
        FileKind::Config => &service.configs,
    };
    let listed = uses.iter().map(|one| one.source.clone());
    if is_for_containers {
        return listed.collect();
    }
    let asked = service.process.as_ref().map(|process| match kind {
        FileKind::Secret => process.secrets(),
        FileKind::Config => process.configs(),
    });
    asked.unwrap_or_default()
}

/// Where a service names it, or else where the service stands.
fn place(project: &Project, service: &Service, key: &FileKey) -> Option<Span> {
    let uses = project
        .tree
        .at(&["services", &service.name, key.kind.section()])
        .and_then(Node::as_sequence)
        .unwrap_or_default();
    let is_it = |one: &&Node| one.get("source").and_then(Node::as_str) == Some(&key.name);
    let found = uses.iter().find(is_it).map(|one| one.span);
    found.or(Some(service.span)).filter(|span| span.line > 0)
}

/// What it holds; nothing where an engine has to mount what stands there, such as a directory.
fn content(files: Files<'_>, wanted: &Wanted<'_>) -> Result<Option<Content>, Problem> {
    let key = &wanted.key;
    let missing = |reason: String| Problem::NoContent {
        kind: key.kind,
        name: key.name.clone(),
        reason,
        place: wanted.place,
    };
    let Some(object) = wanted.object else {
        let section = key.kind.section();
        return Err(missing(format!("no service lists it under `{section}`")));
    };
    if object.external {
        return stored(files, wanted, object).map(Some);
    }
    if let Some(text) = &object.content {
        return Ok(Some(Content::Text(text.clone())));
    }
    if let Some(variable) = &object.environment {
        let value = (files.variable)(variable);
        let value =
            value.ok_or_else(|| missing(format!("the variable `{variable}` is not set")))?;
        return Ok(Some(Content::Text(value)));
    }
    let section = files
        .project
        .tree
        .at(&[key.kind.section(), &key.name, "file"]);
    let Some(path) = section.and_then(Node::as_str) else {
        return Ok(None);
    };
    match (files.read)(path) {
        Ok(bytes) => Ok(bytes.map(Content::of)),
        Err(reason) => Err(missing(format!("`{path}` cannot be read: {reason}"))),
    }
}

fn stored(files: Files<'_>, wanted: &Wanted<'_>, object: &FileObject) -> Result<Content, Problem> {
    let key = &wanted.key;
    let name = object.name.as_deref().unwrap_or(&key.name);
    let secret: SecretName = name.parse().map_err(|error| Problem::NoContent {
        kind: key.kind,
        name: key.name.clone(),
        reason: format!("{error}"),
        place: wanted.place,
    })?;
    match (files.stored)(&secret) {
        Some(version) => Ok(Content::Store { secret, version }),
        None => Err(Problem::MissingSecret {
            kind: key.kind,
            secret,
            place: wanted.place,
        }),
    }
}

#[cfg(test)]
mod tests;
