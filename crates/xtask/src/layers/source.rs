//! Files stay small, and `lib.rs` is a table of contents.

use super::Finding;
use super::facts::SourceFile;

/// No Rust file is longer.
const MOST: usize = 800;
/// From here on a file is worth splitting; its tests are not counted.
const LONG: usize = 400;

pub(super) fn check(file: &SourceFile) -> Vec<Finding> {
    let mut findings = Vec::new();
    let all = file.text.lines().count();
    let own = lines_without_tests(file);
    if all > MOST {
        findings.push(Finding::Error(format!(
            "{} has {all} lines, the most is {MOST}",
            file.path
        )));
    } else if own > LONG {
        findings.push(Finding::Warning(format!(
            "{} has {own} lines without its tests; from {LONG} on, split it by concept",
            file.path
        )));
    }
    if file.path.ends_with("/src/lib.rs")
        && let Some(line) = first_item(&file.text)
    {
        findings.push(Finding::Error(format!(
            "{} holds docs, modules and re-exports only, but has `{line}`",
            file.path
        )));
    }
    findings
}

fn lines_without_tests(file: &SourceFile) -> usize {
    let is_test = file.path.ends_with("tests.rs") || file.path.contains("/tests/");
    if is_test {
        return 0;
    }
    let lines: Vec<&str> = file.text.lines().collect();
    lines
        .windows(2)
        // `#[cfg(test)] mod name;` names a file; with a body it is the file's last part.
        .position(|pair| {
            pair[0] == "#[cfg(test)]" && pair[1].starts_with("mod ") && pair[1].ends_with('{')
        })
        .unwrap_or(lines.len())
}

/// The first line at the margin that begins an item with a body.
fn first_item(text: &str) -> Option<&str> {
    const ITEMS: [&str; 8] = [
        "async fn", "const", "enum", "fn", "impl", "static", "struct", "trait",
    ];
    text.lines().find(|line| {
        let item = match line.strip_prefix("pub") {
            Some(rest) => rest.split_once(' ').map_or("", |(_, rest)| rest),
            None => line,
        };
        ITEMS.iter().any(|keyword| {
            item.strip_prefix(keyword)
                .is_some_and(|rest| rest.starts_with([' ', '<']))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: String) -> Vec<Finding> {
        check(&SourceFile {
            path: path.to_owned(),
            text,
        })
    }

    #[test]
    fn long_files_are_refused_and_longish_ones_mentioned() {
        let path = "crates/store/src/store.rs";
        assert_eq!(found(path, "//\n".repeat(400)), []);
        assert!(matches!(
            found(path, "//\n".repeat(401))[..],
            [Finding::Warning(_)]
        ));
        assert!(matches!(
            found(path, "//\n".repeat(801))[..],
            [Finding::Error(_)]
        ));
    }

    #[test]
    fn tests_do_not_make_a_file_longish() {
        let text = format!(
            "{}#[cfg(test)]\nmod tests {{\n{}}}\n",
            "//\n".repeat(300),
            "//\n".repeat(200)
        );
        assert_eq!(found("crates/store/src/store.rs", text), []);
        assert_eq!(found("crates/store/tests/all.rs", "//\n".repeat(500)), []);
    }

    #[test]
    fn lib_rs_is_a_table_of_contents() {
        let path = "crates/store/src/lib.rs";
        let good = "//! Docs.\n\nmod audit;\npub mod store;\n\npub use audit::{\n    Audit,\n};\n";
        assert_eq!(found(path, good.to_owned()), []);
        for item in [
            "pub fn a() {}",
            "struct A;",
            "pub(crate) const A: u8 = 1;",
            "impl<T> A<T> {}",
        ] {
            assert_eq!(found(path, format!("{good}{item}\n")).len(), 1, "{item}");
        }
        assert_eq!(found("crates/store/src/a.rs", "fn a() {}\n".to_owned()), []);
    }
}
