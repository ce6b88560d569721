//! The reference application and the demo's releases, as they were when this program was built.

include!(concat!(env!("OUT_DIR"), "/examples.rs"));
