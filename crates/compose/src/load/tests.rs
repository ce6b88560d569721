use std::collections::HashMap;

use proptest::prelude::*;

use super::*;
use crate::diagnostic::Code;
use crate::diagnostic::{Color, render_all};

fn file(name: &str, text: &str) -> SourceFile {
    SourceFile {
        name: name.to_owned(),
        text: text.to_owned(),
    }
}

fn load_with(
    texts: &[&str],
    env_files: &[(&str, &str)],
    variables: &[(&str, &str)],
) -> Result<Loaded, LoadError> {
    let files: Vec<_> = texts
        .iter()
        .enumerate()
        .map(|(n, text)| file(&format!("{n}.yml"), text))
        .collect();
    let variables: HashMap<_, _> = variables.iter().copied().collect();
    let env_files: HashMap<_, _> = env_files.iter().copied().collect();
    let lookup = |name: &str| variables.get(name).map(|&value| value.to_owned());
    let request = Request::new(&files, "/srv/shop").with_variables(&lookup);
    load(&request, &mut |path: &str| {
        env_files
            .get(path.trim_start_matches("/srv/shop/"))
            .map(|&text| text.to_owned())
            .ok_or(std::io::ErrorKind::NotFound.into())
    })
}

fn environment(loaded: &Loaded) -> Vec<(&str, Option<&str>)> {
    let web = &loaded.project.services["web"];
    web.environment
        .iter()
        .map(|(key, value)| (key.as_str(), value.as_deref()))
        .collect()
}

#[test]
fn later_files_go_over_earlier_ones() {
    let loaded = load_with(
        &[
            "name: a\nservices: {web: {image: x, ports: ['80:80']}}",
            "services: {web: {image: y, ports: ['81:81']}, db: {image: z}}",
            "name: c\nservices: {web: {ports: !reset []}}",
        ],
        &[],
        &[],
    )
    .unwrap();
    assert_eq!(loaded.project.name, "c");
    assert_eq!(
        loaded.project.services.keys().collect::<Vec<_>>(),
        ["web", "db"]
    );
    let web = &loaded.project.services["web"];
    assert_eq!((web.image.as_deref(), web.ports.len()), (Some("y"), 0));
    assert_eq!(web.span.source, 2);
    assert!(loaded.diagnostics.is_empty());
}

#[test]
fn environment_goes_over_environment_files() {
    let loaded = load_with(
        &["services: {web: {image: x, env_file: [a.env, {path: b.env}, {path: no.env, required: false}], environment: {C: own, D: null}}}"],
        &[("a.env", "A=1\nB=1\nC=1\nD=1\n"), ("b.env", "B=2\nE=$C-$OUT\n")],
        &[("OUT", "out")],
    )
    .unwrap();
    assert_eq!(
        environment(&loaded),
        [
            ("A", Some("1")),
            ("B", Some("2")),
            ("C", Some("own")),
            ("D", None),
            ("E", Some("1-out"))
        ]
    );
    let names: Vec<_> = loaded
        .sources
        .iter()
        .map(|source| source.name.as_str())
        .collect();
    assert_eq!(names, ["0.yml", "a.env", "b.env"]);
}

#[test]
fn raw_environment_files_are_taken_literally() {
    let loaded = load_with(
        &["services: {web: {image: x, env_file: {path: a.env, format: raw}}}"],
        &[("a.env", "A='$B'\n")],
        &[],
    );
    let error = loaded.unwrap_err();
    assert!(error.to_string().contains("must be a list"), "{error}");
    let loaded = load_with(
        &["services: {web: {image: x, env_file: [{path: a.env, format: raw}]}}"],
        &[("a.env", "A='$B'\n")],
        &[],
    );
    assert_eq!(environment(&loaded.unwrap()), [("A", Some("'$B'"))]);
}

#[test]
fn environment_files_must_be_there_and_right() {
    let text = "services: {web: {image: x, env_file: a.env}}";
    let error = load_with(&[text], &[], &[]).unwrap_err();
    assert_eq!(
        error.diagnostics[0].message,
        "environment file `a.env` is not there"
    );
    let error = load_with(&[text], &[("a.env", "A=1\nB='x\n")], &[]).unwrap_err();
    assert!(error.to_string().contains("a.env:2:3"), "{error}");
    // Optional for one service, required for another.
    let both = "services:\n  a: {image: x, env_file: [{path: e, required: false}]}\n  b: {image: x, env_file: e}\n";
    assert_eq!(
        load_with(&[both], &[], &[]).unwrap_err().diagnostics.len(),
        1
    );
}

#[test]
fn variables_used_are_reported() {
    let loaded = load_with(
        &["services: {web: {image: 'x:${TAG}', command: 'a $NO', labels: {a: '${D:-d}'}}}"],
        &[],
        &[("TAG", "1")],
    )
    .unwrap();
    let used: Vec<_> = loaded
        .variables
        .iter()
        .map(|(name, v)| (name.as_str(), v.is_set))
        .collect();
    assert_eq!(used, [("TAG", true), ("NO", false), ("D", false)]);
    assert_eq!(loaded.diagnostics.len(), 1);
    assert_eq!(loaded.diagnostics[0].code, Code::VariableUnset);
}

