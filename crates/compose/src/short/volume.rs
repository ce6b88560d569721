//! Mounts in one string: `./data:/var/lib/data:ro`.

/// The parts of a mount's short form, as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Volume<'t> {
    /// Name of a volume or path of the host; an anonymous volume has none.
    pub source: Option<&'t str>,
    /// Path inside of the container.
    pub target: &'t str,
    /// `ro`, `rw`, `z`, …
    pub options: Vec<&'t str>,
}

/// Splits the short form of a mount.
///
/// Returns `None` for an empty part or one too many.
#[must_use]
pub fn split(text: &str) -> Option<Volume<'_>> {
    let parts = parts(text);
    if parts.iter().any(|part| part.is_empty()) {
        return None;
    }
    let (source, target, options) = match parts.as_slice() {
        [target] => (None, *target, Vec::new()),
        [source, target] => (Some(*source), *target, Vec::new()),
        [source, target, options] => (Some(*source), *target, options.split(',').collect()),
        _ => return None,
    };
    Some(Volume {
        source,
        target,
        options,
    })
}

/// Returns whether the source of a mount is a path of the host and no volume's name.
#[must_use]
pub fn is_path(source: &str) -> bool {
    source.starts_with(['.', '/', '~']) || source.starts_with("\\\\") || has_drive(source)
}

fn parts(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut start = 0;
    for (index, _) in text.match_indices(':') {
        // `C:\data` is one part, and so is a volume named by one letter, as in Compose.
        let is_drive = index == start + 1 && text.as_bytes()[start].is_ascii_alphabetic();
        if !is_drive {
            parts.push(&text[start..index]);
            start = index + 1;
        }
    }
    parts.push(&text[start..]);
    parts
}

fn has_drive(source: &str) -> bool {
    let bytes = source.as_bytes();
    bytes.len() > 1 && bytes[0].is_ascii_alphabetic() && bytes[1] == b':'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tuple(text: &str) -> Option<(Option<&str>, &str, String)> {
        split(text).map(|volume| (volume.source, volume.target, volume.options.join(",")))
    }

    #[test]
    fn source_and_options_may_be_missing() {
        let some = |source, target, options: &str| Some((source, target, options.to_owned()));
        assert_eq!(tuple("/data"), some(None, "/data", ""));
        assert_eq!(tuple("db:/data"), some(Some("db"), "/data", ""));
        assert_eq!(tuple("./x:/data:ro,z"), some(Some("./x"), "/data", "ro,z"));
        assert_eq!(tuple(r"C:\x:/data"), some(Some(r"C:\x"), "/data", ""));
        assert_eq!(tuple(r"C:\x:D:\y:ro"), some(Some(r"C:\x"), r"D:\y", "ro"));
        for text in ["", ":", "aa:", ":/x", "aa:bb:cc:dd"] {
            assert_eq!(tuple(text), None, "{text}");
        }
    }

    #[test]
    fn paths_are_told_from_names() {
        assert!(
            [".", "./a", "/a", "~/a", r"C:\a", r"\\pipe"]
                .iter()
                .all(|path| is_path(path))
        );
        assert!(!["data", "my-data", ""].iter().any(|path| is_path(path)));
    }
}
