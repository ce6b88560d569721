//! Environments of branches: opened by a push from a template, and gone with the branch.
//!
//! Names of branches come from whoever may push. What is made of them here is a label that means
//! nothing to a file system, a host name or a container engine.

mod leftover;
mod removal;

use serde::{Deserialize, Serialize};

use crate::config::{Config, Environment, PerBranch, WhenFull};
use crate::digest::Digest;
use crate::name::{EnvironmentName, InvalidName};
use crate::time::Timestamp;

pub use leftover::LONGEST_LEFTOVER;
pub(crate) use leftover::leftover;
pub use removal::Removal;

/// In host names and paths of a template, it stands for the branch.
pub const PLACEHOLDER: &str = "{branch}";

/// A branch is told by so much of its name; with a template's name and a digest it fits into the
/// name of an environment, and into a label of a host name.
const LONGEST: usize = 31;

/// The digits that tell two branches apart whose names became alike.
const DIGITS: usize = 8;

/// A template's name may be so long, so that the names of its environments are valid.
pub const LONGEST_TEMPLATE: usize = 63 - 1 - LONGEST - 1 - DIGITS;

/// An environment that a branch has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BranchEnvironment {
    /// Its name.
    pub name: EnvironmentName,
    /// The environment of `shipway.yml` that it was made of.
    pub template: EnvironmentName,
    /// The branch.
    pub branch: String,
    /// When it was opened.
    pub created: Timestamp,
    /// When something was last deployed to it, or asked to be.
    pub used: Timestamp,
    /// It is about to be removed.
    pub is_leaving: bool,
}

/// A place for a branch in an environment of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Place {
    /// The environment's name.
    pub name: EnvironmentName,
    /// The template.
    pub template: EnvironmentName,
    /// The environment whose place it takes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub displaces: Option<EnvironmentName>,
}

/// Why a branch gets no environment of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// There are as many as there may be.
    #[error(
        "`{template}` has {limit} environments of branches, as many as its `limit`: delete a branch, or `shipway down` one with `--volumes`"
    )]
    Full {
        /// The template.
        template: EnvironmentName,
        /// How many there may be.
        limit: u32,
    },
    /// Another branch has the name.
    #[error("`{name}` belongs to the branch `{branch}`")]
    Taken {
        /// The environment.
        name: EnvironmentName,
        /// The other branch.
        branch: String,
    },
    /// No environment can have the name.
    #[error("{0}")]
    Name(String),
}

/// What is made of a branch's name: lower-case letters, digits and `-`, at most 40 of them. Where
/// it had to be changed, or looks as if it had been, a digest of the whole name is behind it.
///
/// ```
/// use shipway_pipeline::branch::slug;
/// assert_eq!(slug("cart"), "cart");
/// assert_eq!(slug("feature/Cart"), "feature-cart-ba2c426a");
/// ```
pub fn slug(branch: &str) -> String {
    let mut label = String::new();
    for letter in branch.chars().map(|letter| letter.to_ascii_lowercase()) {
        if letter.is_ascii_lowercase() || letter.is_ascii_digit() {
            label.push(letter);
        } else if !label.is_empty() && !label.ends_with('-') {
            label.push('-');
        }
    }
    label.truncate(LONGEST);
    let label = label.trim_end_matches('-');
    if label == branch && !label.is_empty() && !ends_with_digest(label) {
        return label.to_owned();
    }
    let digest = Digest::of(branch.as_bytes());
    let digits = &digest.hex()[..DIGITS];
    if label.is_empty() {
        digits.to_owned()
    } else {
        format!("{label}-{digits}")
    }
}

/// Nobody chooses a name that another branch's becomes.
fn ends_with_digest(label: &str) -> bool {
    let last = label.rsplit('-').next().unwrap_or_default();
    last.len() == DIGITS && last.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The name of a branch's environment.
///
/// # Errors
/// The template's name is too long.
pub fn name_of(template: &EnvironmentName, branch: &str) -> Result<EnvironmentName, InvalidName> {
    format!("{template}/{}", slug(branch)).parse()
}

/// Finds a place for a branch: the one that it has, or a new one within the template's limit.
///
/// # Errors
/// There is none.
pub fn admit(
    template: &Environment,
    rules: &PerBranch,
    known: &[BranchEnvironment],
    branch: &str,
) -> Result<Place, Refusal> {
    let name = name_of(&template.name, branch).map_err(|error| Refusal::Name(error.to_string()))?;
    let place = |displaces| Place {
        name: name.clone(),
        template: template.name.clone(),
        displaces,
    };
    let stays = |one: &&BranchEnvironment| !one.is_leaving && one.template == template.name;
    if let Some(present) = known.iter().find(|one| one.name == name) {
        if present.branch != branch {
            let branch = present.branch.clone();
            return Err(Refusal::Taken { name, branch });
        }
        if !present.is_leaving {
            return Ok(place(None));
        }
    }
    if known.iter().filter(stays).count() < rules.limit as usize {
        return Ok(place(None));
    }
    let oldest = known.iter().filter(stays).min_by_key(|one| one.used);
    match (rules.when_full, oldest) {
        (WhenFull::RemoveOldest, Some(oldest)) => Ok(place(Some(oldest.name.clone()))),
        (WhenFull::Refuse, _) | (_, None) => Err(Refusal::Full {
            template: template.name.clone(),
            limit: rules.limit,
        }),
    }
}

/// The environments to which nothing was deployed for longer than their templates allow, or for
/// longer than one may stay whose template is gone.
pub fn outdated<'a>(
    config: &Config,
    known: &'a [BranchEnvironment],
    now: Timestamp,
) -> Vec<&'a BranchEnvironment> {
    let is_old = |one: &&BranchEnvironment| {
        let template = config.templates.get(&one.template);
        let rules = template.and_then(|template| template.per_branch.as_ref());
        let age = match rules {
            Some(rules) => rules.max_age,
            None => Some(LONGEST_LEFTOVER),
        };
        !one.is_leaving && age.is_some_and(|age| now.since(one.used) > age)
    };
    known.iter().filter(is_old).collect()
}

/// The environment of a branch, as its template says.
pub(crate) fn open(template: &Environment, known: &BranchEnvironment) -> Environment {
    let label = known.name.of_branch().map_or("", |(_, label)| label);
    let fill = |text: &String| text.replace(PLACEHOLDER, label);
    let mut opened = template.clone();
    opened.name = known.name.clone();
    opened.branches = vec![known.branch.clone()];
    opened.per_branch = None;
    opened.route.hosts = template.route.hosts.iter().map(fill).collect();
    opened.health.host = template.health.host.as_ref().map(fill);
    opened
}

#[cfg(test)]
mod tests;
