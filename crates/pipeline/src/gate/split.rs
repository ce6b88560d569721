//! Which tests each part of a gate runs, so that all parts take about as long.

use std::cmp::Reverse;
use std::collections::BTreeMap;

/// What the tests of each file or class took at the last pass, in seconds.
pub type Timings = BTreeMap<String, f64>;

/// The names of one part of several, in the order in which they were given.
///
/// The longest go first, each to the part that has the least to do (Graham's LPT rule, "Bounds on
/// Multiprocessing Timing Anomalies", 1969: at most 4/3 of the best). Every part comes to the same
/// result by itself. A name without a time counts as the mean of those that have one.
#[must_use]
pub fn split<'a>(names: &[&'a str], timings: &Timings, (part, parts): (u32, u32)) -> Vec<&'a str> {
    let known: Vec<Option<f64>> = names.iter().map(|name| seconds(name, timings)).collect();
    let times: Vec<f64> = known.iter().flatten().copied().collect();
    let mean = match times.len() {
        0 => 1.0,
        count => times.iter().sum::<f64>() / count as f64,
    };
    // In microseconds, which have an order.
    let micros = |at: usize| (known[at].unwrap_or(mean) * 1e6) as u64;
    let mut longest_first: Vec<usize> = (0..names.len()).collect();
    longest_first.sort_by_key(|at| (Reverse(micros(*at)), names[*at]));
    let mut loads = vec![(0_u64, 0_usize); parts as usize];
    let mut mine = Vec::new();
    for at in longest_first {
        let least = (0..loads.len())
            .min_by_key(|load| loads[*load])
            .unwrap_or(0);
        if let Some((load, count)) = loads.get_mut(least) {
            *load += micros(at);
            *count += 1;
        }
        if least + 1 == part as usize {
            mine.push(at);
        }
    }
    mine.sort_unstable();
    mine.into_iter().map(|at| names[at]).collect()
}

/// What a file took: by its own name, or as the sum of its classes, `shop/tests/test_cart.py` being
/// `shop.tests.test_cart` or anything below that.
fn seconds(name: &str, timings: &Timings) -> Option<f64> {
    let path = name.strip_prefix("./").unwrap_or(name);
    if let Some(seconds) = timings.get(path) {
        return Some(*seconds);
    }
    let stem = path.rsplit_once('.').map_or(path, |(stem, _)| stem);
    let module = stem.replace('/', ".");
    let of_it = timings.iter().filter(|(class, _)| {
        let rest = class.strip_prefix(&module);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    });
    of_it
        .map(|(_, seconds)| *seconds)
        .reduce(|one, two| one + two)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn timings(times: &[(&str, f64)]) -> Timings {
        times
            .iter()
            .map(|(name, time)| ((*name).to_owned(), *time))
            .collect()
    }

    #[test]
    fn the_longest_is_alone_and_the_rest_together() {
        let known = timings(&[
            ("t.test_long.A", 6.0),
            ("t.test_long.B", 4.0),
            ("b.js", 3.0),
            ("a.js", 2.0),
        ]);
        let names = ["a.js", "b.js", "./t/test_long.py", "c.js"];
        assert_eq!(split(&names, &known, (1, 2)), ["./t/test_long.py"]);
        assert_eq!(split(&names, &known, (2, 2)), ["a.js", "b.js", "c.js"]);
    }

    #[test]
    fn without_times_all_parts_have_as_many() {
        let names = ["a", "b", "c", "d"];
        for part in 1..=4 {
            assert_eq!(split(&names, &Timings::new(), (part, 4)).len(), 1);
        }
        assert!(split(&names, &Timings::new(), (5, 5)).is_empty());
    }

    proptest! {
        #[test]
        fn every_name_is_in_exactly_one_part(
            times in prop::collection::vec(0.0..100.0_f64, 0..30),
            unknown in 0_usize..5,
            parts in 1_u32..9,
        ) {
            let count = times.len() + unknown;
            let names: Vec<String> = (0..count).map(|at| format!("test_{at}.py")).collect();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let known = names.iter().zip(times).map(|(name, time)| ((*name).to_owned(), time));
            let known: Timings = known.collect();
            let all = (1..=parts).flat_map(|part| split(&names, &known, (part, parts)));
            let mut all: Vec<&str> = all.collect();
            all.sort_unstable();
            let mut expected = names.clone();
            expected.sort_unstable();
            prop_assert_eq!(all, expected);
        }
    }
}
