use shipway_compose::{Loaded, NoFiles, Request, SourceFile, load};

use super::*;
use crate::config::parse;
use crate::workload::{Workload, resolve};

const COMPOSE: &str = "\
services:
  web:
    image: shop
    expose: ['8000']
    secrets: [key, {source: token, target: /run/t, mode: 0400}]
    configs: [app, motd, site]
  worker: {image: shop, secrets: [key]}
  debug: {image: shop, profiles: [debug], secrets: [unused]}
secrets:
  key: {external: true, name: secret_key}
  token: {environment: TOKEN}
  unused: {external: true}
configs:
  app: {file: ./app.conf}
  motd: {content: hello}
  site: {file: ./site}
";

fn loaded(text: &str) -> Loaded {
    let files = [SourceFile {
        name: "compose.yml".to_owned(),
        text: text.to_owned(),
    }];
    load(&Request::new(&files, "/srv/shop"), &mut NoFiles).unwrap()
}

fn resolved(
    text: &str,
    stored: &dyn Fn(&SecretName) -> Option<Version>,
    token: Option<&str>,
) -> Result<Workload, Vec<Problem>> {
    let config = "project: app\nservices: {web: {role: web}, worker: {role: worker}}\n\
                  environments: {production: {route: {listen: 1}}}\n";
    let config = parse(config).unwrap();
    let loaded = loaded(text);
    let files = Files {
        project: &loaded.project,
        directory: "/srv/shop",
        variable: &|name| token.filter(|_| name == "TOKEN").map(str::to_owned),
        read: &|path| match path {
            "/srv/shop/app.conf" => Ok(Some(vec![0xff, 0])),
            "/srv/shop/site" => Ok(None),
            _ => Err("there is none".to_owned()),
        },
        stored,
    };
    resolve(&config, &config.environments[0], files)
}

#[test]
fn each_file_is_settled_by_its_version_or_its_content() {
    let stored = |name: &SecretName| (name.as_str() == "secret_key").then_some(Version(3));
    let workload = resolved(COMPOSE, &stored, Some("hunter2")).unwrap();
    let held: Vec<(&str, &Content)> = workload
        .files
        .iter()
        .map(|file| (file.key.name.as_str(), &file.content))
        .collect();
    let stored = Content::Store {
        secret: "secret_key".parse().unwrap(),
        version: Version(3),
    };
    assert_eq!(
        held,
        [
            ("key", &stored),
            ("token", &Content::Text("hunter2".to_owned())),
            ("app", &Content::Bytes(vec![0xff, 0])),
            ("motd", &Content::Text("hello".to_owned())),
        ]
    );
    assert!(!format!("{workload:?}").contains("hunter2"));
    let stored = serde_json::to_string(&workload).unwrap();
    let read: Workload = serde_json::from_str(&stored).unwrap();
    assert_eq!(read.files, workload.files);
    assert_eq!(read.digest(), workload.digest());
}

#[test]
fn a_new_version_makes_another_workload() {
    let at = |version| resolved(COMPOSE, &|_| Some(Version(version)), Some("x")).unwrap();
    assert_ne!(at(1).digest(), at(2).digest());
    assert_eq!(at(1).digest(), at(1).digest());
    let secrets = at(2).secrets().into_values().collect::<Vec<_>>();
    assert_eq!(secrets, [Version(2)]);
}

#[test]
fn what_is_missing_is_told_with_its_place_and_the_way_out() {
    let problems = resolved(COMPOSE, &|_| None, None).unwrap_err();
    let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "the secret `secret_key` is not set in this environment",
            "the secret `token` has no content: the variable `TOKEN` is not set",
        ]
    );
    assert_eq!(problems[0].place().unwrap().line, 5);
    assert_eq!(
        problems[0].help(&"production".parse().unwrap()).unwrap(),
        "`shipway secrets set production secret_key` reads its value from standard input"
    );
}

#[test]
fn a_process_needs_only_what_it_asks_for() {
    let text = "\
services:
  web:
    image: shop
    secrets: [key, other]
    x-shipway: {process: {environment: {KEY_FILE: '{secret:key}'}}}
secrets:
  key: {external: true}
  other: {external: true}
";
    let stored = |name: &SecretName| (name.as_str() == "key").then_some(Version(1));
    let workload = resolved(text, &stored, None).unwrap();
    assert_eq!(workload.files.len(), 1);
    assert_eq!(workload.files[0].key.name, "key");
}
