//! The counts in Prometheus' text format.

use std::collections::BTreeMap;
use std::fmt::Write;

use shipway_pipeline::traffic::{BUCKETS, bucket_bound};

use crate::acme::Told;
use crate::registry::Registry;
use crate::tally::{Owner, Totals};
use crate::tls::Kept;

/// Of the histogram's buckets every fourth is told, one per doubling: 19 series per deployment
/// instead of 73, and what is left out can be read on the status.
const STEP: usize = 4;

/// Renders all counts.
pub(crate) fn render(registry: &Registry) -> String {
    let counted: Vec<(String, Totals)> = registry
        .counted()
        .0
        .iter()
        .map(|(owner, instances)| {
            let mut totals = Totals::default();
            for part in instances.values() {
                totals.add(part);
            }
            (labels(owner), totals)
        })
        .collect();
    let mut page = Page::default();
    requests(&mut page, &counted);
    latency(&mut page, &counted);
    in_flight(&mut page, &counted);
    events(&mut page, &counted);
    routes(&mut page, registry);
    refused(&mut page, registry);
    connections(&mut page, registry);
    maintenance(&mut page, registry);
    access_log(&mut page, registry);
    certificates(&mut page, registry);
    issued(&mut page, registry);
    page.0
}

/// The text, family by family.
#[derive(Default)]
struct Page(String);

// === impl Page ===

impl Page {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        self.line(format_args!("# HELP {name} {help}"));
        self.line(format_args!("# TYPE {name} {kind}"));
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.0, "{line}");
    }
}

fn labels(owner: &Owner) -> String {
    // Names are validated: nothing in them needs escaping.
    let Owner {
        route,
        colour,
        deployment,
    } = owner;
    format!(
        "project=\"{}\",environment=\"{}\",colour=\"{colour}\",deployment=\"{deployment}\"",
        route.project, route.environment
    )
}

fn requests(page: &mut Page, counted: &[(String, Totals)]) {
    let name = "shipway_proxy_requests_total";
    page.family(
        name,
        "counter",
        "Requests by status class; class failed got no answer.",
    );
    for (labels, totals) in counted {
        for (index, count) in totals.counters.by_class.iter().enumerate() {
            let class = index + 1;
            page.line(format_args!(
                "{name}{{{labels},class=\"{class}xx\"}} {count}"
            ));
        }
        let failed = totals.counters.failed;
        page.line(format_args!("{name}{{{labels},class=\"failed\"}} {failed}"));
    }
}

fn latency(page: &mut Page, counted: &[(String, Totals)]) {
    let name = "shipway_proxy_response_head_seconds";
    page.family(
        name,
        "histogram",
        "Time from a request to the head of its response.",
    );
    for (labels, totals) in counted {
        let buckets = &totals.counters.latency;
        let mut below = 0;
        for index in 0..BUCKETS - 1 {
            below += buckets.get(index).copied().unwrap_or_default();
            if let Some(bound) = bucket_bound(index).filter(|_| index % STEP == 0) {
                let bound = bound.as_secs_f64();
                page.line(format_args!(
                    "{name}_bucket{{{labels},le=\"{bound}\"}} {below}"
                ));
            }
        }
        let all: u64 = buckets.iter().sum();
        let sum = totals.latency.as_secs_f64();
        page.line(format_args!("{name}_bucket{{{labels},le=\"+Inf\"}} {all}"));
        page.line(format_args!("{name}_sum{{{labels}}} {sum}"));
        page.line(format_args!("{name}_count{{{labels}}} {all}"));
    }
}

fn in_flight(page: &mut Page, counted: &[(String, Totals)]) {
    let name = "shipway_proxy_in_flight";
    page.family(name, "gauge", "What is in hand, by connection class.");
    for (labels, totals) in counted {
        let in_flight = totals.in_flight;
        for (class, count) in [
            ("short", in_flight.short),
            ("streaming", in_flight.streaming),
            ("upgraded", in_flight.upgraded),
        ] {
            page.line(format_args!("{name}{{{labels},class=\"{class}\"}} {count}"));
        }
    }
}

type Event = (&'static str, &'static str, fn(&Totals) -> u64);

fn events(page: &mut Page, counted: &[(String, Totals)]) {
    let events: [Event; 4] = [
        ("upgrades", "Connections that were upgraded.", |totals| {
            totals.upgrades
        }),
        (
            "connect_errors",
            "Connections to instances that could not be made.",
            |totals| totals.connect_errors,
        ),
        (
            "retries",
            "Requests that went to another instance or connection instead.",
            |totals| totals.retries,
        ),
        (
            "abandoned",
            "Requests whose client left before the answer.",
            |totals| totals.abandoned,
        ),
    ];
    for (event, help, count) in events {
        page.family(&format!("shipway_proxy_{event}_total"), "counter", help);
        for (labels, totals) in counted {
            let count = count(totals);
            page.line(format_args!(
                "shipway_proxy_{event}_total{{{labels}}} {count}"
            ));
        }
    }
}

fn routes(page: &mut Page, registry: &Registry) {
    page.family(
        "shipway_proxy_generation",
        "gauge",
        "The generation that is routed.",
    );
    for route in registry.routes() {
        let (key, generation) = (&route.key, route.generation);
        page.line(format_args!(
            "shipway_proxy_generation{{project=\"{}\",environment=\"{}\"}} {generation}",
            key.project, key.environment
        ));
    }
    page.family(
        "shipway_proxy_held",
        "gauge",
        "Requests that wait while their route is held.",
    );
    for route in registry.routes() {
        let (key, held) = (&route.key, registry.held(&route.key));
        page.line(format_args!(
            "shipway_proxy_held{{project=\"{}\",environment=\"{}\"}} {}",
            key.project, key.environment, held.waiting
        ));
    }
}

