//! `cargo xtask bench deploy`: deployments of containers over what Docker Compose needs for them.
//!
//! The floor of a blue-green deployment is starting the same containers beside a database that
//! runs, by `docker compose up --detach --wait`; that of a `recreate` is replacing them by it. Both
//! take turns with ours, and images are built before.

mod shop;

use std::time::Instant;

use anyhow::Result;

use super::Bench;
use crate::measure::{median, ratio};
use shop::Shop;

/// Each takes some seconds, most of them the containers'.
const ROUNDS: u32 = 7;

/// What a deployment must keep to, over its floor.
const GOAL_BLUE_GREEN: f64 = 1.3;
const GOAL_RECREATE: f64 = 1.0;

pub(super) fn run(bench: &Bench<'_>) -> Result<()> {
    let Some(shop) = Shop::open(bench)? else {
        println!(
            "\n== deploy: there is no Docker Engine with the image {} ==",
            shop::BASE
        );
        return Ok(());
    };
    println!(
        "\n== deploy: {} instances of web, a worker and a database; medians of {ROUNDS} interleaved rounds ==",
        shop::REPLICAS
    );
    let (mut floor, mut ours) = (Vec::new(), Vec::new());
    // The first of each makes networks and the database, which later ones find.
    shop.start_floor()?;
    shop.deploy("bluegreen", 0)?;
    for round in 1..=ROUNDS {
        shop.stop_floor()?;
        floor.push(timed(|| shop.start_floor())?);
        ours.push(timed(|| shop.deploy("bluegreen", round))?);
    }
    shop.stop_floor()?;
    let bake = shop::BAKE.as_secs_f64();
    print(
        "blue-green, without its bake",
        &floor,
        &ours,
        bake,
        GOAL_BLUE_GREEN,
    );
    shop.tell_steps("bluegreen")?;

    let (mut floor, mut ours) = (Vec::new(), Vec::new());
    shop.start_floor()?;
    shop.deploy("recreate", 0)?;
    for round in 1..=ROUNDS {
        floor.push(timed(|| shop.replace_floor(round))?);
        ours.push(timed(|| shop.deploy("recreate", round))?);
    }
    print("recreate", &floor, &ours, 0.0, GOAL_RECREATE);
    shop.tell_steps("recreate")
}

fn timed(work: impl FnOnce() -> Result<()>) -> Result<f64> {
    let began = Instant::now();
    work()?;
    Ok(began.elapsed().as_secs_f64())
}

fn print(name: &str, floor: &[f64], ours: &[f64], configured: f64, goal: f64) {
    let floor = median(floor.iter().copied());
    let ours = median(ours.iter().copied()) - configured;
    println!(
        "{name}: {ours:.2} s over {floor:.2} s of `docker compose up --detach --wait`: {} (goal: at most {goal})",
        ratio(ours, floor)
    );
}
