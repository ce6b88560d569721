//! What a check goes by.

use std::collections::BTreeMap;

/// How serious a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Not told.
    Off,
    /// Good to know.
    Info,
    /// Look at it.
    Warning,
    /// Not to be deployed like this.
    Error,
}

/// What a check goes by.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The major version of the PostgreSQL server.
    pub postgres: u32,
    /// Severities other than the rules' own, by the rule's id.
    pub severities: BTreeMap<String, Severity>,
    /// Whether whoever runs files of SQL wraps each in a transaction, as most tools do.
    pub sql_in_transaction: bool,
    /// Whether whoever runs the migrations sets `lock_timeout`.
    pub has_lock_timeout: bool,
}

/// Rules about what locks a table or writes it anew, and about nothing else.
const ABOUT_LOCKS: &[&str] = &[
    "add-check",
    "add-fk",
    "add-pk",
    "add-unique",
    "concurrent-in-transaction",
    "concurrent-retry",
    "exclusion",
    "heavy",
    "index-create",
    "index-drop",
    "inline-check",
    "lock-then-work",
    "new-table-fk",
    "no-lock-timeout",
    "reindex",
    "set-not-null",
    "volatile-default",
];

// === impl Severity ===

impl Severity {
    /// Returns the word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }

    /// Finds the severity that a word stands for.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Off, Self::Info, Self::Warning, Self::Error]
            .into_iter()
            .find(|severity| severity.as_str() == word)
    }
}

// === impl Settings ===

impl Settings {
    /// Turns off what is only about PostgreSQL's locks, unless somebody gave it a severity.
    #[must_use]
    pub fn without_locks(mut self) -> Self {
        for rule in ABOUT_LOCKS {
            let severity = self.severities.entry((*rule).to_owned());
            severity.or_insert(Severity::Off);
        }
        self
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            // The oldest release that its makers still look after.
            postgres: 14,
            severities: BTreeMap::new(),
            sql_in_transaction: true,
            has_lock_timeout: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_about_locks_are_rules_and_can_be_turned_on() {
        for id in ABOUT_LOCKS {
            assert!(crate::rule(id).is_some(), "{id}");
        }
        let mut settings = Settings::default();
        let asked = ("add-fk".to_owned(), Severity::Error);
        settings.severities.extend([asked]);
        let settings = settings.without_locks();
        assert_eq!(settings.severities["add-fk"], Severity::Error);
        assert_eq!(settings.severities["add-unique"], Severity::Off);
        assert!(!settings.severities.contains_key("drop-column"));
    }
}
