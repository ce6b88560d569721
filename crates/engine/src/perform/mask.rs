//! Hides the store's secrets in what applications write: it ends in the journal and on screens.

use shipway_pipeline::deployment::Failure;
use shipway_pipeline::journal::Detail;
use shipway_pipeline::workload::FileKind;
use shipway_runtime::FileContents;

use super::Performed;
use crate::event::Kind;

/// What stands in place of a secret.
const MASK: &str = "********";

/// Shorter values and lines stand for too much else, such as `yes` or `shop`.
const SHORTEST: usize = 6;

/// The texts that are hidden.
#[derive(Debug, Default)]
pub(super) struct Mask {
    /// The longest first: one may be a part of another.
    hidden: Vec<Hidden>,
}

struct Hidden(String);

impl std::fmt::Debug for Hidden {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(MASK)
    }
}

// === impl Mask ===

impl Mask {
    /// Hides each line of what these hold: a key may take several.
    pub(super) fn new<'a>(contents: impl IntoIterator<Item = &'a FileContents>) -> Self {
        let values = contents.into_iter().flatten();
        // A config is no secret, and much of what it holds is said elsewhere as well.
        let secrets = values.filter(|(key, _)| key.kind == FileKind::Secret);
        let mut hidden: Vec<Hidden> = secrets
            .filter_map(|(_, value)| std::str::from_utf8(value.expose()).ok())
            .flat_map(str::lines)
            .map(str::trim)
            .filter(|line| line.len() >= SHORTEST)
            .map(|line| Hidden(line.to_owned()))
            .collect();
        hidden.sort_by_key(|one| std::cmp::Reverse(one.0.len()));
        Self { hidden }
    }

    /// A text without them.
    pub(super) fn text(&self, mut text: String) -> String {
        for Hidden(secret) in &self.hidden {
            if text.contains(secret.as_str()) {
                text = text.replace(secret.as_str(), MASK);
            }
        }
        text
    }

    /// A failure without them.
    pub(super) fn failure(&self, failure: Failure) -> Failure {
        Failure {
            reason: self.text(failure.reason),
            evidence: self.lines(failure.evidence),
        }
    }

    /// What came of a step, without them.
    pub(super) fn performed(&self, performed: Performed) -> Performed {
        match performed {
            Ok(Some(Detail::Ran { last_lines })) => Ok(Some(Detail::Ran {
                last_lines: self.lines(last_lines),
            })),
            Ok(Some(Detail::Migrated {
                turn,
                changed,
                before,
                after,
                attempts,
                last_lines,
            })) => Ok(Some(Detail::Migrated {
                last_lines: self.lines(last_lines),
                turn,
                changed,
                before,
                after,
                attempts,
            })),
            Ok(detail) => Ok(detail),
            Err(failure) => Err(self.failure(failure)),
        }
    }

    /// What is told of applications, without them.
    pub(super) fn event(&self, kind: Kind) -> Kind {
        match kind {
            Kind::Output { deployment, line } => Kind::Output {
                deployment,
                line: self.text(line),
            },
            Kind::Health {
                deployment,
                instance,
                healthy,
                detail,
            } => Kind::Health {
                deployment,
                instance,
                healthy,
                detail: self.text(detail),
            },
            kind => kind,
        }
    }

    pub(super) fn lines(&self, lines: Vec<String>) -> Vec<String> {
        lines.into_iter().map(|line| self.text(line)).collect()
    }
}

#[cfg(test)]
mod tests {
    use shipway_pipeline::secret::SecretValue;
    use shipway_pipeline::workload::FileKey;

    use super::*;

    fn mask(values: &[(FileKind, &str)]) -> Mask {
        let files: FileContents = values
            .iter()
            .enumerate()
            .map(|(number, (kind, value))| {
                let key = FileKey {
                    kind: *kind,
                    name: number.to_string(),
                };
                (key, SecretValue::new(value.as_bytes().to_vec()))
            })
            .collect();
        Mask::new([&files])
    }

    #[test]
    fn every_line_of_a_secret_is_hidden_and_nothing_else() {
        let mask = mask(&[
            (FileKind::Secret, "-----BEGIN-----\nabcdefgh\n"),
            (FileKind::Secret, "abcdefghij"),
            (FileKind::Secret, "no"),
            (FileKind::Config, "listen 8000"),
        ]);
        let shown = |text: &str| mask.text(text.to_owned());
        assert_eq!(
            shown("key abcdefgh, no abcdefghij"),
            "key ********, no ********"
        );
        assert_eq!(shown("listen 8000"), "listen 8000");
        let failure = mask.failure(Failure {
            reason: "abcdefgh is wrong".to_owned(),
            evidence: vec!["cannot use abcdefghij".to_owned()],
        });
        assert_eq!(failure.reason, "******** is wrong");
        assert_eq!(failure.evidence, ["cannot use ********"]);
        assert!(!format!("{mask:?}").contains("abcdefgh"));
    }
}
