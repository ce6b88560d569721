//! What a Django project tells: how it migrates, and where it says that it is healthy.

use super::listing::{Listing, split};

/// Routes by which an application says that it is healthy, the plainest first.
const HEALTH: [&str; 14] = [
    "health",
    "healthz",
    "healthcheck",
    "health-check",
    "health_check",
    "_health",
    "ready",
    "readyz",
    "readiness",
    "livez",
    "liveness",
    "ping",
    "heartbeat",
    "__heartbeat__",
];

/// A Django project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Django {
    /// Where `manage.py` is.
    pub(super) manage: String,
    /// The settings that `manage.py` takes where nobody names others.
    pub(super) settings: Option<String>,
    /// The path of a health URL, and the file that has it.
    pub(super) health: Option<(String, String)>,
}

/// A route of a `urls.py`.
struct Route<'a> {
    path: String,
    /// The module that goes on from here.
    include: Option<&'a str>,
}

/// Finds a Django project.
pub(super) fn find(listing: &Listing) -> Option<Django> {
    let (manage, text) = listing
        .named("manage.py")
        .find(|(_, text)| text.contains("django"))?;
    let settings = text
        .split_once("DJANGO_SETTINGS_MODULE")
        // Its own closing quote comes first.
        .and_then(|(_, rest)| literals(rest.get(1..)?).next())
        .map(str::to_owned);
    let root = split(manage).0;
    let package = settings
        .as_deref()
        .and_then(|it| it.split('.').next())
        .unwrap_or_default();
    let below = |path: &str| match root {
        "" => path.to_owned(),
        root => format!("{root}/{path}"),
    };
    let urls = below(&format!("{package}/urls.py"));
    let health = listing.text(&urls).and_then(|text| {
        let own = best(&routes(text)).map(|path| (path, urls.clone()));
        own.or_else(|| {
            // Only what is included without a prefix has a path that is plain to see.
            let routes = routes(text);
            let mut included = routes.iter().filter(|route| route.path.is_empty());
            included.find_map(|route| {
                let file = below(&format!("{}.py", route.include?.replace('.', "/")));
                let found = best(&self::routes(listing.text(&file)?))?;
                Some((found, file))
            })
        })
    });
    Some(Django {
        manage: manage.to_owned(),
        settings,
        health,
    })
}

/// The plainest health route.
fn best(routes: &[Route<'_>]) -> Option<String> {
    HEALTH.iter().find_map(|name| {
        let mut routes = routes.iter();
        let found = routes.find(|route| route.path.trim_end_matches('/') == *name)?;
        Some(format!("/{}", found.path))
    })
}

/// The routes of a `urls.py`: `path("…"`, `re_path(r"^…$"`, `url(…`.
fn routes(text: &str) -> Vec<Route<'_>> {
    let mut found = Vec::new();
    let code = text
        .split('\n')
        .filter(|line| !line.trim_start().starts_with('#'));
    for line in code {
        let Some((before, rest)) = line.split_once("path(").or_else(|| line.split_once("url("))
        else {
            continue;
        };
        let is_pattern =
            !before.trim().is_empty() || rest.starts_with("r\"") || rest.starts_with("r'");
        let Some(written) = literals(rest).next() else {
            continue;
        };
        let include = rest
            .split_once("include(")
            .and_then(|(_, inside)| literals(inside).next());
        let path = if is_pattern {
            // `^healthz/?$` answers without the slash.
            written
                .trim_start_matches('^')
                .trim_end_matches('$')
                .replace("/?", "")
        } else {
            written.to_owned()
        };
        found.push(Route { path, include });
    }
    found
}

/// The string literals of a piece of Python.
fn literals(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let start = rest.find(['"', '\''])?;
        let quote = rest[start..].chars().next()?;
        let (literal, after) = rest[start + 1..].split_once(quote)?;
        rest = after;
        Some(literal)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANAGE: &str = "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', \"shop.settings.local\")\n\
        from django.core.management import execute_from_command_line\n";

    fn listing(files: &[(&str, &str)]) -> Listing {
        let owned = |(path, text): &(&str, &str)| ((*path).to_owned(), (*text).to_owned());
        Listing {
            folder: "shop".to_owned(),
            files: files.iter().map(owned).collect(),
        }
    }

    fn health(urls: &str) -> Option<String> {
        let listing = listing(&[("src/manage.py", MANAGE), ("src/shop/urls.py", urls)]);
        let django = find(&listing).unwrap();
        assert_eq!(django.settings.as_deref(), Some("shop.settings.local"));
        django.health.map(|(path, _)| path)
    }

    #[test]
    fn health_urls_are_found_where_they_are_plain_to_see() {
        let cases = [
            ("    path(\"health/\", views.health),", Some("/health/")),
            (
                "    path('ping', ping),\n    path('healthz', ok),",
                Some("/healthz"),
            ),
            ("    re_path(r'^ready/?$', views.ready),", Some("/ready")),
            (
                "    path('health/', include('health_check.urls')),",
                Some("/health/"),
            ),
            ("    path('shop/', include('shop.urls')),", None),
            ("    # path('health/', views.health),", None),
        ];
        for (urls, path) in cases {
            assert_eq!(health(urls).as_deref(), path, "{urls}");
        }
    }

    #[test]
    fn what_is_included_without_a_prefix_counts_too() {
        let urls = "path('', include('core.urls')),\npath('api/', include('api.urls')),\n";
        let files = [
            ("manage.py", MANAGE),
            ("shop/urls.py", urls),
            ("core/urls.py", "path('ping/', views.ping)"),
            ("api/urls.py", "path('health/', views.health)"),
        ];
        let found = find(&listing(&files)).unwrap().health.unwrap();
        assert_eq!(found, ("/ping/".to_owned(), "core/urls.py".to_owned()));
    }
}
