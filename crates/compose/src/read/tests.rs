use std::time::Duration;

use crate::model::*;
use crate::process::BuildStep;
use crate::{LoadError, Loaded, NoFiles, Request, SourceFile, load};

fn try_load(text: &str) -> Result<Loaded, LoadError> {
    let file = SourceFile {
        name: "compose.yml".to_owned(),
        text: text.to_owned(),
    };
    let variables = |name: &str| (name == "TRUE").then(|| "true".to_owned());
    let files = [file];
    let request = Request::new(&files, "/srv/shop").with_variables(&variables);
    load(&request, &mut NoFiles)
}

fn project(text: &str) -> Project {
    try_load(text)
        .unwrap_or_else(|error| panic!("{error}\n{text}"))
        .project
}

/// Reads a service written as the inside of a flow mapping.
fn service(keys: &str) -> Service {
    let text = format!("services: {{web: {{image: x, {keys}}}}}\nvolumes: {{data: {{}}}}\n");
    project(&text).services.swap_remove("web").unwrap()
}

/// Returns the errors of a service with their columns' texts.
fn errors(keys: &str) -> Vec<String> {
    let text = format!("services: {{web: {{image: x, {keys}}}}}\nvolumes: {{data: {{}}}}\n");
    all_errors(&text)
}

fn all_errors(text: &str) -> Vec<String> {
    let error = try_load(text).expect_err(text);
    error
        .diagnostics
        .iter()
        .filter(|d| d.is_error())
        .map(|d| d.message.clone())
        .collect()
}

fn warnings(text: &str) -> Vec<(String, Option<String>)> {
    let loaded = try_load(text).unwrap();
    loaded
        .diagnostics
        .into_iter()
        .map(|d| (d.message, d.help))
        .collect()
}

fn words(words: &[&str]) -> Option<Vec<String>> {
    Some(words.iter().map(|&word| word.to_owned()).collect())
}

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
fn ports_have_many_forms() {
    let ports = |form: &str| -> Vec<_> {
        service(&format!("ports: [{form}]"))
            .ports
            .into_iter()
            .map(|p| {
                (
                    p.target,
                    p.published.unwrap_or_default(),
                    p.host_ip.unwrap_or_default(),
                    p.protocol,
                )
            })
            .collect()
    };
    let port = |target, published: &str, ip: &str, protocol: &str| {
        (
            target,
            published.to_owned(),
            ip.to_owned(),
            protocol.to_owned(),
        )
    };
    assert_eq!(ports("80"), [port(80, "", "", "tcp")]);
    assert_eq!(ports("'8080:80/udp'"), [port(80, "8080", "", "udp")]);
    assert_eq!(
        ports("'127.0.0.1:8080:80'"),
        [port(80, "8080", "127.0.0.1", "tcp")]
    );
    assert_eq!(ports("'[::1]:8080:80'"), [port(80, "8080", "::1", "tcp")]);
    assert_eq!(
        ports("'80-81'"),
        [port(80, "", "", "tcp"), port(81, "", "", "tcp")]
    );
    assert_eq!(
        ports("'90-91:80-81'"),
        [port(80, "90", "", "tcp"), port(81, "91", "", "tcp")]
    );
    assert_eq!(ports("'90-99:80'"), [port(80, "90-99", "", "tcp")]);
    assert_eq!(
        ports("{target: 80, published: '90-99', host_ip: 0.0.0.0, protocol: udp, mode: host}"),
        [port(80, "90-99", "0.0.0.0", "udp")]
    );
    assert_eq!(
        ports("{target: 80, published: 90}"),
        [port(80, "90", "", "tcp")]
    );
}

#[test]
fn wrong_ports_are_refused() {
    assert_eq!(
        errors("ports: ['http']"),
        ["`services.web.ports[0]`: `http` is no port"]
    );
    assert_eq!(
        errors("ports: ['nowhere:80:80']"),
        ["`services.web.ports[0]`: `nowhere:80:80` is no port"]
    );
    assert_eq!(
        errors("ports: [99999]"),
        ["`services.web.ports[0]`: `99999` is no port"]
    );
    assert!(errors("ports: ['1-3:1-2']")[0].contains("differ in length"));
    assert!(errors("ports: [{published: 80}]")[0].contains("has no `target`"));
    assert!(errors("ports: [{target: 80, published: x}]")[0].contains("a port or a range"));
    assert!(errors("ports: [{target: -1}]")[0].contains("whole number"));
    assert_eq!(
        errors("ports: '80:80'"),
        ["`services.web.ports` must be a list, not a string"]
    );
}

