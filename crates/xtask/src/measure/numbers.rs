//! Medians and ratios.

/// The middle one; the mean of the middle two. 0 of nothing.
pub(crate) fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => 0.0,
        count if count % 2 == 1 => values[middle],
        _ => f64::midpoint(values[middle - 1], values[middle]),
    }
}

/// The smallest that so many of a hundred do not exceed. 0 of nothing.
pub(crate) fn percentile(values: impl IntoIterator<Item = f64>, percent: f64) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    let rank = (values.len() as f64 * percent / 100.0).ceil() as usize;
    values.get(rank.saturating_sub(1)).copied().unwrap_or(0.0)
}

/// One over the other, as it is printed; `-` where there is nothing to compare with.
pub(crate) fn ratio(ours: f64, other: f64) -> String {
    if other > 0.0 {
        format!("{:.2}", ours / other)
    } else {
        "-".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_bad_round_does_not_move_a_median() {
        assert_eq!(median([3.0, 1.0, 900.0]), 3.0);
        assert_eq!(median([4.0, 2.0]), 3.0);
        assert_eq!(median([]), 0.0);
    }

    #[test]
    fn one_of_a_hundred_may_exceed_the_99th_percentile() {
        let values = (1..=100).map(f64::from);
        assert_eq!(percentile(values, 99.0), 99.0);
        assert_eq!(percentile([7.0], 99.0), 7.0);
        assert_eq!(percentile([], 99.0), 0.0);
    }

    #[test]
    fn nothing_is_no_divisor() {
        assert_eq!(ratio(3.0, 2.0), "1.50");
        assert_eq!(ratio(3.0, 0.0), "-");
    }
}
