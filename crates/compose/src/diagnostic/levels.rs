//! What a user says about how serious problems are.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

use super::{Code, Diagnostic, Level, Severity};

/// Levels that differ from the defaults.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Levels {
    by_code: BTreeMap<Code, Level>,
    denies_warnings: bool,
}

/// A file with this problem cannot be used, whatever anybody says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("`{code}` is always an error: a file with it cannot be used")]
pub struct AlwaysError {
    /// The problem.
    pub code: Code,
}

// === impl Levels ===

impl Levels {
    /// Makes the default levels.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the level of one code, over what was set before.
    ///
    /// # Errors
    ///
    /// The code is always an error.
    pub fn try_set(&mut self, code: Code, level: Level) -> Result<(), AlwaysError> {
        if code.is_fatal() && level != Level::Error {
            return Err(AlwaysError { code });
        }
        self.by_code.insert(code, level);
        Ok(())
    }

    /// Makes every warning an error.
    pub fn deny_warnings(&mut self) {
        self.denies_warnings = true;
    }

    /// Adds levels that win over these.
    #[must_use]
    pub fn with(mut self, over: &Self) -> Self {
        self.by_code.extend(&over.by_code);
        self.denies_warnings |= over.denies_warnings;
        self
    }

    /// Returns whether all levels are the defaults.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_code.is_empty() && !self.denies_warnings
    }

    /// Returns how serious a problem is.
    #[must_use]
    pub fn level(&self, code: Code) -> Level {
        let level = self.by_code.get(&code).copied();
        match level.unwrap_or_else(|| code.default_level()) {
            Level::Warning if self.denies_warnings => Level::Error,
            level => level,
        }
    }

    /// Makes diagnostics as serious as they shall be, and drops those that are off.
    #[must_use]
    pub fn apply(&self, diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
        let judged = diagnostics.into_iter().filter_map(|diagnostic| {
            let severity = match self.level(diagnostic.code) {
                Level::Error => Severity::Error,
                Level::Warning => Severity::Warning,
                Level::Off => return None,
            };
            Some(Diagnostic {
                severity,
                ..diagnostic
            })
        });
        judged.collect()
    }
}

/// The levels that were set, by code; denied warnings are a matter of one run.
impl Serialize for Levels {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(&self.by_code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn severities(levels: &Levels) -> Vec<(Code, Severity)> {
        let all = [Code::WrongType, Code::UnknownKey, Code::FloatingTag];
        let diagnostics = all.map(|code| Diagnostic::new(code, "m")).to_vec();
        let judged = levels.apply(diagnostics);
        judged.iter().map(|one| (one.code, one.severity)).collect()
    }

    #[test]
    fn without_a_word_the_defaults_hold() {
        assert_eq!(
            severities(&Levels::new()),
            [
                (Code::WrongType, Severity::Error),
                (Code::UnknownKey, Severity::Error),
                (Code::FloatingTag, Severity::Warning),
            ]
        );
    }

    #[test]
    fn what_can_be_lowered_is_lowered_or_dropped() {
        let mut levels = Levels::new();
        levels.try_set(Code::UnknownKey, Level::Warning).unwrap();
        levels.try_set(Code::FloatingTag, Level::Off).unwrap();
        assert_eq!(
            severities(&levels),
            [
                (Code::WrongType, Severity::Error),
                (Code::UnknownKey, Severity::Warning)
            ]
        );
    }

    #[test]
    fn what_makes_a_file_unusable_stays_an_error() {
        let mut levels = Levels::new();
        for level in [Level::Warning, Level::Off] {
            let error = levels.try_set(Code::WrongType, level).unwrap_err();
            assert_eq!(
                error.to_string(),
                "`wrong-type` is always an error: a file with it cannot be used"
            );
        }
        levels.try_set(Code::WrongType, Level::Error).unwrap();
        assert_eq!(severities(&levels).len(), 3);
    }

    #[test]
    fn denied_warnings_are_errors_and_what_is_off_stays_off() {
        let mut levels = Levels::new();
        levels.deny_warnings();
        assert!(
            severities(&levels)
                .iter()
                .all(|(_, it)| *it == Severity::Error)
        );
        levels.try_set(Code::FloatingTag, Level::Off).unwrap();
        assert_eq!(severities(&levels).len(), 2);
    }

    #[test]
    fn later_levels_win() {
        let mut project = Levels::new();
        project.try_set(Code::FloatingTag, Level::Off).unwrap();
        project.try_set(Code::UnknownKey, Level::Warning).unwrap();
        let mut environment = Levels::new();
        environment
            .try_set(Code::FloatingTag, Level::Error)
            .unwrap();
        let both = project.with(&environment);
        assert_eq!(both.level(Code::FloatingTag), Level::Error);
        assert_eq!(both.level(Code::UnknownKey), Level::Warning);
    }
}
