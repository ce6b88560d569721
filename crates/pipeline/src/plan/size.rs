//! How many instances: what the Compose files say, unless an operator said otherwise since.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Kind, Occupant, Sizes};
use crate::name::ServiceName;
use crate::role::Role;
use crate::workload::Workload;

/// The numbers that an operator set, by service.
pub type Scales = BTreeMap<ServiceName, Scaled>;

/// A number that an operator set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scaled {
    /// How many there shall be.
    pub size: u32,
    /// How many the Compose files asked for at that time: whoever edits them later is newer.
    pub file: u32,
}

/// The sizes of a release that takes the place of another, and which of them an operator set.
///
/// A number that an operator set stays until the Compose files ask for another one than they did
/// at that time. A rollback keeps it whatever the older files say: the load is today's.
pub(super) fn carry_over(
    kind: Kind,
    workload: &Workload,
    live: Option<&Occupant>,
) -> (Sizes, Scales) {
    let mut sizes = workload.coloured_sizes();
    let mut kept = Scales::new();
    for (service, scaled) in live.iter().flat_map(|live| &live.scaled) {
        let member = workload
            .members
            .iter()
            .find(|member| member.name == *service && is_scalable(member.role));
        let Some(member) = member else { continue };
        if !kind.is_return() && member.service.replicas != scaled.file {
            continue;
        }
        set(&mut sizes, service, scaled.size);
        kept.insert(service.clone(), *scaled);
    }
    (sizes, kept)
}

/// Whether there may be more or fewer of it.
pub(super) fn is_scalable(role: Role) -> bool {
    matches!(role, Role::Web | Role::Worker)
}

/// Sets a service's size; services without instances are not named.
pub(super) fn set(sizes: &mut Sizes, service: &ServiceName, size: u32) {
    if size == 0 {
        sizes.remove(service);
    } else {
        sizes.insert(service.clone(), size);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{occupant, workload};

    fn scaled(size: u32, file: u32) -> Occupant {
        let mut live = occupant(2);
        let web = name("web");
        set(&mut live.sizes, &web, size);
        live.scaled.insert(web, Scaled { size, file });
        live
    }

    fn name(text: &str) -> ServiceName {
        text.parse().unwrap()
    }

    fn web(kind: Kind, file: u32, live: &Occupant) -> (u32, bool) {
        let (sizes, kept) = carry_over(kind, &workload(file), Some(live));
        (sizes[&name("web")], kept.contains_key(&name("web")))
    }

    #[test]
    fn the_next_release_starts_at_the_size_that_was_set() {
        let live = scaled(5, 2);
        assert_eq!(web(Kind::Deploy, 2, &live), (5, true));
        assert_eq!(web(Kind::Promote, 2, &live), (5, true));
    }

    #[test]
    fn whoever_edits_the_files_later_is_newer() {
        assert_eq!(web(Kind::Deploy, 3, &scaled(5, 2)), (3, false));
    }

    #[test]
    fn a_rollback_keeps_the_size_of_today() {
        assert_eq!(web(Kind::Rollback, 1, &scaled(5, 2)), (5, true));
    }

    #[test]
    fn a_worker_may_have_no_instance() {
        let mut live = occupant(2);
        live.scaled
            .insert(name("worker"), Scaled { size: 0, file: 1 });
        let (sizes, _) = carry_over(Kind::Deploy, &workload(2), Some(&live));
        assert!(!sizes.contains_key(&name("worker")));
    }

    #[test]
    fn a_service_that_became_a_singleton_is_one() {
        let mut live = occupant(2);
        live.scaled
            .insert(name("beat"), Scaled { size: 3, file: 1 });
        let (sizes, kept) = carry_over(Kind::Deploy, &workload(2), Some(&live));
        assert_eq!((sizes[&name("beat")], kept.len()), (1, 0));
    }
}
