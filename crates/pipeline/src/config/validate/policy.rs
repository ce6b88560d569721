//! What an environment asks of a release, with every default filled in.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;
use std::time::Duration;

use indexmap::IndexMap;
use jiff::civil::DateTime;
use shipway_compose::diagnostic::nearest;
use shipway_compose::yaml::Span;

use super::Checker;
use crate::config::default;
use crate::config::error::problem;
use crate::config::raw::{self, Moment};
use crate::config::tree::Placed;
use crate::name::EnvironmentName;
use crate::promotion::{Approvals, Freeze, Hotfix, Policy, WeekTime, Window, Zone};

/// Who belongs to which group.
pub(super) type Groups = BTreeMap<String, BTreeSet<String>>;

impl Checker {
    pub(super) fn groups(
        &mut self,
        raw: IndexMap<Placed<raw::Name>, Vec<Placed<String>>>,
    ) -> Groups {
        let mut groups = Groups::new();
        for (key, people) in raw {
            for one in &people {
                if one.value.trim().is_empty() {
                    self.report(problem(one.span, "a name is empty"));
                }
            }
            let people = people.into_iter().map(|one| one.value.trim().to_owned());
            groups.insert(key.value.0, people.collect());
        }
        groups
    }

    pub(super) fn policy(
        &mut self,
        raw: raw::Policy,
        groups: &Groups,
        environments: &[String],
    ) -> Policy {
        let freeze = raw.freeze.unwrap_or_default().into_iter();
        let freeze: Vec<Freeze> = freeze.filter_map(|one| self.freeze(one)).collect();
        Policy {
            branches: raw
                .branches
                .map(|branches| self.branches(branches))
                .unwrap_or_default(),
            soak: self.duration(raw.soak, Duration::ZERO),
            freeze,
            approvals: raw
                .approvals
                .map(|approvals| self.approvals(approvals, groups)),
            hotfix: raw.hotfix.map(|hotfix| Hotfix {
                branches: self.branches(hotfix.branches),
                from: hotfix.from.and_then(|from| self.known(&from, environments)),
                soak: self.duration(hotfix.soak, Duration::ZERO),
                required: hotfix.approvals,
            }),
        }
    }

    fn known(&mut self, name: &Placed<raw::Name>, all: &[String]) -> Option<EnvironmentName> {
        if all.contains(&name.value.0) {
            return self.name(name);
        }
        let told = format!("there is no environment `{}`", name.value.0);
        self.unknown(name.span, told, &name.value.0, all);
        None
    }

    fn unknown(&mut self, span: Span, told: String, text: &str, all: &[String]) {
        let help = match nearest(text, all.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None if all.is_empty() => "`groups` of the file has none".to_owned(),
            None => format!("there are {}", all.join(", ")),
        };
        self.report(problem(span, told).with_help(help));
    }

    fn approvals(&mut self, raw: Placed<raw::Approvals>, groups: &Groups) -> Approvals {
        let span = raw.span;
        let raw = raw.value;
        let names: Vec<String> = groups.keys().cloned().collect();
        let mut people = BTreeSet::new();
        let mut wanted = Vec::new();
        if let Some(raw) = raw.groups {
            for raw::Name(name) in raw.value.into_vec() {
                match groups.get(&name) {
                    Some(members) => people.extend(members.iter().cloned()),
                    None => {
                        let told = format!("there is no group `{name}`");
                        self.unknown(raw.span, told, &name, &names);
                    }
                }
                wanted.push(name);
            }
        }
        let is_known = wanted.iter().all(|name| groups.contains_key(name));
        if is_known && !wanted.is_empty() && people.len() < raw.required as usize {
            let told = format!(
                "{} people must consent, and the groups have {}",
                raw.required,
                people.len()
            );
            let help = "add people to the groups, or ask for fewer";
            self.report(problem(span, told).with_help(help));
        }
        Approvals {
            required: raw.required,
            groups: wanted,
            people,
            expires: self.duration(raw.expires, default::APPROVALS_EXPIRE),
        }
    }

    fn freeze(&mut self, raw: Placed<raw::Freeze>) -> Option<Freeze> {
        let time_zone = self.zone(raw.value.time_zone.as_ref());
        let window = self.window(&raw.value.from, &raw.value.until)?;
        Some(Freeze {
            window,
            time_zone,
            reason: raw.value.reason,
        })
    }

    /// A time zone by its name; UTC where none is named.
    pub(super) fn zone(&mut self, name: Option<&Placed<String>>) -> Zone {
        let Some(name) = name else {
            return Zone::utc();
        };
        Zone::from_str(&name.value).unwrap_or_else(|told| {
            let help = "write a name such as `Europe/Berlin`, or `UTC`";
            self.report(problem(name.span, told).with_help(help));
            Zone::utc()
        })
    }

