//! Source code that comes from the host instead of from the image.

use super::subject::{Subject, View};
use crate::diagnostic::{Code, Diagnostic};
use crate::model::{Mount, MountKind};

/// Folders that hold source code in most projects.
const SOURCE_FOLDERS: [&str; 4] = ["src", "app", "code", "lib"];

/// A service built here has its source mounted over what is in its image.
pub(super) fn of_source(view: &View<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let built = view.subjects.iter().filter(|one| view.is_built(one));
    for subject in built {
        let mounts = subject.service.mounts.iter();
        for mount in mounts.filter(|mount| is_source(view, subject, mount)) {
            let source = mount.source.as_deref().unwrap_or_default();
            let source = relative(source, view.context.directory);
            let message = format!(
                "service `{}` runs what lies in `{}` of the host, not what is in its image",
                subject.name(),
                if source.is_empty() { "." } else { source }
            );
            let help = "keep this mount in the file of the development environment";
            found.push(
                Diagnostic::new(Code::SourceMount, message)
                    .with_label(subject.mount_place(mount), "")
                    .with_help(help),
            );
        }
    }
    found
}

fn is_source(view: &View<'_>, subject: &Subject<'_>, mount: &Mount) -> bool {
    let (MountKind::Bind, Some(source)) = (mount.kind, &mount.source) else {
        return false;
    };
    let directory = view.context.directory;
    let source = relative(source, directory);
    let build = subject.service.build.as_ref();
    let is_context = build.is_some_and(|build| relative(&build.context, directory) == source);
    source.is_empty() || is_context || SOURCE_FOLDERS.contains(&source)
}

/// Returns a path below the project directory as the file could have written it.
fn relative<'a>(path: &'a str, directory: &str) -> &'a str {
    let below = path
        .strip_prefix(directory)
        .filter(|rest| rest.is_empty() || rest.starts_with('/'))
        .map_or(path, |rest| rest.trim_start_matches('/'));
    let below = below.trim_end_matches('/');
    if below == "." {
        return "";
    }
    below.strip_prefix("./").unwrap_or(below)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::testing::messages;

    #[test]
    fn source_is_the_project_the_context_or_a_folder_named_so() {
        for mount in [
            ".:/app",
            "./:/app",
            "/project:/app",
            "./src:/app/src:ro",
            "./web:/app",
        ] {
            let text = format!("  web: {{build: ./web, volumes: ['{mount}']}}");
            assert_eq!(messages(of_source, &text).len(), 1, "{mount}");
        }
    }

    #[test]
    fn data_and_configuration_are_no_source() {
        for mount in [
            "./media:/app/media",
            "./nginx.conf:/etc/nginx/nginx.conf:ro",
            "data:/app",
            "/projects:/app",
            "/srv/src:/data",
        ] {
            let text = format!("  web: {{build: ., volumes: ['{mount}']}}");
            assert!(messages(of_source, &text).is_empty(), "{mount}");
        }
        let pulled = "  db: {image: 'nginx:1', volumes: ['.:/usr/share/nginx/html']}";
        assert!(messages(of_source, pulled).is_empty());
    }

    #[test]
    fn the_worker_of_a_built_image_is_built_as_well() {
        let text = "
  web: {build: ., image: 'shop:1'}
  worker: {image: 'shop:1', volumes: ['.:/app']}";
        assert_eq!(
            messages(of_source, text),
            ["service `worker` runs what lies in `.` of the host, not what is in its image"]
        );
    }
}
