//! Who answers the next request.
//!
//! The first draw goes by weight alone, so that a canary gets exactly its
//! share; of two draws among that deployment's instances the one with less in
//! hand is taken.

use std::cell::Cell;
use std::hash::{BuildHasher, RandomState};
use std::rc::Rc;
use std::time::Instant;

use crate::sticky::Wish;
use crate::upstream::Upstream;

/// An instance with its share.
#[derive(Debug)]
pub(crate) struct Choice {
    pub(crate) upstream: Rc<Upstream>,
    pub(crate) weight: u16,
}

/// A worker's random numbers: xorshift, as only shares depend on them.
#[derive(Debug)]
pub(crate) struct Random(Cell<u64>);

// === impl Choice ===

impl Choice {
    fn takes(&self, tried: &[Rc<Upstream>]) -> bool {
        self.weight > 0 && !tried.iter().any(|it| Rc::ptr_eq(it, &self.upstream))
    }
}

// === impl Random ===

impl Random {
    pub(crate) fn new() -> Self {
        Self::seeded(RandomState::new().hash_one(0))
    }

    pub(crate) fn seeded(seed: u64) -> Self {
        Self(Cell::new(seed | 1))
    }

    /// Any number.
    pub(crate) fn bits(&self) -> u64 {
        let mut bits = self.0.get();
        bits ^= bits << 13;
        bits ^= bits >> 7;
        bits ^= bits << 17;
        self.0.set(bits);
        bits
    }

    /// A number below `bound`, which is not 0.
    fn below(&self, bound: u32) -> u32 {
        let bits = self.bits();
        (((bits >> 32) * u64::from(bound)) >> 32) as u32
    }

    /// Picks an instance that was not tried yet; an ejected one only when there is no other.
    pub(crate) fn pick(
        &self,
        choices: &[Choice],
        tried: &[Rc<Upstream>],
        now: Instant,
    ) -> Option<usize> {
        let takes = |index: usize| choices[index].takes(tried);
        if let [_] = choices {
            return takes(0).then_some(0);
        }
        let healthy = |index: usize| takes(index) && !choices[index].upstream.is_ejected(now);
        self.pick_among(choices, healthy)
            .or_else(|| self.pick_among(choices, takes))
    }

    /// Picks what a client wishes for: its instance, or one of the same deployment. `None` where
    /// nothing of that can take a request.
    pub(crate) fn pick_for(
        &self,
        wish: Wish,
        choices: &[Choice],
        tried: &[Rc<Upstream>],
        now: Instant,
    ) -> Option<usize> {
        let can =
            |index: usize| choices[index].takes(tried) && !choices[index].upstream.is_ejected(now);
        let (Wish::Instance(wanted) | Wish::Beside(wanted)) = wish;
        let tally = &choices.get(wanted)?.upstream.tally;
        if matches!(wish, Wish::Instance(_)) && can(wanted) {
            return Some(wanted);
        }
        let beside = |index: usize| can(index) && choices[index].upstream.tally.is_beside(tally);
        self.pick_among(choices, beside)
    }

    fn pick_among(&self, choices: &[Choice], takes: impl Fn(usize) -> bool) -> Option<usize> {
        let first = self.draw(choices, &takes)?;
        let tally = &choices[first].upstream.tally;
        let beside = |index: usize| takes(index) && choices[index].upstream.tally.is_beside(tally);
        let second = self.draw(choices, beside)?;
        let load = |index: usize| u64::from(choices[index].upstream.in_flight());
        let weight = |index: usize| u64::from(choices[index].weight);
        // load / weight, without the division
        let second_is_freer = load(second) * weight(first) < load(first) * weight(second);
        Some(if second_is_freer { second } else { first })
    }

    fn draw(&self, choices: &[Choice], takes: impl Fn(usize) -> bool) -> Option<usize> {
        let eligible = || (0..choices.len()).filter(|&index| takes(index));
        let total: u32 = eligible()
            .map(|index| u32::from(choices[index].weight))
            .sum();
        if total == 0 {
            return None;
        }
        let mut ticket = self.below(total);
        eligible().find(|&index| {
            let weight = u32::from(choices[index].weight);
            let hit = ticket < weight;
            ticket = ticket.saturating_sub(weight);
            hit
        })
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;
    use std::sync::Arc;

    use super::super::tests::tally;
    use super::*;

    fn choices(weights: &[(u64, u16)]) -> Vec<Choice> {
        let tallies: Vec<_> = (0..3).map(tally).collect();
        weights
            .iter()
            .map(|&(deployment, weight)| Choice {
                upstream: Rc::new(Upstream::new(
                    Arc::clone(&tallies[deployment as usize]),
                    0,
                    SocketAddr::from(([127, 0, 0, 1], 1)),
                    Arc::default(),
                )),
                weight,
            })
            .collect()
    }

    fn upstreams(choices: &[Choice], of: &[usize]) -> Vec<Rc<Upstream>> {
        let upstreams = of.iter().map(|&index| &choices[index].upstream);
        upstreams.map(Rc::clone).collect()
    }

    fn shares(choices: &[Choice], draws: usize) -> Vec<usize> {
        let random = Random::seeded(42);
        let mut counts = vec![0; choices.len()];
        for _ in 0..draws {
            let index = random.pick(choices, &[], Instant::now()).unwrap();
            counts[index] += 1;
        }
        counts
    }

    #[test]
    fn a_canary_gets_its_share_whatever_its_load() {
        let choices = choices(&[(1, 95), (2, 5), (1, 0)]);
        choices[1].upstream.enter();
        let counts = shares(&choices, 100_000);
        assert!((4_500..5_500).contains(&counts[1]), "{counts:?}");
        assert_eq!(counts[2], 0);
    }

    #[test]
    fn among_equals_the_freer_one_is_taken_more_often() {
        let choices = choices(&[(1, 1), (1, 1)]);
        choices[0].upstream.enter();
        let counts = shares(&choices, 10_000);
        assert!(counts[1] > 2 * counts[0], "{counts:?}");
    }

    #[test]
    fn a_wish_is_granted_by_the_instance_or_one_beside_it() {
        let choices = choices(&[(1, 1), (1, 1), (2, 100), (2, 0)]);
        let random = Random::seeded(1);
        let now = Instant::now();
        let pick = |wish, tried: &[usize]| {
            random.pick_for(wish, &choices, &upstreams(&choices, tried), now)
        };
        for _ in 0..20 {
            assert_eq!(pick(Wish::Instance(1), &[]), Some(1));
            assert_eq!(pick(Wish::Instance(1), &[1]), Some(0));
            assert_eq!(pick(Wish::Instance(3), &[]), Some(2));
            assert!(pick(Wish::Beside(0), &[]).is_some_and(|index| index < 2));
        }
        assert_eq!(pick(Wish::Instance(1), &[0, 1]), None);
        assert_eq!(pick(Wish::Beside(9), &[]), None);
    }

    #[test]
    fn what_was_tried_is_not_taken_again() {
        let choices = choices(&[(1, 1), (2, 1)]);
        let random = Random::seeded(1);
        let now = Instant::now();
        let pick = |tried: &[usize]| random.pick(&choices, &upstreams(&choices, tried), now);
        assert_eq!(pick(&[0]), Some(1));
        assert_eq!(pick(&[0, 1]), None);
        assert!(random.pick(&[], &[], now).is_none());
    }
}
