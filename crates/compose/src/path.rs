//! Paths as texts: nothing here looks at a disk.
//!
//! Compose resolves paths lexically: `a/../b` is `b`, whatever `a` links to.

/// Returns whether a path starts at the root.
#[must_use]
pub fn is_absolute(path: &str) -> bool {
    path.starts_with('/')
}

/// Returns whether a path is absolute on Windows: `C:\data`, `\\server\share`.
#[must_use]
pub fn is_windows_absolute(path: &str) -> bool {
    let bytes = path.as_bytes();
    let is_slash = |at: usize| matches!(bytes.get(at), Some(b'/' | b'\\'));
    let has_drive =
        bytes.first().is_some_and(u8::is_ascii_alphabetic) && bytes.get(1) == Some(&b':');
    has_drive && is_slash(2) || path.starts_with(r"\\") && path.len() > 2
}

/// Takes `.`, `..` and doubled slashes out of a path.
///
/// An empty path becomes `.`; an absolute one cannot go above the root.
#[must_use]
pub fn clean(path: &str) -> String {
    let absolute = is_absolute(path);
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if absolute => {}
            part => parts.push(part),
        }
    }
    let joined = parts.join("/");
    match (absolute, joined.is_empty()) {
        (true, _) => format!("/{joined}"),
        (false, true) => ".".to_owned(),
        (false, false) => joined,
    }
}

/// Resolves a path against a directory.
#[must_use]
pub fn join(directory: &str, path: &str) -> String {
    if is_absolute(path) {
        clean(path)
    } else {
        clean(&format!("{directory}/{path}"))
    }
}

/// Returns the directory that holds what the path names.
#[must_use]
pub fn parent(path: &str) -> String {
    match path.rsplit_once('/') {
        Some(("", _)) => "/".to_owned(),
        Some((directory, _)) => clean(directory),
        None => ".".to_owned(),
    }
}

/// Returns the path as seen from a directory, if it is below it.
#[must_use]
pub fn below<'p>(directory: &str, path: &'p str) -> Option<&'p str> {
    if path == directory {
        return Some(".");
    }
    path.strip_prefix(directory.trim_end_matches('/'))?
        .strip_prefix('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_cleaned_lexically() {
        for (path, expected) in [
            ("", "."),
            (".", "."),
            ("/", "/"),
            ("/..", "/"),
            ("a//b/./c/", "a/b/c"),
            ("a/../../b", "../b"),
            ("../../b", "../../b"),
            ("/a/../../b", "/b"),
        ] {
            assert_eq!(clean(path), expected, "{path}");
        }
    }

    #[test]
    fn paths_are_resolved_against_a_directory() {
        assert_eq!(join("/srv/shop", "./a"), "/srv/shop/a");
        assert_eq!(join("/srv/shop", "../a"), "/srv/a");
        assert_eq!(join("/srv/shop", "/a/./b"), "/a/b");
        assert_eq!(parent("/srv/shop/compose.yml"), "/srv/shop");
        assert_eq!(parent("/compose.yml"), "/");
        assert_eq!(parent("compose.yml"), ".");
        assert_eq!(below("/srv", "/srv/a/b"), Some("a/b"));
        assert_eq!(below("/", "/a"), Some("a"));
        assert_eq!(below("/srv", "/srv2/a"), None);
        assert_eq!(below("/srv", "/srv"), Some("."));
    }

    #[test]
    fn windows_has_roots_of_its_own() {
        assert!(
            [r"C:\x", "c:/x", r"\\server\share"]
                .into_iter()
                .all(is_windows_absolute)
        );
        assert!(
            !["C:x", "/x", "x", "é:/x"]
                .into_iter()
                .any(is_windows_absolute)
        );
    }
}
