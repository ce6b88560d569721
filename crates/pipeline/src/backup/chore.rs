//! What is done about backups without anybody asking for it.

use serde::{Deserialize, Serialize};

/// What is done about backups without anybody asking for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Chore {
    /// A backup is made when its schedule says so, and what nothing keeps then is removed.
    #[default]
    Make,
    /// What the environment's bucket lacks is copied there.
    Copy,
    /// The newest backup is restored into a scratch database, and compared.
    Prove,
}

// === impl Chore ===

impl Chore {
    /// In the order in which they are done: what was just made is copied and proven.
    pub const ALL: [Self; 3] = [Self::Make, Self::Copy, Self::Prove];

    /// The chore's name as records write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Make => "make",
            Self::Copy => "copy",
            Self::Prove => "prove",
        }
    }
}
