//! Coverage, as Cobertura XML or lcov.

use roxmltree::Document;

use super::super::{Coverage, Verdict};

/// Reports round to four digits.
const ROUNDING: f64 = 0.00005;

/// The share of lines that are covered.
pub(in crate::gate) fn share(text: &str) -> Result<f64, String> {
    if text.trim_start().starts_with('<') {
        of_cobertura(text)
    } else {
        of_lcov(text)
    }
}

/// What a share says, beside that of the last release.
pub(in crate::gate) fn judge(share: f64, wanted: &Coverage, last: Option<f64>) -> Verdict {
    let failed = |least: f64, why: &str| Verdict::Failed {
        reason: format!(
            "{} % of the lines are covered, and {} % is the least{why}",
            percent(share),
            percent(least)
        ),
    };
    if share + ROUNDING < wanted.minimum {
        return failed(wanted.minimum, "");
    }
    let floor = wanted.may_drop.zip(last).map(|(drop, last)| last - drop);
    match floor.filter(|floor| share + ROUNDING < *floor) {
        Some(floor) => failed(floor, ", by the last release"),
        None => Verdict::Passed,
    }
}

fn percent(share: f64) -> f64 {
    (share * 10_000.0).round() / 100.0
}

fn of_cobertura(text: &str) -> Result<f64, String> {
    // coverage.py and others write a document type.
    let options = roxmltree::ParsingOptions {
        allow_dtd: true,
        ..Default::default()
    };
    let document =
        Document::parse_with_options(text, options).map_err(|error| error.to_string())?;
    let root = document.root_element();
    let rate = root
        .attribute("line-rate")
        .filter(|_| root.has_tag_name("coverage"));
    let rate = rate.and_then(|rate| rate.parse::<f64>().ok());
    rate.filter(|rate| (0.0..=1.0).contains(rate))
        .ok_or_else(|| "it is no Cobertura XML".to_owned())
}

/// Lines found (`LF`) and hit (`LH`), summed over all files.
fn of_lcov(text: &str) -> Result<f64, String> {
    let sum = |key: &str| -> f64 {
        let values = text.lines().filter_map(|line| line.strip_prefix(key));
        values
            .filter_map(|value| value.trim().parse::<f64>().ok())
            .sum()
    };
    let found = sum("LF:");
    if found <= 0.0 {
        return Err("it is neither Cobertura XML nor lcov".to_owned());
    }
    Ok(sum("LH:") / found)
}

#[cfg(test)]
mod tests {
    use super::*;

    const XML: &str = "<?xml version=\"1.0\"?>\n<!DOCTYPE coverage SYSTEM 'coverage-04.dtd'>\n<coverage line-rate=\"0.8499\" version=\"7\"/>";
    const LCOV: &str = "SF:a.py\nLF:10\nLH:9\nend_of_record\nSF:b.py\nLF:10\nLH:8\nend_of_record\n";

    fn told(share: f64, minimum: f64, may_drop: Option<f64>, last: Option<f64>) -> String {
        let path = "coverage.xml".to_owned();
        let wanted = Coverage {
            path,
            minimum,
            may_drop,
        };
        judge(share, &wanted, last).to_string()
    }

    #[test]
    fn the_share_is_read_in_both_formats() {
        assert_eq!(share(XML), Ok(0.8499));
        assert_eq!(share(LCOV), Ok(0.85));
    }

    #[test]
    fn too_little_says_how_much_there_is() {
        assert_eq!(told(0.85, 0.85, None, Some(0.99)), "passed");
        assert_eq!(
            told(0.8499, 0.9, None, None),
            "failed: 84.99 % of the lines are covered, and 90 % is the least"
        );
    }

    #[test]
    fn less_than_the_last_release_is_too_little_where_it_may_not_drop() {
        assert_eq!(told(0.9, 0.8, Some(0.0), None), "passed");
        assert_eq!(told(0.9, 0.8, Some(0.02), Some(0.92)), "passed");
        assert_eq!(
            told(0.9, 0.8, Some(0.01), Some(0.92)),
            "failed: 90 % of the lines are covered, and 91 % is the least, by the last release"
        );
    }

    #[test]
    fn other_texts_are_no_reports() {
        for text in ["", "<html/>", "<coverage line-rate=\"7\"/>", "TN:\n"] {
            assert!(share(text).is_err(), "{text}");
        }
    }
}
