//! Random valid projects, compared with Compose where it is present.

use std::cell::Cell;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::answer::Answer;
use super::generate::project;
use super::oracle::Oracle;

/// What every run of the tests affords: each is a start of Compose, some 50 ms.
const CASES: u32 = 64;

#[test]
fn random_projects_are_read_as_compose_reads_them() {
    let oracle = match Oracle::find() {
        Ok(oracle) => oracle,
        Err(reason) => {
            println!("nothing is compared: {reason}");
            return;
        }
    };
    let mut runner = runner();
    let cases = runner.config().cases;
    let accepted = Cell::new(0_u32);
    let outcome = runner.run(&project(), |given| {
        let theirs = oracle.ask(&given);
        if matches!(theirs, Answer::Config(_)) {
            accepted.set(accepted.get() + 1);
        }
        let ours = Answer::ours(given.load());
        let problems = Answer::differences(&theirs, &ours);
        prop_assert!(problems.is_empty(), "{}\n{given}", problems.join("\n"));
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
    println!(
        "{cases} random projects compared, {} of them valid",
        accepted.get()
    );
    // What both refuse shows little: the projects have to be valid as a rule.
    assert!(accepted.get() * 2 > cases);
}

/// The same projects each time; `SHIPWAY_CASES=N` tries N other ones.
fn runner() -> TestRunner {
    let config = |cases| Config {
        cases,
        failure_persistence: None,
        max_shrink_iters: 300,
        ..Config::default()
    };
    match cases_wanted() {
        Some(cases) => TestRunner::new(config(cases)),
        None => TestRunner::new_with_rng(
            config(CASES),
            TestRng::deterministic_rng(RngAlgorithm::ChaCha),
        ),
    }
}

/// How many cases a long run tries.
#[expect(clippy::disallowed_methods, reason = "how a test is asked to do more")]
fn cases_wanted() -> Option<u32> {
    std::env::var("SHIPWAY_CASES").ok()?.parse().ok()
}
