//! What differs between two things that could be deployed, and what each difference means.
//!
//! Works on documents in Compose's words, so that environments (whole Compose documents) and
//! recorded releases (workloads) are compared by the same rules.

mod compare;
mod effect;

use serde::Serialize;
use serde_json::{Map, Value};

pub use compare::{compare, compare_settings};
pub use effect::{Effect, of_key};

use crate::role::Role;

/// One side: services by name, in Compose's words.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Side {
    /// The services with their roles.
    pub services: Vec<Service>,
    /// Top-level volumes, networks, secrets and configs.
    pub resources: Map<String, Value>,
}

/// A service and its role.
#[derive(Debug, Clone, PartialEq)]
pub struct Service {
    /// Its name.
    pub name: String,
    /// Its role, where it is known.
    pub role: Option<Role>,
    /// Its keys.
    pub keys: Value,
}

/// What differs.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Difference {
    /// The services that differ, by name.
    pub services: Vec<ServiceDifference>,
    /// Volumes, networks, secrets and configs that differ.
    pub resources: Vec<Change>,
    /// Settings of `shipway.yml` that differ.
    pub settings: Vec<Change>,
}

/// What differs in one service.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ServiceDifference {
    /// Its name.
    pub name: String,
    /// Its role.
    pub role: Option<Role>,
    /// Whether only one side has it.
    pub presence: Presence,
    /// What the differences mean together.
    pub effect: Effect,
    /// Whether both colours share it, so that what has to be done is a step of its own and
    /// interrupts it.
    pub downtime: bool,
    /// What differs, in the order of the keys.
    pub changes: Vec<Change>,
}

/// Which side has a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    /// Both.
    Both,
    /// Only the second.
    Added,
    /// Only the first.
    Removed,
}

/// A value that differs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// The keys that lead to it.
    pub path: Vec<String>,
    /// On the first side.
    pub before: Option<Value>,
    /// On the second side.
    pub after: Option<Value>,
    /// What it means.
    pub effect: Effect,
}

impl Difference {
    /// Whether nothing differs.
    pub fn is_empty(&self) -> bool {
        self.services.is_empty() && self.resources.is_empty() && self.settings.is_empty()
    }
}

#[cfg(test)]
mod tests;