fn access_log(page: &mut Page, registry: &Registry) {
    let Some((written, dropped)) = registry.logged() else {
        return;
    };
    let name = "shipway_proxy_access_log_lines_total";
    page.family(
        name,
        "counter",
        "Lines of the access log; dropped are those that it could not take.",
    );
    page.line(format_args!("{name}{{fate=\"written\"}} {written}"));
    page.line(format_args!("{name}{{fate=\"dropped\"}} {dropped}"));
}

fn maintenance(page: &mut Page, registry: &Registry) {
    let name = "shipway_proxy_maintenance";
    page.family(
        name,
        "gauge",
        "Whether the route is closed for maintenance.",
    );
    for route in registry.routes() {
        let key = &route.key;
        let is_closed = u8::from(registry.maintenance(key).is_some());
        page.line(format_args!(
            "{name}{{project=\"{}\",environment=\"{}\"}} {is_closed}",
            key.project, key.environment
        ));
    }
}

fn refused(page: &mut Page, registry: &Registry) {
    let name = "shipway_proxy_refused_total";
    page.family(
        name,
        "counter",
        "Requests beyond a limit of their route, by the limit.",
    );
    for (key, refused) in registry.refused() {
        for (limit, count) in [
            ("requests", refused.crowded),
            ("rate", refused.too_early),
            ("body", refused.too_large),
            ("connections", refused.too_many),
        ] {
            page.line(format_args!(
                "{name}{{project=\"{}\",environment=\"{}\",limit=\"{limit}\"}} {count}",
                key.project, key.environment
            ));
        }
    }
}

fn connections(page: &mut Page, registry: &Registry) {
    let files = registry.files();
    let rooms = [("clients", &files.clients), ("instances", &files.instances)];
    let name = "shipway_proxy_connections";
    page.family(
        name,
        "gauge",
        "Open connections, of clients and to instances.",
    );
    for (side, room) in rooms {
        let count = room.taken();
        page.line(format_args!("{name}{{side=\"{side}\"}} {count}"));
    }
    let name = "shipway_proxy_connections_most";
    let help = "How many there may be, by the limit of open files; further clients wait.";
    page.family(name, "gauge", help);
    for (side, room) in rooms {
        let most = room.most();
        page.line(format_args!("{name}{{side=\"{side}\"}} {most}"));
    }
}

type Flag = (&'static str, &'static str, fn(&Kept) -> bool);

fn certificates(page: &mut Page, registry: &Registry) {
    let kept: Vec<(String, Kept)> = registry
        .routes()
        .iter()
        .filter_map(|route| {
            let key = &route.key;
            let kept = registry.keyring().kept(route)?;
            let labels = format!(
                "project=\"{}\",environment=\"{}\"",
                key.project, key.environment
            );
            Some((labels, kept))
        })
        .collect();
    let name = "shipway_proxy_certificate_end_seconds";
    page.family(name, "gauge", "When the certificate ends, since 1970.");
    for (labels, kept) in &kept {
        if let Some((end, _)) = &kept.ends {
            page.line(format_args!("{name}{{{labels}}} {end}"));
        }
    }
    let flags: [Flag; 2] = [
        (
            "shipway_proxy_certificate_ends_soon",
            "Whether the certificate ends within 14 days.",
            |kept| kept.ends_soon,
        ),
        (
            "shipway_proxy_certificate_problem",
            "Whether the certificate's files as they are now cannot be used.",
            |kept| kept.problem.is_some(),
        ),
    ];
    for (name, help, is_so) in flags {
        page.family(name, "gauge", help);
        for (labels, kept) in &kept {
            let is_so = u8::from(is_so(kept));
            page.line(format_args!("{name}{{{labels}}} {is_so}"));
        }
    }
}

type Counter = (&'static str, &'static str, fn(&Told) -> u64);

fn issued(page: &mut Page, registry: &Registry) {
    let told = registry
        .routes()
        .iter()
        .flat_map(|route| registry.told(route));
    // Routes that share a host share its certificate.
    let hosts: BTreeMap<_, _> = told
        .map(|(place, told, issued)| (place, (told, issued)))
        .collect();
    let name = "shipway_proxy_issued_certificate_end_seconds";
    page.family(
        name,
        "gauge",
        "When an issued certificate ends, since 1970.",
    );
    for (place, (_, issued)) in &hosts {
        if let Some((ends, _)) = issued {
            page.line(format_args!("{name}{{host=\"{}\"}} {ends}", place.host()));
        }
    }
    let counters: [Counter; 2] = [
        (
            "shipway_proxy_issue_attempts_total",
            "Attempts to have a certificate issued.",
            |told| told.attempts,
        ),
        (
            "shipway_proxy_issue_failures_total",
            "Attempts to have a certificate issued that came to nothing.",
            |told| told.failures,
        ),
    ];
    for (name, help, count) in counters {
        page.family(name, "counter", help);
        for (place, (told, _)) in &hosts {
            let (host, count) = (place.host(), count(told));
            page.line(format_args!("{name}{{host=\"{host}\"}} {count}"));
        }
    }
}
