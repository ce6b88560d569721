//! The page on Compose support, made from the loader's own table.

use std::fmt::Write as _;

use shipway_compose::support::{ENTRIES, Entry, Support};

const HEAD: &str = "\
# Compose files: what is read and what becomes of it

<!-- Made by `cargo xtask generate`. -->

Shipway reads Compose files as Docker Compose 2.26 does; [compose-differences.md](compose-differences.md) lists where it does not, and why. Every key of the specification is read, its value is checked, and a key that the specification does not know is refused, with the one that was perhaps meant. Keys that begin with `x-` are kept.

";

const SECTIONS: [(&str, &str); 2] = [("At the top", ""), ("Services", "services.*.")];

/// The page.
pub(crate) fn compose() -> String {
    let mut page = HEAD.to_owned();
    page.push_str("| word | what it means |\n| --- | --- |\n");
    for support in Support::ALL {
        let _ = writeln!(page, "| {} | {} |", support.as_str(), support.meaning());
    }
    page.push_str("\nA key stands for everything below it that has no row of its own. Containers are run by Docker Compose, which gets all that is passed on; the process runtime is the one that runs without an engine.\n");
    for (heading, prefix) in SECTIONS {
        let _ = write!(page, "\n## {heading}\n\n| key | | |\n| --- | --- | --- |\n");
        for entry in ENTRIES {
            if let Some(key) = below(prefix, entry) {
                let _ = writeln!(
                    page,
                    "| `{key}` | {} | {} |",
                    entry.support.as_str(),
                    entry.note
                );
            }
        }
    }
    page
}

/// The key as its section names it; nothing where it belongs to another one.
fn below<'e>(prefix: &str, entry: &'e Entry) -> Option<&'e str> {
    if prefix.is_empty() {
        return (!entry.key.contains('.')).then_some(entry.key);
    }
    entry.key.strip_prefix(prefix)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_has_one_row() {
        let page = compose();
        let rows = page.lines().filter(|line| line.starts_with("| `")).count();
        assert_eq!(rows, ENTRIES.len());
    }
}
