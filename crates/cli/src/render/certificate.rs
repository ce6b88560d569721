//! What is wrong with certificates, for people.

use owo_colors::OwoColorize as _;
use shipway_engine::certificates::Trouble;

use super::time;

/// A trouble with its times, and the way out.
pub(crate) fn lines(trouble: &Trouble) -> [String; 2] {
    [
        format!(
            "{} {trouble}{}",
            "warning:".yellow().bold(),
            render_times(trouble)
        ),
        render_help(trouble),
    ]
}

/// When the certificate ends, and when another one is asked for.
pub(crate) fn render_times(trouble: &Trouble) -> String {
    let ends = trouble
        .ends
        .map(|at| format!("ends {}", time::absolute(at)));
    let next = trouble.next;
    let next = next.map(|at| format!("tried again {}", time::absolute(at)));
    match (ends, next) {
        (Some(ends), Some(next)) => format!(" ({ends}; {next})"),
        (Some(one), None) | (None, Some(one)) => format!(" ({one})"),
        (None, None) => String::new(),
    }
}

/// The way out, in a line below.
pub(crate) fn render_help(trouble: &Trouble) -> String {
    format!("  {} {}", "help:".cyan(), trouble.help)
}

#[cfg(test)]
mod tests {
    use shipway_engine::certificates::State;
    use shipway_pipeline::time::Timestamp;

    use super::*;

    #[test]
    fn times_are_told_where_they_are_known() {
        let of = |ends, next| Trouble {
            host: "shop.org".to_owned(),
            state: State::Ending,
            reason: "it is down".to_owned(),
            ends,
            next,
            help: "mend it".to_owned(),
        };
        let at = Some(Timestamp(0));
        assert_eq!(render_times(&of(None, None)), "");
        let ends = render_times(&of(at, None));
        assert!(ends.starts_with(" (ends 19"), "{ends}");
        let both = render_times(&of(at, at));
        assert!(both.contains("; tried again 19"), "{both}");
        let [first, second] = lines(&of(None, None));
        assert!(first.ends_with("the certificate for `shop.org` is not renewed: it is down"));
        assert!(second.ends_with("mend it"), "{second}");
    }
}
