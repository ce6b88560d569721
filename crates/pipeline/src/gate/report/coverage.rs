//! Coverage, as Cobertura XML or lcov.

use std::collections::BTreeMap;

use roxmltree::Document;

use super::super::{Coverage, Verdict};

/// Reports round to four digits.
const ROUNDING: f64 = 0.00005;

/// The share of lines that are covered: by one report as it says itself, by several together.
pub(in crate::gate) fn share(texts: &[&str]) -> Result<f64, String> {
    match texts {
        [text] if is_xml(text) => of_cobertura(text),
        [text] => of_lcov(text),
        _ => together(texts),
    }
}

fn is_xml(text: &str) -> bool {
    text.trim_start().starts_with('<')
}

/// A line is covered if any of the reports covers it.
fn together(texts: &[&str]) -> Result<f64, String> {
    let mut lines = BTreeMap::new();
    for text in texts {
        if is_xml(text) {
            lines_of_cobertura(text, &mut lines)?;
        } else {
            lines_of_lcov(text, &mut lines);
        }
    }
    if lines.is_empty() {
        return Err("it names no lines".to_owned());
    }
    let covered = lines.values().filter(|is_covered| **is_covered).count();
    Ok(covered as f64 / lines.len() as f64)
}

/// Whether a line of a file is covered.
type Lines = BTreeMap<(String, u64), bool>;

fn lines_of_cobertura(text: &str, lines: &mut Lines) -> Result<(), String> {
    let document = parse(text)?;
    let classes = document.descendants();
    for class in classes.filter(|node| node.has_tag_name("class")) {
        let file = class.attribute("filename").unwrap_or_default();
        let all = class.descendants();
        for line in all.filter(|node| node.has_tag_name("line")) {
            let number = |name: &str| line.attribute(name)?.parse::<u64>().ok();
            if let (Some(at), Some(hits)) = (number("number"), number("hits")) {
                *lines.entry((file.to_owned(), at)).or_default() |= hits > 0;
            }
        }
    }
    Ok(())
}

fn lines_of_lcov(text: &str, lines: &mut Lines) {
    let mut file = "";
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("SF:") {
            file = name;
        }
        let data = line.strip_prefix("DA:").map(|data| data.split(','));
        let Some(mut data) = data else { continue };
        let mut number = || data.next()?.trim().parse::<u64>().ok();
        if let (Some(at), Some(hits)) = (number(), number()) {
            *lines.entry((file.to_owned(), at)).or_default() |= hits > 0;
        }
    }
}

fn parse(text: &str) -> Result<Document<'_>, String> {
    // coverage.py and others write a document type.
    let options = roxmltree::ParsingOptions {
        allow_dtd: true,
        ..Default::default()
    };
    Document::parse_with_options(text, options).map_err(|error| error.to_string())
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
    let document = parse(text)?;
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
        assert_eq!(share(&[XML]), Ok(0.8499));
        assert_eq!(share(&[LCOV]), Ok(0.85));
    }

    #[test]
    fn several_reports_cover_lines_together() {
        let xml = |hits: [u8; 2]| {
            let [one, two] = hits;
            format!(
                r#"<coverage line-rate="0.5"><packages><package><classes><class filename="a.py"><lines>
                <line number="1" hits="{one}"/><line number="2" hits="{two}"/><line number="3" hits="0"/>
                <line number="4" hits="1"/></lines></class></classes></package></packages></coverage>"#
            )
        };
        assert_eq!(share(&[&xml([1, 0]), &xml([0, 2])]), Ok(0.75));
        assert!(share(&[XML, XML]).is_err());
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
            assert!(share(&[text]).is_err(), "{text}");
        }
    }
}