    fn window(&mut self, from: &Placed<Moment>, until: &Placed<Moment>) -> Option<Window> {
        let [begin, end] = [from, until].map(|moment| self.moment(moment));
        match (begin?, end?) {
            (Parsed::Weekly(from), Parsed::Weekly(until)) => Some(Window::Weekly { from, until }),
            (Parsed::Once(from), Parsed::Once(until)) if from < until => {
                Some(Window::Once { from, until })
            }
            (Parsed::Once(_), Parsed::Once(_)) => {
                self.report(problem(until.span, "the end is not after the beginning"));
                None
            }
            _ => {
                let told = "one of `from` and `until` is of every week, the other a date";
                self.report(problem(until.span, told));
                None
            }
        }
    }

    fn moment(&mut self, raw: &Placed<Moment>) -> Option<Parsed> {
        let text = raw.value.0.trim();
        if let Ok(weekly) = text.parse() {
            return Some(Parsed::Weekly(weekly));
        }
        match text.parse() {
            Ok(once) => Some(Parsed::Once(once)),
            Err(_) => {
                let told = format!("`{text}` is no moment");
                let help = "write `fri 16:00` for every week, or a date such as `2026-12-20T18:00`";
                self.report(problem(raw.span, told).with_help(help));
                None
            }
        }
    }
}

enum Parsed {
    Weekly(WeekTime),
    Once(DateTime),
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::config::parse;
    use crate::promotion::{Lane, Window};

    fn file(groups: &str, policy: &str) -> String {
        format!(
            "project: app\ngroups: {groups}\nenvironments:\n  staging:\n    route: {{listen: 1}}\n  \
             production:\n    from: staging\n    route: {{listen: 2}}\n    policy: {policy}\n"
        )
    }

    fn problems(groups: &str, policy: &str) -> Vec<String> {
        let problems = parse(&file(groups, policy)).unwrap_err();
        problems.into_iter().map(|one| one.message).collect()
    }

    #[test]
    fn a_policy_is_read_with_its_people() {
        let policy = "{ branches: main, soak: 1h, approvals: { required: 2, groups: managers }, \
                      freeze: [{ from: fri 16:00, until: mon 07:00, time_zone: Europe/Berlin }, \
                      { from: 2026-12-20, until: 2027-01-02T12:00 }], \
                      hotfix: { branches: hotfix/*, from: staging, approvals: 1 } }";
        let config = parse(&file("{ managers: [anna, ben] }", policy)).unwrap();
        let policy = &config.environments[1].policy;
        assert_eq!(policy.branches, ["main"]);
        assert_eq!(policy.soak, Duration::from_secs(3600));
        assert!(matches!(policy.freeze[0].window, Window::Weekly { .. }));
        assert!(matches!(policy.freeze[1].window, Window::Once { .. }));
        let approvals = policy.approvals(Lane::Regular).unwrap();
        assert_eq!(approvals.required, 2);
        assert!(approvals.people.contains("anna") && approvals.people.len() == 2);
        assert_eq!(approvals.expires, Duration::from_secs(24 * 3600));
        assert_eq!(policy.approvals(Lane::Hotfix).unwrap().required, 1);
        assert_eq!(config.environments[0].policy, Default::default());
    }

    #[test]
    fn what_cannot_come_about_is_told() {
        let told = problems(
            "{ managers: [anna] }",
            "{ approvals: { required: 2, groups: managers } }",
        );
        assert_eq!(told, ["2 people must consent, and the groups have 1"]);
        let told = problems(
            "{ managers: [anna] }",
            "{ approvals: { required: 1, groups: manager } }",
        );
        assert_eq!(told, ["there is no group `manager`"]);
        let told = problems("{}", "{ freeze: [{ from: fri 16:00, until: 2026-12-20 }] }");
        assert_eq!(
            told,
            ["one of `from` and `until` is of every week, the other a date"]
        );
        let told = problems(
            "{}",
            "{ freeze: [{ from: 2026-12-20, until: 2026-12-20 }] }",
        );
        assert_eq!(told, ["the end is not after the beginning"]);
        let told = problems(
            "{}",
            "{ freeze: [{ from: soon, until: fri 1:00, time_zone: Berlin }] }",
        );
        assert_eq!(
            told,
            ["`soon` is no moment", "there is no time zone `Berlin`"]
        );
        let told = problems("{}", "{ hotfix: { branches: x, from: stagin } }");
        assert_eq!(told, ["there is no environment `stagin`"]);
    }
}