#[test]
fn mounts_have_a_short_and_a_long_form() {
    let mount = |form: &str| {
        let mount = service(&format!("volumes: [{form}]")).mounts.remove(0);
        (
            mount.kind,
            mount.source.unwrap_or_default(),
            mount.target,
            mount.read_only,
        )
    };
    let expected = |kind, source: &str, target: &str, read_only| {
        (kind, source.to_owned(), target.to_owned(), read_only)
    };
    assert_eq!(
        mount("'data:/x'"),
        expected(MountKind::Volume, "data", "/x", false)
    );
    assert_eq!(
        mount("'./data:/x:ro'"),
        expected(MountKind::Bind, "./data", "/x", true)
    );
    assert_eq!(
        mount("'~/data:/x:z,ro'"),
        expected(MountKind::Bind, "./~/data", "/x", true)
    );
    assert_eq!(mount("/x"), expected(MountKind::Volume, "", "/x", false));
    assert_eq!(
        mount("{type: bind, source: /a, target: /x, read_only: \"${TRUE}\"}"),
        expected(MountKind::Bind, "/a", "/x", true)
    );
    assert_eq!(
        mount("{type: tmpfs, target: /x}"),
        expected(MountKind::Tmpfs, "", "/x", false)
    );
    let tmpfs = service("tmpfs: '/run:size=1m'").mounts;
    assert_eq!(
        (tmpfs[0].kind, tmpfs[0].target.as_str()),
        (MountKind::Tmpfs, "/run")
    );
}

#[test]
fn wrong_mounts_are_refused() {
    assert!(errors("volumes: ['aa:bb:cc:dd']")[0].contains("is no mount"));
    assert!(errors("volumes: [{target: /x}]")[0].contains("has no `type`"));
    assert!(errors("volumes: [{type: volume, source: data}]")[0].contains("has no `target`"));
    assert!(errors("volumes: [{type: bind, target: /x}]")[0].contains("has no `source`"));
    assert_eq!(
        errors("volumes: [{type: volum, target: /x}]"),
        ["`volum` is no type of mount"]
    );
    let text = "services: {web: {image: x, volumes: [{type: npipe, source: a, target: b}]}}";
    assert!(warnings(text)[0].0.contains("left to the engine"));
}

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

