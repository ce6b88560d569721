//! Keys of a service, one by one.

use std::time::Duration;

use super::*;
use crate::process::BuildStep;

#[test]
fn a_service_has_the_defaults_of_compose() {
    let web = service("");
    assert_eq!(web.replicas, 1);
    assert_eq!(web.stop_signal, "SIGTERM");
    assert_eq!(web.stop_grace_period, Duration::from_secs(10));
    assert_eq!(web.restart, Restart::default());
    assert!(web.build.is_none() && web.healthcheck.is_none() && web.process.is_none());
}

#[test]
fn simple_keys_are_read() {
    let web = service(
        "stop_signal: SIGINT, stop_grace_period: 1m30s, working_dir: /app, \
         labels: [x=1, y], scale: 3",
    );
    assert_eq!(web.stop_signal, "SIGINT");
    assert_eq!(web.stop_grace_period, Duration::from_secs(90));
    assert_eq!(web.working_dir.as_deref(), Some("/app"));
    assert_eq!(
        (web.labels["x"].as_str(), web.labels["y"].as_str()),
        ("1", "")
    );
    assert_eq!(web.replicas, 3);
    assert_eq!(service("deploy: {replicas: '2'}").replicas, 2);
}

#[test]
fn commands_are_split_as_by_a_shell() {
    let command = |keys: &str| service(keys).command;
    assert_eq!(
        command("command: \"a 'b c' d\\\\ e\""),
        words(&["a", "b c", "d e"])
    );
    assert_eq!(
        command("command: [a, b c, '80']"),
        words(&["a", "b c", "80"])
    );
    assert_eq!(command("command: ''"), words(&[]));
    assert_eq!(command("command: null"), None);
    assert_eq!(
        service("entrypoint: /run.sh -x").entrypoint,
        words(&["/run.sh", "-x"])
    );
    assert_eq!(
        errors("command: \"a 'b\""),
        ["`services.web.command` has a quote that is never closed"]
    );
    assert_eq!(
        errors("command: {a: b}"),
        ["`services.web.command` must be a text or a list of texts, not a mapping"]
    );
}

#[test]
fn environment_is_a_mapping_or_a_list() {
    for form in [
        "{A: 1.10, B: True, C: null, D: ''}",
        "[A=1.1, B=true, C, D=]",
    ] {
        let environment = service(&format!("environment: {form}")).environment;
        let pairs: Vec<_> = environment
            .iter()
            .map(|(k, v)| (k.as_str(), v.as_deref()))
            .collect();
        assert_eq!(
            pairs,
            [
                ("A", Some("1.1")),
                ("B", Some("true")),
                ("C", None),
                ("D", Some(""))
            ]
        );
    }
    assert_eq!(
        errors("environment: [{A: 1}]"),
        ["an item of `services.web.environment` must be a text `KEY=value`, not a mapping"]
    );
    assert_eq!(
        errors("environment: A=1"),
        ["`services.web.environment` must be a mapping or a list of `KEY=value`, not a string"]
    );
    assert_eq!(
        errors("environment: {A: [1]}"),
        ["`services.web.environment.A` must be a text, a number or a boolean, not a list"]
    );
}

#[test]
fn build_is_a_context_or_a_mapping() {
    let build = |keys: &str| service(keys).build.unwrap();
    assert_eq!(build("build: ./app").context, "./app");
    let long = build("build: {context: ., dockerfile: D, target: t, args: [A=1, B]}");
    assert_eq!(
        (long.dockerfile.as_deref(), long.target.as_deref()),
        (Some("D"), Some("t"))
    );
    assert_eq!(long.args["A"].as_deref(), Some("1"));
    assert!(!long.args.contains_key("B"), "nothing is passed on");
    assert_eq!(build("build: {target: t}").context, ".");
}

#[test]
fn restart_has_two_places() {
    let restart = |keys: &str| {
        let restart = service(keys).restart;
        (
            restart.condition,
            restart.max_attempts,
            restart.delay.map(|delay| delay.as_secs()),
        )
    };
    assert_eq!(
        restart("restart: no"),
        (RestartCondition::Never, None, None)
    );
    assert_eq!(
        restart("restart: always"),
        (RestartCondition::Always, None, None)
    );
    assert_eq!(
        restart("restart: unless-stopped"),
        (RestartCondition::Always, None, None)
    );
    assert_eq!(
        restart("restart: on-failure"),
        (RestartCondition::OnFailure, None, None)
    );
    assert_eq!(
        restart("restart: on-failure:3"),
        (RestartCondition::OnFailure, Some(3), None)
    );
    assert_eq!(
        restart(
            "restart: no, deploy: {restart_policy: {condition: on-failure, delay: 5s, max_attempts: 2}}"
        ),
        (RestartCondition::OnFailure, Some(2), Some(5))
    );
    assert_eq!(
        restart("deploy: {restart_policy: {condition: none}}").0,
        RestartCondition::Never
    );
    assert_eq!(
        restart("deploy: {restart_policy: {delay: 1s}}").0,
        RestartCondition::Always
    );
    for wrong in ["sometimes", "always:3", "on-failure:x"] {
        assert!(
            errors(&format!("restart: '{wrong}'"))[0].contains("must be `no`"),
            "{wrong}"
        );
    }
    assert!(errors("deploy: {restart_policy: {condition: x}}")[0].contains("`any`"));
}

#[test]
fn processes_are_read() {
    let process = service(
        "x-shipway: {process: {build: [make, {run: pip, inputs: [r.txt], output: .venv}], \
         path: [.venv/bin], environment: {A: 1, B: null}, command: run it, directory: src}}",
    )
    .process
    .unwrap();
    assert_eq!(
        process.build[0],
        BuildStep {
            run: "make".to_owned(),
            inputs: vec![],
            output: None
        }
    );
    assert_eq!(process.build[1].inputs, ["r.txt"]);
    assert_eq!(process.build[1].output.as_deref(), Some(".venv"));
    assert_eq!(process.path, [".venv/bin"]);
    assert_eq!(process.environment["B"], None);
    assert_eq!(process.command, words(&["run", "it"]));
    assert_eq!(process.directory.as_deref(), Some("src"));
    assert!(errors("x-shipway: {process: {build: [{output: x}]}}")[0].contains("has no `run`"));
    let alone = project("services: {web: {x-shipway: {process: {command: a}}}}");
    assert!(
        alone.services["web"].image.is_none(),
        "a process needs no image"
    );
}
