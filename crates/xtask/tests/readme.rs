//! What the README shows is what the program reads.

use shipway_compose::diagnostic::{Color, render_all};
use shipway_compose::{NoFiles, Request, SourceFile, load};
use shipway_pipeline::config::{self, Environment};

const README: &str = include_str!("../../../README.md");

/// The same pipeline with nothing said that has a default.
const SMALL: &str = "\
project: shop
environments:
  testing:
    branches: [main]
    route: { listen: 8081 }
  production:
    from: testing
    route: { listen: 0.0.0.0:80 }
";

/// The README's YAML examples, in their order.
fn examples() -> Vec<&'static str> {
    README
        .split("```yaml\n")
        .skip(1)
        .filter_map(|rest| rest.split_once("```"))
        .map(|(example, _)| example)
        .collect()
}

fn production(text: &str) -> Environment {
    let config = config::parse(text).unwrap_or_else(|problems| panic!("{problems:#?}"));
    let last = config.environments.values().last();
    last.expect("the example ends with production").clone()
}

#[test]
fn the_configuration_is_valid_and_shows_the_defaults() {
    let shown = production(examples()[0]);
    let default = production(SMALL);
    assert_eq!(shown.compose, default.compose);
    assert_eq!(shown.trigger, default.trigger);
    assert_eq!(shown.confirm, default.confirm);
    assert_eq!(shown.strategy, default.strategy);
    assert_eq!(shown.bake, default.bake);
    assert_eq!(shown.drain, default.drain);
    assert_eq!(shown.timeouts, default.timeouts);
    assert_eq!(shown.health.interval, default.health.interval);
    assert_eq!(shown.health.timeout, default.health.timeout);
    assert_eq!(shown.health.healthy_for, default.health.healthy_for);
    assert_eq!(shown.health.deadline, default.health.deadline);
}

#[test]
fn the_gates_are_valid() {
    let gates = examples()[1];
    let config = format!(
        "project: shop\n{gates}environments:\n  production: {{ route: {{ listen: 80 }} }}\n"
    );
    let wanted = production(&config).gates;
    assert_eq!(wanted.len(), 4, "an environment asks for all of them");
}

#[test]
fn the_policy_is_valid() {
    let policy = examples()[2];
    let config = format!(
        "project: shop\n{policy}    route: {{ listen: 80 }}\n  staging: {{ route: {{ listen: 81 }} }}\n  \
         testing: {{ route: {{ listen: 82 }} }}\n"
    );
    let config = config::parse(&config).unwrap_or_else(|problems| panic!("{problems:#?}"));
    let policy = &config.environments[0].policy;
    assert_eq!(policy.freeze.len(), 1);
    let approvals = policy
        .approvals
        .as_ref()
        .map(|it| (it.required, it.people.len()));
    assert_eq!(approvals, Some((2, 3)));
    assert!(policy.hotfix.is_some());
}

#[test]
fn the_first_pipeline_is_valid() {
    const GUIDE: &str = include_str!("../../../docs/guide/first-pipeline.md");
    let (_, rest) = GUIDE.split_once("```yaml\n").expect("it has an example");
    let (example, _) = rest.split_once("```").expect("it ends");
    let approvals = production(example).policy.approvals;
    assert_eq!(approvals.map(|it| it.required), Some(2));
}

#[test]
fn the_template_is_valid() {
    let text = format!("project: shop\n{}", examples()[5]);
    let config = config::parse(&text).unwrap_or_else(|problems| panic!("{problems:#?}"));
    assert_eq!(config.templates[0].per_branch.as_ref().unwrap().limit, 5);
}

#[test]
fn the_notifications_are_valid() {
    const GUIDE: &str = include_str!("../../../docs/guide/notifications.md");
    let (_, rest) = GUIDE.split_once("```yaml\n").expect("it has an example");
    let (example, _) = rest.split_once("```").expect("it ends");
    for (notifications, channels) in [(examples()[3], 1), (example, 4)] {
        let text = format!(
            "project: shop\n{notifications}environments:\n  \
             production: {{ route: {{ listen: 80 }} }}\n"
        );
        let config = config::parse(&text).unwrap_or_else(|problems| panic!("{problems:#?}"));
        assert_eq!(config.notifications.len(), channels);
    }
}

#[test]
fn the_process_extension_is_read_whole() {
    let files = [SourceFile {
        name: "docker-compose.yml".to_owned(),
        text: examples()[4].to_owned(),
    }];
    let loaded = load(&Request::new(&files, "/srv/shop"), &mut NoFiles)
        .unwrap_or_else(|error| panic!("{}", error.render(Color::Never)));
    let notes = render_all(&loaded.diagnostics, &loaded.sources, Color::Never);
    assert!(notes.is_empty(), "{notes}");
    let process = loaded.project.services["web"].process.as_ref().unwrap();
    assert_eq!(process.build[0].output.as_deref(), Some(".venv"));
    assert!(process.build[0].run.contains("venv \"$OUTPUT\""));
    assert_eq!(process.path, [".venv/bin"]);
    assert_eq!(
        process.environment["DATA_DIR"].as_deref(),
        Some("{volume:data}")
    );
    assert_eq!(process.command.as_ref().unwrap()[2], "127.0.0.1:{port}");
}
