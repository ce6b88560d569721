//! What moved in a remote repository between two looks at its branches.

use std::collections::BTreeMap;

use crate::push::{CommitId, Push, Reference};

/// Where the branches of a repository stand.
pub type Heads = BTreeMap<Reference, CommitId>;

/// Reads what `git ls-remote` lists. Branches whose names are not taken, and everything that is no
/// branch, are left out.
pub fn read(listing: &str) -> Heads {
    let lines = listing.lines().filter_map(|line| {
        let (commit, name) = line.split_once('\t')?;
        let reference: Reference = name.parse().ok()?;
        reference.branch()?;
        Some((reference, commit.parse().ok()?))
    });
    lines.collect()
}

/// The pushes that lead from one look to the next, deletions first: they make room.
///
/// ```
/// use shipway_pipeline::poll::{moved, read};
/// let (one, two) = ("1".repeat(40), "2".repeat(40));
/// let before = read(&format!("{one}\trefs/heads/main\n{one}\trefs/heads/old\n"));
/// let after = read(&format!("{two}\trefs/heads/main\n"));
/// let pushes = moved(&before, &after, "origin");
/// assert_eq!(pushes.len(), 2);
/// assert!(pushes[0].new.is_none() && pushes[0].reference.branch() == Some("old"));
/// ```
pub fn moved(before: &Heads, after: &Heads, by: &str) -> Vec<Push> {
    let push = |reference: &Reference, old: Option<&CommitId>, new: Option<&CommitId>| Push {
        repository: None,
        reference: reference.clone(),
        old: old.cloned(),
        new: new.cloned(),
        by: by.to_owned(),
    };
    let ended = before
        .iter()
        .filter(|(reference, _)| !after.contains_key(reference))
        .map(|(reference, old)| push(reference, Some(old), None));
    let other = after
        .iter()
        .filter(|(reference, new)| before.get(reference) != Some(new))
        .map(|(reference, new)| push(reference, before.get(reference), Some(new)));
    ended.chain(other).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heads(lines: &[(&str, char)]) -> Heads {
        let lines = lines.iter().map(|(name, digit)| {
            let commit = digit.to_string().repeat(40);
            format!("{commit}\t{name}\n")
        });
        read(&lines.collect::<String>())
    }

    #[test]
    fn only_branches_of_people_are_read() {
        let found = heads(&[
            ("HEAD", '1'),
            ("refs/heads/main", '1'),
            ("refs/heads/a b", '1'),
            ("refs/heads/../x", '1'),
            ("refs/tags/v1", '1'),
            ("refs/pull/1/head", '1'),
        ]);
        assert_eq!(found.len(), 1);
        assert_eq!(
            read("warning: something\nnone\trefs/heads/main\n"),
            Heads::new()
        );
    }

    #[test]
    fn what_stays_is_no_push() {
        let before = heads(&[("refs/heads/main", '1'), ("refs/heads/a", '1')]);
        assert_eq!(moved(&before, &before, "origin"), []);
        let after = heads(&[("refs/heads/main", '1'), ("refs/heads/b", '2')]);
        let names: Vec<(bool, Option<String>)> = moved(&before, &after, "origin")
            .into_iter()
            .map(|push| {
                (
                    push.new.is_some(),
                    push.reference.branch().map(str::to_owned),
                )
            })
            .collect();
        assert_eq!(
            names,
            [(false, Some("a".to_owned())), (true, Some("b".to_owned()))]
        );
    }
}
