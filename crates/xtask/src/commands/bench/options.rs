//! Options that only some benchmarks have a use for.

use anyhow::{Result, ensure};
use clap::ValueEnum as _;

use super::proxy::check_only;
use super::{Arguments, Benchmark};

/// What has a time to fill; the others take as long as what they measure.
const WITH_TIME: [Benchmark; 6] = [
    Benchmark::Proxy,
    Benchmark::Switch,
    Benchmark::Status,
    Benchmark::Compose,
    Benchmark::Migrations,
    Benchmark::Api,
];

/// What is compared with programs that can be installed.
const WITH_PEERS: [Benchmark; 2] = [Benchmark::Proxy, Benchmark::Migrations];

/// Refuses an option that would change nothing, before anything is built.
pub(super) fn check(arguments: &Arguments) -> Result<()> {
    if let Some(which) = arguments.which {
        for (option, is_given, those) in [
            ("--seconds", arguments.seconds.is_some(), &WITH_TIME[..]),
            ("--only", arguments.only.is_some(), &[Benchmark::Proxy]),
            ("--install", arguments.install, &WITH_PEERS),
            ("--mib", arguments.mib.is_some(), &[Benchmark::Backup]),
        ] {
            ensure!(
                !is_given || those.contains(&which),
                "`{option}` is not for the benchmark {}, only for {}: leave it out",
                name(which),
                those
                    .iter()
                    .map(|it| name(*it))
                    .collect::<Vec<_>>()
                    .join(", "),
            );
        }
    }
    if let Some(only) = &arguments.only {
        check_only(only)?;
    }
    Ok(())
}

/// What a benchmark is called on the command line.
fn name(benchmark: Benchmark) -> String {
    let value = benchmark.to_possible_value();
    let name = value.as_ref().map_or("", |value| value.get_name());
    format!("`{name}`")
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Words {
        #[command(flatten)]
        arguments: Arguments,
    }

    /// What is wrong with the words after `cargo xtask bench`.
    fn wrong(words: &[&str]) -> String {
        let words = Words::parse_from(["bench"].iter().chain(words));
        let checked = check(&words.arguments);
        checked.map_or_else(|error| error.to_string(), |()| String::new())
    }

    #[test]
    fn an_option_that_would_change_nothing_is_refused() {
        assert_eq!(
            wrong(&["switch", "--only", "1 KiB"]),
            "`--only` is not for the benchmark `switch`, only for `proxy`: leave it out"
        );
        assert_eq!(
            wrong(&["proxy", "--mib", "1"]),
            "`--mib` is not for the benchmark `proxy`, only for `backup`: leave it out"
        );
        assert_eq!(
            wrong(&["deploy", "--seconds", "5"]),
            "`--seconds` is not for the benchmark `deploy`, only for `proxy`, `switch`, `status`, \
             `compose`, `migrations`, `api`: leave it out"
        );
        assert_eq!(
            wrong(&["api", "--install"]),
            "`--install` is not for the benchmark `api`, only for `proxy`, `migrations`: leave it out"
        );
    }

    #[test]
    fn each_is_taken_by_its_benchmark_and_where_all_of_them_run() {
        let all = [
            "--only",
            "64 KiB",
            "--mib",
            "512",
            "--seconds",
            "5",
            "--install",
        ];
        assert_eq!(wrong(&all), "");
        for words in [
            &["proxy", "--only", "64 KiB", "--seconds", "5", "--install"][..],
            &["backup", "--mib", "512"],
            &["migrations", "--seconds", "5", "--install"],
            &["control"],
        ] {
            assert_eq!(wrong(words), "", "{words:?}");
        }
    }

    #[test]
    fn a_text_that_is_in_no_load_is_refused_with_those_that_there_are() {
        for words in [&["proxy", "--only", "2 KiB"][..], &["--only", "2 KiB"]] {
            let said = wrong(words);
            assert!(
                said.starts_with("no load on the proxy has \"2 KiB\""),
                "{said}"
            );
            let loads: Vec<&str> = said.lines().skip(1).collect();
            assert_eq!(loads.len(), 20, "{said}");
            assert!(
                loads.contains(&"  http, 1 KiB, 64 connections, kept"),
                "{said}"
            );
        }
    }
}
