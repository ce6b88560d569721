//! Coverage, as Cobertura XML or lcov.

use roxmltree::Document;

use super::super::Verdict;

/// What the share of covered lines says.
pub(in crate::gate) fn judge(text: &str, minimum: f64) -> Result<Verdict, String> {
    let share = if text.trim_start().starts_with('<') {
        of_cobertura(text)?
    } else {
        of_lcov(text)?
    };
    // Reports round to four digits.
    if share + 0.00005 >= minimum {
        return Ok(Verdict::Passed);
    }
    let percent = |share: f64| (share * 10_000.0).round() / 100.0;
    Ok(Verdict::Failed {
        reason: format!(
            "{} % of the lines are covered, and {} % is the least",
            percent(share),
            percent(minimum)
        ),
    })
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

    #[test]
    fn enough_is_a_pass_in_both_formats() {
        assert_eq!(judge(XML, 0.84).unwrap(), Verdict::Passed);
        assert_eq!(judge(LCOV, 0.85).unwrap(), Verdict::Passed);
    }

    #[test]
    fn too_little_says_how_much_there_is() {
        assert_eq!(
            judge(XML, 0.9).unwrap().to_string(),
            "failed: 84.99 % of the lines are covered, and 90 % is the least"
        );
        assert_eq!(judge(LCOV, 0.86).unwrap().as_str(), "failed");
    }

    #[test]
    fn other_texts_are_no_reports() {
        for text in ["", "<html/>", "<coverage line-rate=\"7\"/>", "TN:\n"] {
            assert!(judge(text, 0.5).is_err(), "{text}");
        }
    }
}
