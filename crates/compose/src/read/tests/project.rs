//! What holds between services, and at the top of a document.

use super::*;

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
fn replicas_and_scale_must_agree() {
    assert!(errors("scale: 2, deploy: {replicas: 3}")[0].contains("`deploy.replicas` is 3"));
    assert!(errors("deploy: {replicas: many}")[0].contains("whole number"));
    assert_eq!(service("scale: 0").replicas, 0);
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
