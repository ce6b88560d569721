//! The reference application's files, every overlay over the base.

use std::path::PathBuf;

use shipway_compose::diagnostic::{Color, render_all};
use shipway_compose::model::{DependencyCondition, Project};
use shipway_compose::{Request, SourceFile, load};

fn directory() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../examples/storefront")
}

fn file(name: &str) -> SourceFile {
    let text = std::fs::read_to_string(directory().join(name))
        .expect("the example is in the same checkout");
    SourceFile {
        name: name.to_owned(),
        text,
    }
}

fn storefront(overlay: &str) -> Project {
    let files = [
        file("docker-compose.yml"),
        file(&format!("docker-compose.{overlay}.yml")),
    ];
    // Whatever a file requires is set; what it has a default for is not.
    let variables = |name: &str| (name != "HOME").then(|| "1".to_owned());
    let mut files_read = |_: &str| Ok("FROM_FILE=1\n".to_owned());
    let request = Request::new(&files, "/srv/shop").with_variables(&variables);
    let loaded = load(&request, &mut files_read)
        .unwrap_or_else(|error| panic!("{overlay}:\n{}", error.render(Color::Never)));
    let notes = render_all(&loaded.diagnostics, &loaded.sources, Color::Never);
    assert!(notes.is_empty(), "{overlay}:\n{notes}");
    loaded.project
}

#[test]
fn every_overlay_loads_without_a_warning() {
    for overlay in ["development", "testing", "staging", "production"] {
        let project = storefront(overlay);
        for name in ["web", "worker", "db", "rabbitmq", "memcached"] {
            assert!(
                project.services.contains_key(name),
                "{overlay} has no {name}"
            );
        }
        let web = &project.services["web"];
        assert!(web.healthcheck.is_some(), "{overlay}");
        assert_eq!(
            web.depends_on["db"].condition,
            DependencyCondition::Healthy,
            "{overlay}"
        );
        assert!(web.environment.contains_key("FROM_FILE"), "{overlay}");
    }
}
