//! JUnit XML, as pytest, Maven, Go's and JavaScript's runners write it.

use roxmltree::{Document, Node};

use super::super::Verdict;
use super::first_of;

/// What the results of tests say.
pub(in crate::gate) fn judge(text: &str) -> Result<Verdict, String> {
    let document = Document::parse(text).map_err(|error| error.to_string())?;
    let root = document.root_element();
    if !matches!(root.tag_name().name(), "testsuites" | "testsuite") {
        return Err("it is no JUnit XML".to_owned());
    }
    let cases: Vec<Node<'_, '_>> = root
        .descendants()
        .filter(|node| node.has_tag_name("testcase"))
        .collect();
    if cases.is_empty() {
        return Ok(Verdict::Inconclusive {
            reason: "no test was run".to_owned(),
        });
    }
    let failed: Vec<String> = cases
        .iter()
        .filter(|case| has(**case, &["failure", "error"]))
        .map(|case| name(*case))
        .collect();
    if !failed.is_empty() {
        let (count, all) = (failed.len(), cases.len());
        let reason = format!("{count} of {all} tests failed: {}", first_of(&failed));
        return Ok(Verdict::Failed { reason });
    }
    if cases.iter().all(|case| has(*case, &["skipped"])) {
        return Ok(Verdict::Inconclusive {
            reason: format!("all {} tests were skipped", cases.len()),
        });
    }
    Ok(Verdict::Passed)
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
        judge(&text).unwrap().to_string()
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
        assert!(judge("<html/>").is_err());
    }
}
