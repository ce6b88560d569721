//! Deployments lived through in a world where everything can go wrong, thousands of times.
//!
//! The state machine, the plans, the route's rules and what is stored are the real ones. The rest
//! is simulated: an engine that performs steps call by call and is told to crash at any moment, a
//! runtime, a proxy, and the way to them, on which calls and answers are lost, late or doubled. A
//! call to the proxy outlives its caller; what the runtime does ends with it. Time is virtual, and
//! the wall clock jumps. All follows from a seed, so that what was found is found again.
//!
//! Left out: two engines at once, which a lock of the kernel excludes, and instances that end by
//! themselves, which are a matter of the bake.

mod engine;
mod random;
mod run;
mod task;
mod world;

use self::random::Random;
use self::run::{Life, Run};
use crate::fixtures::plan_of;
use crate::plan::{Kind, audit};

/// How many seeds are tried; many more by `cargo xtask prove simulation`.
const SEEDS: &str = "SHIPWAY_SIMULATION_SEEDS";
/// From which on.
const FIRST: &str = "SHIPWAY_SIMULATION_FIRST";
const FEW: u64 = 1_500;

/// Seeds that once failed, and what each found.
const FOUND: [(u64, &str); 3] = [
    (
        102,
        "the old singleton started although the new one could not be stopped: two were alive",
    ),
    (
        1013,
        "a switch whose answer was lost came into force after the way back, which had found the \
         old route in force and put nothing: what was stopped was routed",
    ),
    (
        37018,
        "a clock that was set back by two hours prolongs a bake by as much, which the simulation \
         took for no end",
    ),
];

fn live(seed: u64) -> (String, Life) {
    let mut random = Random::of(seed);
    let strategy = ["recreate", "rolling", "blue-green"][random.below(3) as usize];
    let old = (!random.once_in(5)).then(|| random.between(1, 4) as u32);
    let kind = if old.is_some() && random.once_in(4) {
        Kind::Rollback
    } else {
        Kind::Deploy
    };
    let new = random.between(1, 4) as u32;
    let plan = plan_of(kind, strategy, old, new);
    assert_eq!(audit(&plan), vec![]);
    let what = format!(
        "seed {seed}: {} by {strategy}, {old:?} to {new}",
        kind.as_str()
    );
    (what, Run::new(&plan, strategy, random).live())
}

#[test]
fn what_was_found_stays_mended() {
    for (seed, found) in FOUND {
        let (what, life) = live(seed);
        assert!(life.violations.is_empty(), "{what} ({found}): {life:#?}");
    }
}

fn asked(variable: &str, usual: u64) -> u64 {
    #[expect(
        clippy::disallowed_methods,
        reason = "a test asks how long it may take"
    )]
    let wanted = std::env::var(variable).ok();
    wanted.map_or(usual, |text| text.parse().expect("a number"))
}

#[test]
fn whatever_is_lost_late_or_killed_the_environment_is_whole() {
    let (first, seeds) = (asked(FIRST, 0), asked(SEEDS, FEW));
    let (mut events, mut crashes, mut lost) = (0, 0, 0);
    let mut outcomes = std::collections::BTreeMap::<&str, u64>::new();
    for seed in first..first + seeds {
        let (what, life) = live(seed);
        assert!(
            life.violations.is_empty(),
            "{what}: {life:#?}\nto repeat it: cargo xtask prove simulation --first {seed} --seeds 1"
        );
        events += life.events;
        crashes += life.crashes;
        lost += life.lost;
        let outcome = life.outcome.map_or("none", |outcome| outcome.as_str());
        *outcomes.entry(outcome).or_default() += 1;
        let done = seed + 1 - first;
        if done.is_multiple_of(10_000) {
            println!("{done} of {seeds} deployments, {events} events");
        }
    }
    println!(
        "{seeds} deployments from seed {first} on, {events} events, {crashes} crashes, {lost} \
         calls and answers lost, late or doubled: no violation; {outcomes:?}"
    );
    // Every kind of end was met, or the simulation would say less than it seems to.
    if seeds >= FEW {
        assert!(outcomes.len() == 6, "{outcomes:?}");
        assert!(crashes > seeds / 4 && lost > seeds, "{crashes} {lost}");
    }
}
