//! Keeps the installer from starting services: tests start those that they need themselves.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use anyhow::{Context, Result};

/// Debian's installer asks this program whether a service may be started.
const POLICY: &str = "/usr/sbin/policy-rc.d";

/// The program's answer for no.
const NO: &str = "#!/bin/sh\nexit 101\n";

/// No service is started for as long as this is kept; a machine that has a policy keeps its own.
pub(super) struct Services {
    is_ours: bool,
}

// === impl Services ===

impl Services {
    pub(super) fn keep_off() -> Result<Self> {
        let mut options = fs::OpenOptions::new();
        let made = options.write(true).create_new(true).open(POLICY);
        match made {
            Ok(mut file) => {
                std::io::Write::write_all(&mut file, NO.as_bytes())?;
                fs::set_permissions(POLICY, fs::Permissions::from_mode(0o755))?;
                Ok(Self { is_ours: true })
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                // One that an interrupted call of ours left is ours.
                let is_ours = fs::read_to_string(POLICY).is_ok_and(|text| text == NO);
                Ok(Self { is_ours })
            }
            Err(error) => Err(error).context(format!("cannot write {POLICY}")),
        }
    }
}

impl Drop for Services {
    fn drop(&mut self) {
        if self.is_ours && Path::new(POLICY).exists() {
            // What stays is told by the next installation that starts no service.
            let _ = fs::remove_file(POLICY);
        }
    }
}
