//! Whatever the bytes are, an answer comes, soon and in bounded memory.
//!
//! Nothing is timed: work is bounded by limits of the loader, and what runs away
//! fails by the runner's timeout. `cargo xtask fuzz` tries for longer.

use std::cell::Cell;
use std::io;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use shipway_compose::diagnostic::Diagnostic;
use shipway_compose::load::{Request, load};
use shipway_compose::yaml::{Limits, parse};
use shipway_compose::{LoadError, SourceFile, dotenv};

use super::mutate::mutated;
use super::project::{DIRECTORY, Given, Refusal};

/// What every run of the tests affords, in a build without optimisations.
const CASES: u32 = 256;

#[test]
fn any_text_gets_an_answer() {
    run(&"\\PC{0,200}", |text| {
        drop(load_text(&text));
        Ok(())
    });
}

#[test]
fn any_bytes_that_are_text_get_an_answer() {
    run(&prop::collection::vec(any::<u8>(), 0..300), |bytes| {
        drop(load_text(&String::from_utf8_lossy(&bytes)));
        Ok(())
    });
}

#[test]
fn text_of_yaml_parts_gets_an_answer() {
    let part = prop::sample::select(
        &[
            "services:",
            "web:",
            "image: a",
            "- ",
            "? ",
            ": ",
            "\n",
            "\n  ",
            "\n    ",
            "&a ",
            "*a",
            "<<: ",
            "!reset ",
            "!override ",
            "{",
            "}",
            "[",
            "]",
            ",",
            "'",
            "\"",
            "|\n",
            ">-\n",
            "#",
            "---\n",
            "...\n",
            "${A:-",
            "}",
            "$$",
            "%YAML 1.1\n",
            "\t",
            "\u{feff}",
            "\u{85}",
            "~",
            "extends: web",
            "include: [compose.yml]",
            "ports: ['1-9:1-9']",
            "0o7",
            ".nan",
            "é",
        ][..],
    );
    run(&prop::collection::vec(part, 0..40), |parts| {
        drop(load_text(&parts.concat()));
        Ok(())
    });
}

#[test]
fn changed_projects_of_the_corpus_get_an_answer() {
    let accepted = Cell::new(0_u32);
    run(&mutated(), |given| {
        match given.load() {
            Ok(_) => accepted.set(accepted.get() + 1),
            Err(Refusal::Files(error)) => {
                // Whatever is refused says why, and where as long as there is a where.
                prop_assert!(
                    error.diagnostics.iter().any(Diagnostic::is_error),
                    "{given}"
                );
                prop_assert!(!error.to_string().is_empty(), "{given}");
            }
            Err(Refusal::Options(_)) => {}
        }
        Ok(())
    });
    println!(
        "{} of {CASES} changed projects are still valid",
        accepted.get()
    );
}

#[test]
fn any_environment_file_gets_an_answer() {
    run(&"[A-Z=\"'\\\\ #$:{}?\\n\\-a]{0,80}", |text| {
        drop(dotenv::parse(&text, 0, &|_| Some("$A".to_owned())));
        Ok(())
    });
}

#[test]
fn alias_bombs_are_refused() {
    let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        let before = level - 1;
        let aliases = format!("*a{before}, ").repeat(10);
        text.push_str(&format!("a{level}: &a{level} [{aliases}]\n"));
    }
    assert_refused(&text, "limit");
    let merged = "x-a: &a {k: 1}\nx-b: &b {<<: [*a, *a], l: *a}\n".to_owned()
        + &(0..60)
            .map(|level| format!("x-{level}: &c{level} {{p: [*b, *b], q: *b}}\n"))
            .collect::<String>();
    drop(load_text(&merged));
}

