//! Connects to instances, where there are files for it.

use std::time::Instant;

use crate::files::{self, PAUSE};
use crate::upstream::{Lease, Upstream};
use crate::worker::Worker;

/// Why there is no connection to an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unreached {
    /// It does not take one.
    Instance,
    /// No more files may be open, which is not its fault.
    Files,
}

impl Worker {
    /// Makes a new connection to an instance, and another where that was closed before it could be
    /// used; where no file is left, waits for one as long as for an instance.
    pub(crate) async fn reach(&self, upstream: &Upstream) -> Result<Box<Lease>, Unreached> {
        let open = &self.shared.files;
        let give_up = Instant::now() + self.limits.connect;
        loop {
            if let Some(place) = open.instances.try_enter() {
                match upstream.connect(place).await {
                    Ok(lease) if lease.is_still_open(Instant::now()) => return Ok(lease),
                    Ok(_closed) if Instant::now() >= give_up => return Err(Unreached::Instance),
                    Ok(_closed) => continue,
                    Err(error) if files::are_out(&error) => {
                        let what = "no connection to an instance could be opened";
                        open.tell(what, &error, Instant::now());
                    }
                    Err(_) => return Err(Unreached::Instance),
                }
            }
            if self.close_oldest() {
                continue;
            }
            if Instant::now() >= give_up {
                return Err(Unreached::Files);
            }
            // Other workers may have some that are idle.
            open.are_short();
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Closes an idle connection to an instance, if there is any.
    fn close_oldest(&self) -> bool {
        let upstreams = self.upstreams.borrow();
        upstreams.values().any(|upstream| upstream.close_oldest())
    }
}
