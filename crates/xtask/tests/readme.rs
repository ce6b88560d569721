//! What the README shows is what the program reads.

use shipway_compose::diagnostic::{Color, render_all};
use shipway_compose::{NoFiles, Request, SourceFile, load};
use shipway_pipeline::config::{self, Environment};
use shipway_pipeline::route::Certificate;

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

/// The first YAML example of a section of the README.
#[track_caller]
fn example(heading: &str) -> &'static str {
    let (_, section) = README
        .split_once(&format!("\n## {heading}\n"))
        .expect("there is such a section");
    first_example(section)
}

#[track_caller]
fn first_example(text: &'static str) -> &'static str {
    let (_, rest) = text.split_once("```yaml\n").expect("it has an example");
    let (example, _) = rest.split_once("```").expect("it ends");
    example
}

fn production(text: &str) -> Environment {
    let config = config::parse(text).unwrap_or_else(|problems| panic!("{problems:#?}"));
    let last = config.environments.values().last();
    last.expect("the example ends with production").clone()
}

#[test]
fn the_configuration_is_valid_and_shows_the_defaults() {
    let shown = production(example("shipway.yml"));
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
    let gates = example("Gates");
    let config = format!(
        "project: shop\n{gates}environments:\n  production: {{ route: {{ listen: 80 }} }}\n"
    );
    let wanted = production(&config).gates;
    assert_eq!(wanted.len(), 5, "an environment asks for all of them");
}

#[test]
fn the_policy_is_valid() {
    let policy = example("Policy and approvals");
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
    let approvals = production(first_example(GUIDE)).policy.approvals;
    assert_eq!(approvals.map(|it| it.required), Some(2));
}

#[test]
fn the_certificate_is_valid() {
    let https = format!("project: shop\n{}", example("HTTPS"));
    let tls = production(&https).route.tls.expect("it names one");
    let Certificate::Files { certificate, .. } = &tls.certificate else {
        panic!("{tls:?}");
    };
    assert!(certificate.ends_with("fullchain.pem") && tls.redirect);
}

#[test]
fn the_template_is_valid() {
    let text = format!("project: shop\n{}", example("The daemon"));
    let config = config::parse(&text).unwrap_or_else(|problems| panic!("{problems:#?}"));
    assert_eq!(config.templates[0].per_branch.as_ref().unwrap().limit, 5);
}

#[test]
fn the_notifications_are_valid() {
    const GUIDE: &str = include_str!("../../../docs/guide/notifications.md");
    for (notifications, channels) in [(example("Notifications"), 1), (first_example(GUIDE), 4)] {
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
        text: example("Services as processes").to_owned(),
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