#[test]
fn growth_by_variables_is_bounded() {
    // Each line doubles: 2 to the 60th is more than any machine has.
    let doubling: String = (1..=60)
        .map(|n| format!("V{n}=${{V{0}}}${{V{0}}}\n", n - 1))
        .collect();
    let given = Given {
        files: [
            (
                "compose.yml",
                "services: {web: {image: a, env_file: a.env}}",
            ),
            ("a.env", &format!("V0=x\n{doubling}")),
        ]
        .map(|(name, text)| (name.to_owned(), text.to_owned()))
        .into(),
        ..Given::default()
    };
    assert!(matches!(given.load(), Err(Refusal::Files(_))));
    let long = "v".repeat(1_000_000);
    let uses = "$A".repeat(10_000);
    let text = format!("services: {{web: {{image: \"{uses}\"}}}}");
    let files = [source("compose.yml", text)];
    let variables = |_: &str| Some(long.clone());
    let request = Request::new(&files, DIRECTORY).with_variables(&variables);
    assert!(load(&request, &mut nothing).is_err());
}

#[test]
fn deep_nesting_is_refused() {
    for (open, close) in [("[", "]"), ("{a: ", "}")] {
        let text = format!("x-a: {}{}", open.repeat(100_000), close.repeat(100_000));
        assert_refused(&text, "");
    }
    let block: String = (0..3_000)
        .map(|depth| format!("{}a:\n", " ".repeat(depth)))
        .collect();
    assert_refused(&block, "");
    let dashes = format!("x-a:\n  {}x\n", "- ".repeat(100_000));
    assert_refused(&dashes, "");
}

#[test]
fn cycles_end() {
    for text in [
        "x-a: &a [*a]\nservices: {web: {image: a}}",
        "x-a: &a {<<: *a}\nservices: {web: {image: a}}",
        "services: {web: {image: a, extends: web}}",
        "services: {a: {image: a, extends: b}, b: {image: b, extends: a}}",
        "include: [compose.yml]\nservices: {web: {image: a}}",
        "services: {a: {image: a, depends_on: [b]}, b: {image: b, depends_on: [a]}}",
    ] {
        assert_refused(text, "");
    }
}

#[test]
fn chains_of_files_without_an_end_are_refused() {
    // Every file that is asked for is there, and names the next one.
    let count = Cell::new(0_u32);
    for kind in ["include: [sub/compose.yml]\n", ""] {
        let mut files = |_: &str| -> io::Result<String> {
            count.set(count.get() + 1);
            Ok(format!(
                "{kind}services: {{a: {{image: a, extends: {{file: sub/compose.yml, service: a}}}}}}"
            ))
        };
        let text = format!(
            "{kind}services: {{web: {{image: a, extends: {{file: sub/compose.yml, service: a}}}}}}"
        );
        let sources = [source("compose.yml", text)];
        let request = Request::new(&sources, DIRECTORY);
        assert!(load(&request, &mut files).is_err());
    }
    assert!(count.get() < 10_000, "{} files were read", count.get());
}

#[test]
fn includes_that_branch_without_an_end_are_refused() {
    let count = Cell::new(0_u32);
    let mut files = |_: &str| -> io::Result<String> {
        count.set(count.get() + 1);
        Ok("include: [a/compose.yml, b/compose.yml]\n".to_owned())
    };
    let sources = [source(
        "compose.yml",
        "include: [a/compose.yml, b/compose.yml]",
    )];
    assert!(load(&Request::new(&sources, DIRECTORY), &mut files).is_err());
    assert!(count.get() < 10_000, "{} files were read", count.get());
}

#[test]
fn urls_are_refused_with_a_reason() {
    for text in [
        "include: ['https://example.com/compose.yml']\nservices: {web: {image: a}}",
        "include: ['oci://registry.example/x:1']\nservices: {web: {image: a}}",
        "include: ['git@example.com:x/y.git']\nservices: {web: {image: a}}",
        "services: {web: {image: a, extends: {file: 'https://example.com/c.yml', service: a}}}",
    ] {
        let mut asked = Vec::new();
        let mut files = |path: &str| -> io::Result<String> {
            asked.push(path.to_owned());
            Err(io::ErrorKind::NotFound.into())
        };
        let sources = [source("compose.yml", text)];
        let error = load(&Request::new(&sources, DIRECTORY), &mut files).unwrap_err();
        assert!(error.to_string().contains("remote"), "{error}");
        assert!(asked.is_empty(), "{asked:?}");
    }
}

