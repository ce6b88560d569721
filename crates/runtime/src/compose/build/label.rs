//! What an image says of its origin, by the OCI image specification, and when it was made.

use shipway_compose::yaml::{Mapping, Node, Span};

use crate::BuildRequest;

/// BuildKit dates an image by it, so that the same sources give the same times.
const EPOCH: &str = "SOURCE_DATE_EPOCH";

/// Writes a request's origin into every build of a project. What the user's files say wins, but
/// for the commit, by which images are known.
pub(super) fn label(project: &mut Node, request: &BuildRequest) {
    let origin = &request.origin;
    let created = rfc3339(origin.committed.0);
    let seconds = (origin.committed.0 / 1000).to_string();
    let labels = [
        ("created", created.as_deref(), false),
        ("revision", Some(request.commit.as_str()), true),
        ("source", origin.source.as_deref(), false),
        ("version", origin.version.as_deref(), false),
    ];
    for build in builds(project) {
        for (name, value, is_ours) in labels {
            let Some(value) = value else { continue };
            set(
                build,
                "labels",
                &format!("org.opencontainers.image.{name}"),
                value,
                is_ours,
            );
        }
        set(build, "args", EPOCH, &seconds, false);
    }
}

/// Makes every build of a project one for a platform.
pub(super) fn target(project: &mut Node, platform: &str) {
    for build in builds(project) {
        let platform = Node::string(platform, Span::default());
        build.insert(
            "platforms",
            Span::default(),
            Node::sequence(vec![platform], Span::default()),
        );
    }
}

fn builds(project: &mut Node) -> impl Iterator<Item = &mut Mapping> {
    let services = project
        .as_map_mut()
        .and_then(|root| root.get_mut("services"))
        .and_then(Node::as_map_mut);
    services
        .into_iter()
        .flat_map(Mapping::iter_mut)
        .filter_map(|(_, service)| service.as_map_mut()?.get_mut("build")?.as_map_mut())
}

fn set(build: &mut Mapping, section: &str, name: &str, value: &str, is_ours: bool) {
    let known = build.get(section).and_then(Node::as_map).cloned();
    let mut known = known.unwrap_or_default();
    if known.contains(name) && !is_ours {
        return;
    }
    known.insert(name, Span::default(), Node::string(value, Span::default()));
    build.insert(
        section,
        Span::default(),
        Node::mapping(known, Span::default()),
    );
}

fn rfc3339(millis: u64) -> Option<String> {
    let time = jiff::Timestamp::from_millisecond(i64::try_from(millis).ok()?).ok()?;
    Some(time.to_string())
}
