//! `deploy` and devices.

use super::shape::Shape::{
    Bytes, Count, Duration, Fraction, Integer, Keys, List, Pairs, Set, Text, Word,
};
use super::shape::{Object, Shape, Unset, field};

const WHOLE: Shape = Integer(i64::MIN, i64::MAX);
const COUNTED: Shape = Integer(0, i64::MAX);

pub(super) const DEPLOY: Object = Object {
    fields: &[
        field("endpoint_mode", Text),
        field("labels", Pairs(Unset::Empty)),
        field("mode", Text),
        field("placement", Keys(&PLACEMENT)),
        field("replicas", WHOLE).kept(),
        field("resources", Keys(&RESOURCES)),
        field("restart_policy", Keys(&RESTART_POLICY)).kept(),
        field("rollback_config", Keys(&UPDATE_CONFIG)).kept(),
        field("update_config", Keys(&UPDATE_CONFIG)).kept(),
    ],
};

const PLACEMENT: Object = Object {
    fields: &[
        field("constraints", List(&Text)),
        field("max_replicas_per_node", COUNTED),
        field("preferences", List(&Keys(&PREFERENCE))),
    ],
};

const PREFERENCE: Object = Object {
    fields: &[field("spread", Text)],
};

const RESTART_POLICY: Object = Object {
    fields: &[
        field("condition", Text),
        field("delay", Duration).kept(),
        field("max_attempts", COUNTED).kept(),
        field("window", Duration).kept(),
    ],
};

const UPDATE_CONFIG: Object = Object {
    fields: &[
        field("delay", Duration),
        field("failure_action", Text),
        field("max_failure_ratio", Fraction),
        field("monitor", Duration),
        field("order", Word(&["start-first", "stop-first"])),
        field("parallelism", COUNTED).kept(),
    ],
};

const RESOURCES: Object = Object {
    fields: &[
        field("limits", Keys(&LIMITS)).kept(),
        field("reservations", Keys(&RESERVATIONS)).kept(),
    ],
};

const LIMITS: Object = Object {
    fields: &[
        field("cpus", Fraction),
        field("memory", Bytes),
        field("pids", WHOLE),
    ],
};

const RESERVATIONS: Object = Object {
    fields: &[
        field("cpus", Fraction),
        field("devices", List(&Keys(&DEVICE_REQUEST))),
        field("generic_resources", List(&Keys(&GENERIC_RESOURCE))),
        field("memory", Bytes),
    ],
};

const GENERIC_RESOURCE: Object = Object {
    fields: &[field("discrete_resource_spec", Keys(&DISCRETE_RESOURCE)).kept()],
};

const DISCRETE_RESOURCE: Object = Object {
    fields: &[field("kind", Text).kept(), field("value", WHOLE).kept()],
};

/// Devices of a reservation, which say what they must be able to do.
const DEVICE_REQUEST: Object = Object {
    fields: &[
        field("capabilities", Set(&Text)).required(),
        field("count", Count),
        field("device_ids", Set(&Text)),
        field("driver", Text),
        field("options", Pairs(Unset::Empty)),
    ],
};

/// `gpus`: the capability is known.
pub(super) const GPU: Object = Object {
    fields: &[
        field("capabilities", Set(&Text)),
        field("count", Count),
        field("device_ids", Set(&Text)),
        field("driver", Text),
        field("options", Pairs(Unset::Empty)),
    ],
};