#[test]
fn large_files_get_an_answer() {
    let ten_megabytes = "a comment of some length, again and again\n".len();
    let comments =
        "# a comment of some length, again and again\n".repeat(10_000_000 / ten_megabytes);
    let text = format!("{comments}services: {{web: {{image: a}}}}\n");
    assert!(load_text(&text).is_ok(), "comments are no burden");
    let services: String = (0..200_000)
        .map(|n| format!("  s{n}: {{image: \"a:{n}\", tty: true}}\n"))
        .collect();
    assert_refused(&format!("services:\n{services}"), "");
    let line = format!(
        "services: {{web: {{image: a, command: \"{}\"}}}}",
        "x ".repeat(5_000_000)
    );
    drop(load_text(&line));
}

#[test]
fn broken_text_from_files_is_refused() {
    for kind in [
        io::ErrorKind::InvalidData,
        io::ErrorKind::PermissionDenied,
        io::ErrorKind::Other,
    ] {
        for text in [
            "include: [a.yml]\nservices: {web: {image: a}}",
            "services: {web: {image: a, env_file: a.env}}",
            "services: {web: {image: a, label_file: a.labels}}",
            "services: {web: {extends: {file: a.yml, service: a}}}",
        ] {
            let sources = [source("compose.yml", text)];
            let mut files = |_: &str| -> io::Result<String> { Err(kind.into()) };
            let error = load(&Request::new(&sources, DIRECTORY), &mut files).unwrap_err();
            assert!(!error.to_string().is_empty());
        }
    }
}

#[test]
fn the_limits_of_the_parser_hold() {
    let limits = Limits {
        depth: 10,
        nodes: 100,
        text: 1000,
    };
    run(&"[a-c&*:{}\\[\\], \\n-]{0,120}", |text| {
        if let Ok(tree) = parse(&text, 0, limits) {
            prop_assert!(count_nodes(&tree) <= limits.nodes);
        }
        Ok(())
    });
}

fn count_nodes(node: &shipway_compose::yaml::Node) -> usize {
    let below: usize = match (node.as_map(), node.as_sequence()) {
        (Some(mapping), _) => mapping.iter().map(|(_, value)| count_nodes(value)).sum(),
        (_, Some(items)) => items.iter().map(count_nodes).sum(),
        _ => 0,
    };
    below + 1
}

fn load_text(text: &str) -> Result<(), LoadError> {
    let given = Given {
        files: [("compose.yml".to_owned(), text.to_owned())].into(),
        ..Given::default()
    };
    match given.load() {
        Ok(_) => Ok(()),
        Err(Refusal::Files(error)) => Err(error),
        Err(Refusal::Options(words)) => panic!("{words}"),
    }
}

fn assert_refused(text: &str, reason: &str) {
    let error = load_text(text).expect_err("this is no project");
    assert!(error.to_string().contains(reason), "{error}");
}

fn source(name: &str, text: impl Into<String>) -> SourceFile {
    SourceFile {
        name: name.to_owned(),
        text: text.into(),
    }
}

fn nothing(_: &str) -> io::Result<String> {
    Err(io::ErrorKind::NotFound.into())
}

/// Tries a property: a bounded number of cases, or for as long as `SHIPWAY_SECONDS` says.
#[expect(clippy::disallowed_methods, reason = "a long run ends by the clock")]
fn run<S: Strategy>(strategy: &S, test: impl Fn(S::Value) -> Result<(), TestCaseError>) {
    let seconds = std::env::var("SHIPWAY_SECONDS").ok();
    let seconds = seconds
        .and_then(|seconds| seconds.parse().ok())
        .unwrap_or(0);
    let end = Instant::now() + Duration::from_secs(seconds);
    let config = ProptestConfig {
        cases: CASES,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let mut runner = TestRunner::new(config);
    loop {
        if let Err(error) = runner.run(strategy, &test) {
            panic!("{error}");
        }
        if Instant::now() >= end {
            break;
        }
    }
}
