//! `shipway init`.

use crate::common::empty;

const COMPOSE: &str = "services:\n  web:\n    image: shop\n    ports: [\"8000:8000\"]\n    command: python3 app.py\n    \
x-shipway: { process: {} }\n  db:\n    image: postgres:16\n";

#[test]
fn what_it_writes_is_valid_and_writing_again_loses_nothing() {
    let sandbox = empty();
    sandbox.write("docker-compose.yml", COMPOSE);
    let printed = sandbox.run_well(["init", "--print"]);
    assert!(!sandbox.project().join("shipway.yml").exists());

    sandbox
        .run_well(["init"])
        .expect_told(&["wrote ", "next: "]);
    let written = sandbox.read("shipway.yml");
    assert_eq!(written, printed.stdout);
    let first = written.lines().next().unwrap_or_default();
    let (_, schema) = first.split_once("$schema=").expect("editors are told");
    let printed = sandbox.run_well(["config", "--schema"]).stdout;
    assert_eq!(sandbox.read(schema), printed);
    let told = ["development", "testing", "staging", "production"];
    sandbox.run_well(["validate"]).expect_told(&told);
    for environment in told {
        let config = sandbox.run_well(["config", environment, "--json"]).json();
        assert_eq!(config["environment"]["name"], environment);
        assert_eq!(config["services"]["web"]["role"], "web");
    }

    let edited = format!("{written}# a line of my own\n");
    sandbox.write("shipway.yml", &edited);
    sandbox
        .run_well(["init"])
        .expect_told(&["exists and was left as it is"]);
    assert_eq!(sandbox.read("shipway.yml"), edited);
}

#[test]
fn without_a_compose_file_it_says_what_to_do() {
    let sandbox = empty();
    let ended = sandbox.run(["init"]);
    let told = [
        "error: there is no Compose file in ",
        "hint: write a docker-compose.yml",
    ];
    ended.expect_code(2).expect_told(&told);
    assert!(!sandbox.project().join("shipway.yml").exists());
}
