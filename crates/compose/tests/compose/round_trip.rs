//! What we render reads as the same project, to us and to Compose.

use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::answer::Answer;
use super::corpus;
use super::generate::project;
use super::oracle::Oracle;
use super::project::Given;

/// Starts of Compose that every run of the tests affords.
const ASKED: usize = 40;

/// Projects whose canonical form is another project to Compose itself, so to us as well.
const NOT_TWICE: [&str; 3] = [
    // It leaves an empty context out, and then assumes `.`.
    "build/empty-context",
    // The disabled service is not printed, and what depends on it is refused.
    "profiles/depends-on-a-disabled-service-not-required",
    // It reads texts of sizes with 53 bits, and numbers with 64.
    "sizes/large",
];

#[test]
fn our_rendering_of_the_corpus_reads_as_the_same_to_us() {
    let mut count = 0;
    let mut failed = Vec::new();
    for (name, given) in projects() {
        let first = Answer::ours(given.load());
        let Some(again) = rendered(&given, &first) else {
            continue;
        };
        count += 1;
        let problems = Answer::differences(&first, &Answer::ours(again.load()));
        if !problems.is_empty() {
            failed.push(format!("== {name}\n{}", problems.join("\n")));
        }
    }
    println!("{count} projects of the corpus read the same again");
    assert!(failed.is_empty(), "\n{}\n", failed.join("\n\n"));
    assert!(count > 200, "{count}");
}

#[test]
fn our_rendering_of_the_corpus_reads_as_the_same_to_compose() {
    let oracle = match Oracle::find() {
        Ok(oracle) => oracle,
        Err(reason) => {
            println!("nothing is compared: {reason}");
            return;
        }
    };
    let valid: Vec<(String, Answer, Given)> = projects()
        .filter_map(|(name, given)| {
            let ours = Answer::ours(given.load());
            let again = rendered(&given, &ours)?;
            Some((name, ours, again))
        })
        .collect();
    // Spread over all areas, the same ones each time.
    let step = if corpus::asks() {
        1
    } else {
        valid.len() / ASKED
    };
    let asked: Vec<_> = valid.iter().step_by(step.max(1)).collect();
    let mut failed = Vec::new();
    for (name, ours, again) in &asked {
        let problems = Answer::differences(&oracle.ask(again), ours);
        if !problems.is_empty() {
            failed.push(format!("== {name}\n{}", problems.join("\n")));
        }
    }
    println!(
        "Compose reads {} of our documents as we meant them",
        asked.len()
    );
    assert!(failed.is_empty(), "\n{}\n", failed.join("\n\n"));
}

#[test]
fn our_rendering_of_random_projects_reads_as_the_same_to_us() {
    let config = ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let outcome = TestRunner::new(config).run(&project(), |given| {
        let loaded = given.load();
        // Disabled services are not printed, and what may do without one still names it.
        if matches!(&loaded, Ok(loaded) if !loaded.project.disabled.is_empty()) {
            return Ok(());
        }
        let first = Answer::ours(loaded);
        if let Some(again) = rendered(&given, &first) {
            let problems = Answer::differences(&first, &Answer::ours(again.load()));
            prop_assert!(problems.is_empty(), "{}\n{given}", problems.join("\n"));
        }
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
}

fn projects() -> impl Iterator<Item = (String, Given)> {
    corpus::agreeing()
        .into_iter()
        .filter(|(name, _)| !NOT_TWICE.contains(&name.as_str()))
}

/// The project of one file that we made of another one; nothing where there is none.
///
/// The file stands alone: values are in it, so no variable and no other file is needed.
/// Disabled services are not in it, so no profile is active.
fn rendered(given: &Given, answer: &Answer) -> Option<Given> {
    let Answer::Config(text) = answer else {
        return None;
    };
    Some(Given {
        files: [("compose.yml".to_owned(), text.clone())].into(),
        run: ["--profile", "*"].map(str::to_owned).to_vec(),
        // What a secret from the environment needs is looked up when a container starts.
        env: given.env.clone(),
    })
}
