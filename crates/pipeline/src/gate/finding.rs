//! What scanners find, whatever the format of their report.

use std::fmt;

use super::Waiver;
use crate::time::Timestamp;

/// Something that a scanner found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Finding {
    /// The name of its rule or vulnerability.
    pub(super) name: String,
    /// What else it is called by.
    pub(super) aliases: Vec<String>,
    /// The file or the package.
    pub(super) place: Option<String>,
    /// What the scanner says of it. Lines and columns are no part of it: they move.
    pub(super) message: String,
}

/// Findings apart from those that people let through.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Sifted {
    /// What counts, in words.
    pub(super) left: Vec<String>,
    /// What was let through, and by whom.
    pub(super) waived: Vec<String>,
}

// === impl Finding ===

impl Finding {
    /// Whether both tell of the same thing, wherever in the file it stands.
    fn is_same(&self, other: &Self) -> bool {
        (&self.name, &self.place, &self.message) == (&other.name, &other.place, &other.message)
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Some(place) => write!(f, "{} ({place})", self.name),
            None => f.write_str(&self.name),
        }
    }
}

/// Those that are not in the baseline. Two of the same kind are covered by two of the baseline.
pub(super) fn beyond(found: Vec<Finding>, mut baseline: Vec<Finding>) -> Vec<Finding> {
    let is_new = |one: &Finding| match baseline.iter().position(|known| known.is_same(one)) {
        Some(known) => {
            baseline.swap_remove(known);
            false
        }
        None => true,
    };
    found.into_iter().filter(is_new).collect()
}

/// Takes away what a waiver lets through. A waiver that has ended is named with what it left.
pub(super) fn sift(found: &[Finding], waivers: &[Waiver], now: Timestamp) -> Sifted {
    let mut sifted = Sifted::default();
    for finding in found {
        let mut of_it = waivers.iter().filter(|waiver| waiver.is_for(finding));
        let holding = of_it.clone().find(|waiver| waiver.holds(now));
        match (holding, of_it.next()) {
            (Some(waiver), _) => sifted.waived.push(format!("{finding}: {waiver}")),
            (None, Some(ended)) => {
                let (owner, expires) = (&ended.owner, ended.expires);
                let told = format!("{finding}, waived by {owner} until {expires}");
                sifted.left.push(told);
            }
            (None, None) => sifted.left.push(finding.to_string()),
        }
    }
    sifted
}

#[cfg(test)]
mod tests {
    use super::super::waiver::testing::waiver;
    use super::*;

    fn finding(name: &str, place: &str) -> Finding {
        Finding {
            name: name.to_owned(),
            aliases: Vec::new(),
            place: Some(place.to_owned()),
            message: "no".to_owned(),
        }
    }

    #[test]
    fn a_baseline_covers_as_many_as_it_has() {
        let one = finding("B105", "a.py");
        let found = vec![one.clone(), one.clone(), finding("B105", "b.py")];
        assert_eq!(
            beyond(found, vec![one.clone(), finding("B106", "b.py")]),
            [one, finding("B105", "b.py")]
        );
    }

    #[test]
    fn a_waiver_that_ended_lets_nothing_through() {
        let found = [finding("B105", "a.py"), finding("B106", "a.py")];
        let waivers = [waiver("B105", None), waiver("B106", None)];
        let sifted = sift(&found, &waivers[..1], Timestamp(0));
        assert_eq!(sifted.left, ["B106 (a.py)"]);
        assert_eq!(
            sifted.waived,
            ["B105 (a.py): waived by anna until 1970-01-02: tests only"]
        );
        let sifted = sift(&found, &waivers, Timestamp(2 * 86_400_000));
        assert!(sifted.waived.is_empty());
        assert_eq!(
            sifted.left[0],
            "B105 (a.py), waived by anna until 1970-01-02"
        );
    }
}
