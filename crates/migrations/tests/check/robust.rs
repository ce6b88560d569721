//! No input makes the checker panic, hang or forget that it does not know.

use std::path::{Path, PathBuf};

use proptest::prelude::*;
use shipway_migrations::File;

use super::{check_all, rules, start};

/// What checking anything may take, test program and all.
const MOST_MEMORY: u64 = 200 * 1024;

/// Checks what this process took at its most.
#[track_caller]
fn assert_little_memory() {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux tells");
    let mut lines = status.lines();
    let peak = lines.find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = peak.map(|peak| peak.trim().trim_end_matches(" kB"));
    let peak: Option<u64> = peak.and_then(|peak| peak.parse().ok());
    let peak = peak.expect("it is a number");
    assert!(peak < MOST_MEMORY, "{peak} KiB");
}

/// Pieces that migrations are made of.
const PIECES: &[&str] = &[
    "class Migration(migrations.Migration):\n    ",
    "operations = [",
    "]",
    "(",
    ")",
    "{",
    "}",
    ",",
    "\n",
    "    ",
    "migrations.AddField('item', 'x', models.ForeignKey('self', models.CASCADE))",
    "migrations.RunSQL('''",
    "'''",
    "migrations.RenameModel('Item', 'Other')",
    "migrations.AlterField('item', 'id', models.UUIDField(primary_key=True))",
    "f'{x!r:>{y}}'",
    "lambda: ",
    "ALTER TABLE t ",
    "ADD COLUMN ",
    "DROP COLUMN a",
    "$$",
    "$a$",
    "/*",
    "*/",
    "--",
    ";",
    "E'\\'",
    "\"",
    "\\",
    "\u{0}",
    "é",
    "CREATE INDEX ",
    "ON ",
    "DEFAULT ",
    "NOT NULL ",
    "# shipway: allow ",
    "-- shipway: allow x -- y",
    "BEGIN ATOMIC",
    "END",
    "CHECK ",
    "REFERENCES ",
    "\r",
    "\t",
    "\u{feff}",
    "**x",
    "*y",
    "for x in y: ",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_can_be_checked(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..40), noise in ".{0,40}") {
        let text = pieces.concat() + &noise;
        check_all(&[
            start(),
            File::new("shop/migrations/0002_x.py", format!("from django.db import migrations\n{text}")),
            File::new("db/1.sql", text),
        ]);
        assert_little_memory();
    }

    #[test]
    fn any_bytes_can_be_read(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        check_all(&[File::decode("a/migrations/b.py", &bytes), File::decode("b.sql", &bytes)]);
    }

    /// Real pages' examples, cut and mended at random.
    #[test]
    fn mutated_migrations_can_be_checked(rule in 0..shipway_migrations::rules().len(), cut in 0_usize..2000, length in 0_usize..60, piece in prop::sample::select(PIECES)) {
        let page = shipway_migrations::rules()[rule].page;
        let at = page.floor_char_boundary(cut.min(page.len()));
        let end = page.floor_char_boundary((at + length).min(page.len()));
        let text = format!("{}{piece}{}", &page[..at], &page[end..]);
        let python = text.split("```python").nth(1).unwrap_or(&text).replace('\n', "\n    ");
        check_all(&[
            start(),
            File::new("shop/migrations/0002_x.py", format!("class Migration:\n    {python}")),
            File::new("db/1.sql", text),
        ]);
    }
}

#[test]
fn deep_and_long_texts_are_survived() {
    const MANY: usize = 100_000;
    let in_class =
        |text: String| format!("class Migration(migrations.Migration):\n    operations = {text}\n");
    for text in [
        "(".repeat(MANY),
        in_class(format!("{}{}", "[".repeat(MANY), "]".repeat(MANY))),
        in_class(format!("[]{}", " + []".repeat(MANY))),
        in_class(format!("a{}", ".b".repeat(MANY))),
        in_class(format!("a{}", "()".repeat(MANY))),
        in_class(format!("{}x", "not ".repeat(MANY))),
        in_class(format!("{}x", "-".repeat(MANY))),
        in_class(format!("{}x", "lambda a, b: ".repeat(MANY))),
        in_class(format!("{}x", "x if y else ".repeat(MANY))),
        in_class(format!("[{}]", "'a', ".repeat(MANY))),
        in_class(format!("f'{}'", "{x}".repeat(MANY))),
        (0..2_000)
            .map(|n| format!("{}if x:\n", " ".repeat(n)))
            .collect(),
        format!(
            "a0 = []\n{}{}",
            (1..60)
                .map(|n| format!("a{n} = a{} + a{}\n", n - 1, n - 1))
                .collect::<String>(),
            in_class("a59".to_owned())
        ),
        "x".repeat(5 * 1024 * 1024),
        "/*".repeat(MANY),
        "$a$".repeat(MANY) + "$",
        "ALTER TABLE t ADD CHECK ".to_owned() + &"(".repeat(MANY),
        "a,".repeat(MANY),
        ";".repeat(MANY),
        "# shipway: allow x\n".repeat(1_000),
    ] {
        check_all(&[
            File::new("shop/migrations/0001_x.py", text.clone()),
            File::new("db/1.sql", text),
        ]);
        assert_little_memory();
    }
}

#[test]
fn code_that_is_too_deep_is_said_to_be_unknown() {
    let text = format!(
        "class Migration(M):\n    operations = [{}]\n",
        "(".repeat(50_000)
    );
    assert_eq!(
        rules(&check_all(&[File::new("a/migrations/b.py", text)])),
        ["opaque"]
    );
}

/// What CPython itself comes with is parsed, where it is on the machine.
#[test]
fn pythons_own_library_is_accepted() {
    let mut files = Vec::new();
    for root in ["/usr/lib", "/usr/local/lib"] {
        for entry in std::fs::read_dir(root).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().starts_with("python3.") {
                collect(&entry.path(), &mut files);
            }
        }
    }
    files.sort();
    let mut refused = Vec::new();
    for path in files.iter().take(1_500) {
        let bytes = std::fs::read(path).unwrap_or_default();
        let name = format!(
            "shop/migrations/{}",
            path.file_name().unwrap_or_default().to_string_lossy()
        );
        let report = check_all(&[File::decode(name, &bytes)]);
        if rules(&report).contains(&"opaque") {
            refused.push(format!(
                "{}: {}",
                path.display(),
                report.findings[0].message
            ));
        }
    }
    assert!(refused.is_empty(), "{}", refused.join("\n"));
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        // Test data that is wrong on purpose, and other people's packages.
        let is_wrong = ["bad", "test", "lib2to3", "packages"]
            .iter()
            .any(|part| name.contains(part));
        if is_wrong || path.is_symlink() {
            continue;
        }
        if path.is_dir() {
            collect(&path, files);
        } else if name.ends_with(".py") {
            files.push(path);
        }
    }
}
