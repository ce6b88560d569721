//! What a Dockerfile tells about the container it makes.

use shipway_compose::model::Build;

use super::listing::Listing;

/// What a Dockerfile's last stage says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Image {
    /// `FROM`.
    pub(super) from: Option<String>,
    /// `ENTRYPOINT` and `CMD` as one line.
    pub(super) command: String,
    /// The first `EXPOSE`.
    pub(super) port: Option<u16>,
}

/// The Dockerfile of a service, by the folders in which its context may be.
///
/// `base` is the folder of the Compose file; paths count from there or from the top.
pub(super) fn of(build: &Build, base: &str, listing: &Listing) -> Option<Image> {
    let file = build.dockerfile.as_deref().unwrap_or("Dockerfile");
    let context = build.context.trim_start_matches("./").trim_end_matches('/');
    let places = [
        context.to_owned(),
        format!("{base}/{context}"),
        String::new(),
    ];
    let text = places.iter().find_map(|folder| {
        let path = format!("{folder}/{}", file.trim_start_matches("./"));
        listing.text(&clean(&path)?)
    })?;
    Some(read(text, build.target.as_deref()))
}

/// Takes `.` and `..` out of a path; nothing where it leads out of the project.
fn clean(path: &str) -> Option<String> {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// Reads a Dockerfile up to the end of the stage that is built.
fn read(text: &str, target: Option<&str>) -> Image {
    let mut image = Image::default();
    let (mut entrypoint, mut command) = (String::new(), String::new());
    let mut is_target = false;
    let joined = text.replace("\\\n", " ");
    for line in joined.lines() {
        let line = line.trim();
        let Some((word, rest)) = line.split_once(char::is_whitespace) else {
            continue;
        };
        match word.to_ascii_uppercase().as_str() {
            "FROM" => {
                if is_target {
                    break;
                }
                let mut words = rest
                    .split_whitespace()
                    .filter(|word| !word.starts_with("--"));
                image = Image {
                    from: words.next().map(str::to_owned),
                    ..Image::default()
                };
                is_target = target.is_some() && words.nth(1) == target;
                entrypoint.clear();
                command.clear();
            }
            "EXPOSE" => {
                let first = rest.split([' ', '/']).next();
                image.port = image.port.or_else(|| first?.parse().ok());
            }
            "ENTRYPOINT" => entrypoint = line_of(rest),
            "CMD" => command = line_of(rest),
            _ => {}
        }
    }
    image.command = format!("{entrypoint} {command}").trim().to_owned();
    image
}

/// A command as one line, from its list or shell form.
fn line_of(rest: &str) -> String {
    serde_json::from_str::<Vec<String>>(rest)
        .map_or_else(|_| rest.to_owned(), |words| words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "FROM python:3.12 AS base\nEXPOSE 9000\nFROM base as dev\n\
        CMD python manage.py runserver \\\n  0.0.0.0:8001\nFROM base\nEXPOSE 8000/tcp 9\n\
        ENTRYPOINT [\"/entrypoint\"]\nCMD [\"gunicorn\", \"-b\", \":8000\"]\n";

    #[test]
    fn the_stage_that_is_built_counts() {
        let last = read(TEXT, None);
        assert_eq!(last.port, Some(8000));
        assert_eq!(last.command, "/entrypoint gunicorn -b :8000");
        assert_eq!(read(TEXT, Some("dev")).port, None);
        let command = read(TEXT, Some("dev")).command;
        assert!(command.ends_with("0.0.0.0:8001"), "{command}");
    }

    #[test]
    fn paths_stay_inside() {
        assert_eq!(
            clean("deploy/../app/./Dockerfile").as_deref(),
            Some("app/Dockerfile")
        );
        assert_eq!(clean("../Dockerfile"), None);
    }
}
