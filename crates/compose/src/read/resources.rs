//! Limits and reservations: `deploy.resources` over the service's older keys.

use super::field::number;
use crate::model::Resources;
use crate::yaml::Node;

pub(super) fn limits(service: &Node) -> Resources {
    let older = Resources {
        cpus: number(service, "cpus"),
        memory: number(service, "mem_limit"),
        pids: number(service, "pids_limit"),
    };
    over(service, "limits", older)
}

pub(super) fn reservations(service: &Node) -> Resources {
    let older = Resources {
        memory: number(service, "mem_reservation"),
        ..Resources::default()
    };
    over(service, "reservations", older)
}

fn over(service: &Node, key: &str, older: Resources) -> Resources {
    let Some(node) = service.at(&["deploy", "resources", key]) else {
        return older;
    };
    Resources {
        cpus: number(node, "cpus").or(older.cpus),
        memory: number(node, "memory").or(older.memory),
        pids: number(node, "pids").or(older.pids),
    }
}
