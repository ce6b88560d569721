//! Chance from a seed.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Numbers that look like chance and are the same for the same seed.
pub(super) struct Random(u64);

impl Random {
    pub(super) fn of(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) fn next(&mut self) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(super) fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    pub(super) fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    pub(super) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}

/// Tries each seed below `count`; or others, for as many seconds as the environment says.
pub(super) fn run(count: u64, mut case: impl FnMut(&mut Random)) {
    let seconds = std::env::var("SHIPWAY_SECONDS").ok();
    let Some(seconds) = seconds.and_then(|seconds| seconds.parse().ok()) else {
        for seed in 0..count {
            case(&mut Random(seed));
        }
        return;
    };
    let end = Instant::now() + Duration::from_secs(seconds);
    let began = SystemTime::now().duration_since(UNIX_EPOCH);
    let mut seed = began.map_or(0, |since| since.as_nanos() as u64);
    let mut tried = 0_u64;
    while Instant::now() < end {
        case(&mut Random(seed));
        seed = seed.wrapping_add(1);
        tried += 1;
    }
    println!("{tried} cases");
}
