//! JUnit XML, as pytest, Maven, Go's and JavaScript's runners write it.

use roxmltree::{Document, Node};

use super::super::Verdict;
use super::super::split::Timings;
use super::first_of;

/// The results of tests.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::gate) struct Results {
    /// What they say.
    pub(in crate::gate) verdict: Verdict,
    /// What the tests of each file took, in seconds; of each class where no file is named.
    pub(in crate::gate) timings: Timings,
}

/// Reads the report.
pub(in crate::gate) fn read(text: &str) -> Result<Results, String> {
    let document = Document::parse(text).map_err(|error| error.to_string())?;
    let root = document.root_element();
    if !matches!(root.tag_name().name(), "testsuites" | "testsuite") {
        return Err("it is no JUnit XML".to_owned());
    }
    let cases: Vec<Node<'_, '_>> = root
        .descendants()
        .filter(|node| node.has_tag_name("testcase"))
        .collect();
    Ok(Results {
        verdict: judge(&cases),
        timings: timings(&cases),
    })
}

fn judge(cases: &[Node<'_, '_>]) -> Verdict {
    if cases.is_empty() {
        return Verdict::Inconclusive {
            reason: "no test was run".to_owned(),
        };
    }
    let failed: Vec<String> = cases
        .iter()
        .filter(|case| has(**case, &["failure", "error"]))
        .map(|case| name(*case))
        .collect();
    if !failed.is_empty() {
        let (count, all) = (failed.len(), cases.len());
        let reason = format!("{count} of {all} tests failed: {}", first_of(&failed));
        return Verdict::Failed { reason };
    }
    if cases.iter().all(|case| has(*case, &["skipped"])) {
        return Verdict::Inconclusive {
            reason: format!("all {} tests were skipped", cases.len()),
        };
    }
    Verdict::Passed
}

fn timings(cases: &[Node<'_, '_>]) -> Timings {
    let mut timings = Timings::new();
    for case in cases {
        let mut names = ["file", "classname"].into_iter();
        let file = names.find_map(|name| case.attribute(name));
        let seconds = case.attribute("time").and_then(|time| time.parse().ok());
        if let (Some(file), Some(seconds)) = (file, seconds) {
            *timings.entry(file.to_owned()).or_default() += f64::max(seconds, 0.0);
        }
    }
    timings
}

fn has(case: Node<'_, '_>, tags: &[&str]) -> bool {
    let mut children = case.children();
    children.any(|child| tags.contains(&child.tag_name().name()))
}

fn name(case: Node<'_, '_>) -> String {
    let name = case.attribute("name").unwrap_or("?");
    match case
        .attribute("classname")
        .filter(|class| !class.is_empty())
    {
        Some(class) => format!("{class}::{name}"),
        None => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(cases: &str) -> String {
        let text = format!("<testsuites><testsuite>{cases}</testsuite></testsuites>");
        read(&text).unwrap().verdict.to_string()
    }

    #[test]
    fn tests_that_passed_and_some_that_were_skipped_are_a_pass() {
        let cases = r#"<testcase name="a"/><testcase name="b"><skipped/></testcase>"#;
        assert_eq!(told(cases), "passed");
    }

    #[test]
    fn failures_and_errors_are_named_as_far_as_a_line_goes() {
        let cases: String = ["a", "b", "c", "d", "e"]
            .map(|name| format!(r#"<testcase classname="t" name="{name}"><error/></testcase>"#))
            .concat();
        assert_eq!(
            told(&cases),
            "failed: 5 of 5 tests failed: t::a, t::b, t::c and 2 more"
        );
    }

    #[test]
    fn nothing_that_ran_says_nothing() {
        assert_eq!(told(""), "inconclusive: no test was run");
        let cases = r#"<testcase name="a"><skipped/></testcase>"#;
        assert_eq!(told(cases), "inconclusive: all 1 tests were skipped");
        assert!(read("<html/>").is_err());
    }

    #[test]
    fn times_are_summed_by_file_else_by_class() {
        let text = r#"<testsuite><testcase classname="a" name="1" time="1"/>
            <testcase classname="a" name="2" time="0.5"/>
            <testcase file="b.py" classname="b" name="1" time="2"/>
            <testcase classname="c" name="1"/></testsuite>"#;
        let expected = [("a".to_owned(), 1.5), ("b.py".to_owned(), 2.0)];
        assert_eq!(read(text).unwrap().timings, Timings::from(expected));
    }
}
