//! Which route answers for a path of one host.

use shipway_pipeline::route::PathPrefix;

/// What answers for which part of a host: the longest prefix that covers a path has it.
#[derive(Debug)]
pub(crate) struct Paths<T> {
    /// The longest first; what is for the whole host comes last.
    by_prefix: Vec<(PathPrefix, T)>,
    /// Whether there is another than for the whole host.
    is_divided: bool,
}

// === impl Paths ===

impl<T> Default for Paths<T> {
    fn default() -> Self {
        Self {
            by_prefix: Vec::new(),
            is_divided: false,
        }
    }
}

impl<T: Clone> Paths<T> {
    /// Lets `target` answer for these parts, in place of what did.
    pub(super) fn insert(&mut self, paths: &[PathPrefix], target: &T) {
        for path in paths {
            self.by_prefix.retain(|(present, _)| present != path);
            self.by_prefix.push((path.clone(), target.clone()));
            self.is_divided |= !path.is_root();
        }
        let length = |path: &PathPrefix| path.as_str().len();
        // `/` is as long as nothing else: it is the shortest anyway.
        self.by_prefix
            .sort_by_key(|(path, _)| std::cmp::Reverse(length(path)));
    }

    /// What answers for a path, as it is written.
    pub(super) fn find(&self, path: &str) -> Option<&T> {
        let covers = |(prefix, _): &&(PathPrefix, T)| prefix.covers(path);
        self.by_prefix.iter().find(covers).map(|(_, target)| target)
    }

    /// Whether paths matter here.
    pub(super) fn is_divided(&self) -> bool {
        self.is_divided
    }

    pub(super) fn is_empty(&self) -> bool {
        self.by_prefix.is_empty()
    }

    /// The same parts with other targets.
    pub(super) fn map<U>(&self, map: impl FnMut(&T) -> U) -> Paths<U> {
        let mut map = map;
        let mapped = self.by_prefix.iter();
        Paths {
            by_prefix: mapped
                .map(|(path, target)| (path.clone(), map(target)))
                .collect(),
            is_divided: self.is_divided,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(list: &[(&str, u8)]) -> Paths<u8> {
        let mut paths = Paths::default();
        for (path, target) in list {
            paths.insert(&[path.parse().unwrap()], target);
        }
        paths
    }

    #[test]
    fn the_longest_prefix_has_a_path() {
        let paths = paths(&[("/", 1), ("/api", 2), ("/api/v2", 3)]);
        for (path, target) in [
            ("/", 1),
            ("*", 1),
            ("/apis", 1),
            ("//api", 1),
            ("/api", 2),
            ("/api/v20", 2),
            ("/api/v2/x", 3),
        ] {
            assert_eq!(paths.find(path), Some(&target), "{path}");
        }
    }

    #[test]
    fn what_nobody_named_has_no_target_and_who_comes_later_takes_over() {
        let mut paths = paths(&[("/api", 1)]);
        assert!(paths.is_divided());
        assert_eq!(paths.find("/"), None);
        paths.insert(&["/api".parse().unwrap()], &2);
        assert_eq!(paths.find("/api"), Some(&2));
        assert!(!self::paths(&[("/", 1)]).is_divided());
    }
}
