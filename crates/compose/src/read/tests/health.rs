//! Health checks, and the durations in them.

use std::time::Duration;

use super::*;

#[test]
fn health_checks_have_many_forms() {
    let check = |form: &str| service(&format!("healthcheck: {form}")).healthcheck;
    let test = |form: &str| check(&format!("{{test: {form}}}")).map(|check| check.test);
    assert_eq!(
        test("curl -f x"),
        Some(HealthTest::Shell("curl -f x".to_owned()))
    );
    assert_eq!(
        test("[CMD-SHELL, a b]"),
        Some(HealthTest::Shell("a b".to_owned()))
    );
    assert_eq!(
        test("[CMD, a, b]"),
        Some(HealthTest::Command(vec!["a".to_owned(), "b".to_owned()]))
    );
    assert_eq!(test("[NONE]"), None);
    assert_eq!(check("{disable: true, test: a}"), None);
    let all = check("{test: a, interval: 5s, timeout: 1s, retries: 7, start_period: 1m}").unwrap();
    assert_eq!(
        (all.interval, all.timeout),
        (Duration::from_secs(5), Duration::from_secs(1))
    );
    assert_eq!(
        (all.retries, all.start_period),
        (7, Duration::from_secs(60))
    );
    let defaults = check("{test: a}").unwrap();
    assert_eq!(
        (defaults.interval, defaults.timeout),
        (Duration::from_secs(30), Duration::from_secs(30))
    );
    assert_eq!(
        (defaults.retries, defaults.start_period),
        (3, Duration::ZERO)
    );
    assert_eq!(test("[]"), None);
    for wrong in ["[CMD]", "[a, b]", "[CMD-SHELL, a, b]"] {
        assert!(errors(&format!("healthcheck: {{test: {wrong}}}"))[0].contains("must start with"));
    }
    let text = "services: {web: {image: x, healthcheck: {interval: 1s}}}";
    assert!(warnings(text)[0].0.contains("the image's own"));
}

#[test]
fn durations_need_a_unit() {
    let error = try_load("services: {web: {image: x, stop_grace_period: 10}}").unwrap_err();
    assert_eq!(
        error.diagnostics[0].help.as_deref(),
        Some("did you mean `10s`?")
    );
}
