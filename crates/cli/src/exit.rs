//! Exit codes. Public: they never change their meaning.

/// It went well.
pub(crate) const OK: u8 = 0;
/// It failed.
pub(crate) const FAILED: u8 = 1;
/// The command line or a configuration file is wrong; nothing was done.
pub(crate) const USAGE: u8 = 2;
/// The release was refused: by a check, or because it did not become healthy. It took no traffic.
pub(crate) const REFUSED: u8 = 3;
/// The pipeline's rules do not allow it.
pub(crate) const NOT_ALLOWED: u8 = 4;
/// It waits for approval, or was denied it.
pub(crate) const WAITING: u8 = 5;
/// Somebody else has the environment.
pub(crate) const LOCKED: u8 = 6;
/// The release was found wanting after the switch and the old one has the traffic back.
pub(crate) const ROLLED_BACK: u8 = 7;
/// `plan --exit-code`: the plan would change something; `diff --exit-code`: something differs.
pub(crate) const CHANGES: u8 = 10;
/// Interrupted.
pub(crate) const INTERRUPTED: u8 = 130;
