//! How a committed page differs from what it should be, in a few lines.

/// More than this is read better with git, after writing the page.
const SHOWN: usize = 20;

/// Lines that only one of the two texts has, where they first part.
pub(crate) fn difference(present: &str, wanted: &str) -> String {
    let present: Vec<&str> = present.lines().collect();
    let wanted: Vec<&str> = wanted.lines().collect();
    let before = common(present.iter(), wanted.iter());
    let present_rest = &present[before..];
    let wanted_rest = &wanted[before..];
    let after = common(present_rest.iter().rev(), wanted_rest.iter().rev());
    let old = &present_rest[..present_rest.len() - after];
    let new = &wanted_rest[..wanted_rest.len() - after];
    let changed = old
        .iter()
        .map(|line| format!("  - {line}"))
        .chain(new.iter().map(|line| format!("  + {line}")));
    let mut lines = vec![format!("  from line {}:", before + 1)];
    lines.extend(changed.take(SHOWN));
    let left = (old.len() + new.len()).saturating_sub(SHOWN);
    if left > 0 {
        lines.push(format!("  … and {left} more lines"));
    }
    lines.join("\n")
}

fn common<'a>(
    one: impl Iterator<Item = &'a &'a str>,
    other: impl Iterator<Item = &'a &'a str>,
) -> usize {
    one.zip(other)
        .take_while(|(one, other)| one == other)
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_changed_is_shown() {
        assert_eq!(
            difference("a\nb\nc\n", "a\nB\nc\n"),
            "  from line 2:\n  - b\n  + B"
        );
        assert_eq!(difference("", "a\n"), "  from line 1:\n  + a");
        assert_eq!(difference("a\na\n", "a\n"), "  from line 2:\n  - a");
    }

    #[test]
    fn a_long_change_is_cut_short() {
        let long = "x\n".repeat(50);
        assert!(difference("", &long).ends_with("… and 30 more lines"));
    }
}
