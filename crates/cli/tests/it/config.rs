//! `shipway config`.

use shipway_testkit::Environment;

use crate::common::{empty, sandbox, sandbox_with};

#[test]
fn the_format_is_told_without_a_project() {
    let nowhere = empty();
    let defaults = nowhere.run_well(["config", "--defaults"]).stdout;
    assert!(
        defaults.contains("    # How a release replaces another.\n"),
        "{defaults}"
    );
    nowhere.write("shipway.yml", &defaults);
    let schema = nowhere.run_well(["config", "--schema"]).json();
    assert_eq!(schema["title"], "shipway.yml");
    let ended = nowhere.run(["config"]).expect_code(2);
    ended.expect_told(&["<ENVIRONMENT>"]);
}

#[test]
fn it_is_the_compose_document_with_the_settings() {
    let sandbox = sandbox();
    let shown = sandbox.run_well(["config", "testing", "--json"]).json();
    assert_eq!(shown["environment"]["strategy"], "blue-green");
    assert_eq!(shown["services"]["web"]["role"], "web");
    assert_eq!(shown["services"]["web"]["image"], "app");
    let compose = sandbox.run_well(["config", "testing", "--compose"]).stdout;
    assert!(
        !compose.contains("strategy:") && !compose.contains("role:"),
        "{compose}"
    );
    let ended = sandbox
        .run(["config", "testing", "--service", "wbe"])
        .expect_code(2);
    ended.expect_told(&["there is no service `wbe`", "did you mean `web`?"]);
}

#[test]
fn each_value_has_its_place_and_each_variable_its_origin() {
    let sandbox = sandbox_with([Environment::new("testing").with("env_files", "[.env.testing]")]);
    sandbox.write(".env.testing", "SECRET_KEY=hunter2-hunter2\n");
    let shown = sandbox.run_well(["config", "testing", "--source"]).stdout;
    assert!(
        shown.contains("    image: app  # docker-compose.yml:3\n"),
        "{shown}"
    );
    assert!(!shown.contains("hunter2"), "{shown}");
    let table = sandbox
        .run_well(["config", "testing", "--variables"])
        .stdout;
    let line = table.lines().find(|line| line.starts_with("SECRET_KEY"));
    let words: Vec<&str> = line.unwrap_or_default().split_whitespace().collect();
    assert_eq!(
        words[..3],
        ["SECRET_KEY", "********", ".env.testing"],
        "{table}"
    );
    assert!(words[3].starts_with("docker-compose.yml:"), "{table}");
    sandbox.set_variable("SECRET_KEY", "another-one");
    let told = sandbox
        .run_well(["config", "testing", "--variables", "--json"])
        .json();
    assert_eq!(told["SECRET_KEY"]["from"], "shell");
    let open = ["config", "testing", "--compose", "--show-secrets"];
    assert!(sandbox.run_well(open).stdout.contains("another-one"));
}

#[test]
fn a_default_is_told_as_such() {
    let sandbox = sandbox();
    let text = sandbox.read("docker-compose.yml");
    sandbox.write(
        "docker-compose.yml",
        &text.replace("image: app", "image: app:${TAG:-1.2}"),
    );
    let words = ["config", "testing", "--variables", "--json"];
    let told = sandbox.run_well(words).json();
    assert_eq!(
        (&told["TAG"]["value"], &told["TAG"]["from"]),
        (&"1.2".into(), &"default".into())
    );
    sandbox.set_variable("TAG", "2.0");
    let told = sandbox.run_well(words).json();
    assert_eq!(
        (&told["TAG"]["value"], &told["TAG"]["from"]),
        (&"2.0".into(), &"shell".into())
    );
}

#[test]
fn the_compose_document_is_shown_whatever_it_lacks_to_be_deployed() {
    let sandbox = sandbox();
    let text = sandbox.read("docker-compose.yml");
    sandbox.write(
        "docker-compose.yml",
        &text.replacen("services:\n", "services:\n  job: { image: job }\n", 1),
    );
    sandbox
        .run(["config", "testing"])
        .expect_code(2)
        .expect_told(&["service `job` has no role"]);
    let shown = sandbox.run_well(["config", "testing", "--compose"]).stdout;
    assert!(shown.contains("image: job"), "{shown}");
}