#[test]
fn dependencies_are_a_list_or_a_mapping() {
    let dependencies = |form: &str| {
        let text = format!("services: {{web: {{image: x, depends_on: {form}}}, a: {{image: x}}}}");
        project(&text).services["web"].depends_on.clone()
    };
    let started = Dependency {
        condition: DependencyCondition::Started,
        required: true,
    };
    assert_eq!(dependencies("[a]")["a"], started);
    for (name, condition) in [
        ("service_started", DependencyCondition::Started),
        ("service_healthy", DependencyCondition::Healthy),
        (
            "service_completed_successfully",
            DependencyCondition::Completed,
        ),
    ] {
        let form = format!("{{a: {{condition: {name}, required: false}}}}");
        assert_eq!(
            dependencies(&form)["a"],
            Dependency {
                condition,
                required: false
            }
        );
    }
    assert_eq!(
        errors("depends_on: {web: {condition: service_helthy}}")[0],
        "`service_helthy` is no condition"
    );
    assert!(errors("depends_on: a")[0].contains("must be a list of names or a mapping"));
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
fn replicas_and_scale_must_agree() {
    assert!(errors("scale: 2, deploy: {replicas: 3}")[0].contains("`deploy.replicas` is 3"));
    assert!(errors("deploy: {replicas: many}")[0].contains("whole number"));
    assert_eq!(service("scale: 0").replicas, 0);
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

#[test]
fn unknown_keys_are_kept_and_told() {
    let text = "serivces: {}\nservices:\n  web:\n    image: x\n    prots: [80]\n    x-mine: 1\n    \
                build: {contxt: .}\nversion: '3'\nx-top: 1\n";
    let warnings = warnings(text);
    let expected = [
        (
            "unknown key `serivces` in the top level",
            "did you mean `services`?",
        ),
        (
            "unknown key `prots` in `services.web`",
            "did you mean `ports`?",
        ),
        (
            "unknown key `contxt` in `services.web.build`",
            "did you mean `context`?",
        ),
        ("`version` has no meaning any more", "remove it"),
    ];
    let seen: Vec<_> = warnings
        .iter()
        .map(|(m, h)| (m.as_str(), h.as_deref().unwrap_or_default()))
        .collect();
    assert_eq!(seen, expected);
    assert!(
        project(text)
            .tree
            .at(&["services", "web", "prots"])
            .is_some()
    );
}

#[test]
fn the_top_level_is_checked() {
    assert_eq!(all_errors(""), ["there is no service"]);
    assert!(project("services: {}").services.is_empty());
    assert_eq!(
        all_errors("services: [web]"),
        ["`services` must be a mapping, not a list"]
    );
    assert_eq!(
        all_errors("- web"),
        ["a Compose file must be a mapping, not a list"]
    );
    assert_eq!(all_errors("services: {web: }"), ["service `web` is empty"]);
    assert_eq!(
        all_errors("services: {web: x}"),
        ["`services.web` must be a mapping, not a string"]
    );
    assert_eq!(
        all_errors("services: {web: {command: a}}"),
        ["service `web` has neither an `image` nor a `build`"]
    );
    assert_eq!(
        all_errors("services: {'a b': {image: x}}"),
        ["`a b` is no name for a service"]
    );
    assert_eq!(
        project("name: My Shop\nservices: {web: {image: x}}").name,
        "myshop"
    );
    assert_eq!(
        all_errors("include: [x]\nservices: {web: {image: x, extends: y}}").len(),
        2
    );
    let error = try_load("service: {web: {image: x}}").unwrap_err();
    let help = error
        .diagnostics
        .iter()
        .find(|d| d.is_fatal())
        .unwrap()
        .help
        .clone();
    assert_eq!(
        help.as_deref(),
        Some("did you mean `services` by `service`?")
    );
}

#[test]
fn top_level_volumes_are_read() {
    let text = "name: shop-1\nservices: {web: {image: x, volumes: ['aa:/a', 'bb:/b', 'cc:/c']}}\n\
                volumes: {aa: , bb: {external: true, name: n}, cc: {external: {name: n}}}";
    let project = project(text);
    assert_eq!(project.name, "shop-1");
    assert_eq!(project.volumes["aa"].name.as_deref(), Some("shop-1_aa"));
    assert_eq!(
        project.volumes["bb"],
        Volume {
            external: true,
            name: Some("n".to_owned())
        }
    );
    assert!(project.volumes["cc"].external);
}

#[test]
fn names_must_stand_for_something() {
    let message = |kind: &str, name: &str| {
        vec![format!(
            "service `web` needs {kind} `{name}`, which is not there"
        )]
    };
    assert_eq!(errors("depends_on: [db]"), message("service", "db"));
    assert_eq!(errors("volumes: ['dat:/x']"), message("volume", "dat"));
    assert_eq!(
        errors("volumes: [{type: volume, source: dat, target: /x}]"),
        message("volume", "dat")
    );
    assert_eq!(
        errors("networks: [front, default]"),
        message("network", "front")
    );
    assert_eq!(errors("secrets: [key]"), message("secret", "key"));
    assert_eq!(
        errors("configs: [{source: conf}]"),
        message("config", "conf")
    );
    let text = "services: {web: {image: x, volumes: ['dta:/x']}}\nvolumes: {data: }";
    let error = try_load(text).unwrap_err();
    assert_eq!(
        error.diagnostics[0].help.as_deref(),
        Some("did you mean `data`?")
    );
    assert_eq!(error.diagnostics[0].labels[0].span.column, 38);
}

#[test]
fn circles_of_dependencies_are_refused() {
    let text = "services: {z: {image: x, depends_on: [a]}, a: {image: x, depends_on: [b, d]}, \
                b: {image: x, depends_on: [c]}, c: {image: x, depends_on: [a]}, d: {image: x}}";
    assert_eq!(
        all_errors(text),
        ["services wait for each other: a → b → c → a"]
    );
    assert_eq!(
        errors("depends_on: [web]"),
        ["services wait for each other: web → web"]
    );
}

#[test]
fn values_made_by_interpolation_have_every_type() {
    let web = service(
        "healthcheck: {disable: \"${TRUE}\"}, scale: \"${N:-4}\", ports: [\"${P:-80}:80\"]",
    );
    assert!(web.healthcheck.is_none());
    assert_eq!(web.replicas, 4);
    assert_eq!(web.ports[0].published.as_deref(), Some("80"));
}