#[test]
fn everything_wrong_is_reported_at_once() {
    let error = load_with(
        &[
            "services: {web: {image: '${A:?}', image: y}}",
            "services: {web: {image: '${B!}'}}",
            "a: [",
            "services: {web: {image: '${C:?}'}}",
        ],
        &[],
        &[],
    )
    .unwrap_err();
    let mut codes: Vec<_> = error.diagnostics.iter().map(|d| d.code).collect();
    codes.sort_unstable();
    assert_eq!(
        codes,
        [
            Code::YamlSyntax,
            Code::YamlDuplicateKey,
            Code::VariableSyntax,
            Code::VariableRequired,
        ]
    );
    assert!(error.render(Color::Always).contains('\u{1b}'));
}

#[test]
fn no_file_is_no_service() {
    let error = load_with(&[], &[], &[]).unwrap_err();
    assert_eq!(error.diagnostics[0].code, Code::NoServices);
}

#[test]
fn what_is_rendered_loads_to_the_same_model() {
    let text = "services: {web: {image: 'x:1.10', command: \"sh -c 'echo $$HOME'\", ports: ['80:80'], environment: [A=$$x], build: ., restart: 'no', volumes: ['./a:/a']}}";
    let first = load_with(&[text], &[], &[]).unwrap().project;
    let mut tree = first.tree.clone();
    crate::transform::escape_dollars(&mut tree);
    let second = load_with(&[&crate::yaml::render(&tree)], &[], &[])
        .unwrap()
        .project;
    assert!(first.tree.same_value(&second.tree));
    let mut web = second.services["web"].clone();
    web.span = first.services["web"].span;
    assert_eq!(first.services["web"], web);
}

#[test]
fn many_services_and_ports_stay_quick() {
    let mut text = "services:\n".to_owned();
    for n in 0..5_000 {
        let next = n + 1;
        text += &format!("  s{n}: {{image: x, depends_on: [s{next}], volumes: ['v{n}:/v']}}\n");
    }
    assert!(load_with(&[&text], &[], &[]).is_err());
    let ports: String = (1..60).map(|n| format!("- '{n}-65000'\n")).collect();
    let text =
        format!("services:\n web:\n  image: x\n  ports:\n{ports}").replace("\n- ", "\n   - ");
    let error = load_with(&[&text], &[], &[]).unwrap_err();
    assert!(error.to_string().contains("too many ports"), "{error}");
}

const KEYS: &[&str] = &[
    "image",
    "build",
    "command",
    "ports",
    "volumes",
    "depends_on",
    "env_file",
    "environment",
    "healthcheck",
    "deploy",
    "restart",
    "scale",
    "labels",
    "profiles",
    "x-shipway",
    "networks",
    "secrets",
    "stop_grace_period",
    "tmpfs",
    "extra_hosts",
    "unknown",
];

const VALUES: &[&str] = &[
    "x",
    "1",
    "true",
    "null",
    "[a, b]",
    "[A=1]",
    "{a: 1}",
    "{web: {condition: x}}",
    "'80:80'",
    "['1-9:1-9', {target: 1}]",
    "['a:/b', /c]",
    "{test: [CMD, x]}",
    "!reset null",
    "!override [x]",
    "{replicas: 2, restart_policy: {delay: 1}}",
    "$A",
    "${A",
    "1m",
    "*a",
    "{process: {build: [x, {run: y}], path: z}}",
    "[[[]]]",
    "''",
    "{<<: {a: 1}}",
];

/// Texts that look like Compose files, and are wrong in many ways.
fn any_file() -> impl Strategy<Value = String> {
    let key = prop::sample::select(KEYS);
    let value = prop::sample::select(VALUES);
    let service = prop::collection::vec((key, value), 0..6).prop_map(|entries| {
        let lines: Vec<_> = entries
            .iter()
            .map(|(k, v)| format!("    {k}: {v}\n"))
            .collect();
        lines.concat()
    });
    prop::collection::vec(("(web|db)", service), 0..3).prop_map(|services| {
        let parts: Vec<_> = services
            .iter()
            .map(|(name, s)| format!("  {name}:\n{s}"))
            .collect();
        format!("x-a: &a {{image: x}}\nservices:\n{}", parts.concat())
    })
}

fn finish(texts: &[&str]) {
    match load_with(texts, &[("a", "A=1"), ("x", "$")], &[("A", "v")]) {
        Ok(loaded) => {
            let _ = render_all(&loaded.diagnostics, &loaded.sources, Color::Never);
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

proptest! {
    #[test]
    fn any_text_loads_or_is_refused(text in any::<String>()) {
        finish(&[&text]);
    }

    #[test]
    fn any_bytes_load_or_are_refused(bytes in any::<Vec<u8>>()) {
        finish(&[&String::from_utf8_lossy(&bytes)]);
    }

    #[test]
    fn any_files_load_or_are_refused(base in any_file(), over in any_file()) {
        finish(&[&base, &over]);
    }
}
