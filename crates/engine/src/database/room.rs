//! How much room is left where a server keeps its data.
//!
//! PostgreSQL does not tell. In a container `df` does; a server of this host is recognised by the
//! start time that it writes into its directory, which takes the right to read it. Of others
//! nothing is known.

use std::fs;
use std::path::Path;

use tokio::io::AsyncReadExt as _;

use super::Server;

/// What only a superuser may ask for its directory, and when it was started.
const PLACE: &str = "
SELECT current_setting('data_directory'), extract(epoch FROM pg_postmaster_start_time())::bigint";

/// The file in a server's directory whose third line is when it was started.
const RECORD: &str = "postmaster.pid";

/// The server notes the two times one after the other.
const APART: i64 = 2;

// === impl Server ===

impl Server {
    /// How many bytes are free where the server keeps its data; `None` where nobody can know.
    pub(crate) async fn free_space(&self) -> Option<u64> {
        let rows = self.maintenance().query(PLACE).await.ok()?;
        let [directory, started] = rows.first()?.as_slice() else {
            return None;
        };
        if self.is_in_container() {
            return of_listing(&self.df(directory).await?);
        }
        let directory = Path::new(directory);
        let is_here = started_at(directory)?.abs_diff(started.parse().ok()?) <= APART as u64;
        is_here.then(|| free_bytes(directory).ok()).flatten()
    }

    async fn df(&self, directory: &str) -> Option<String> {
        let mut command = self.program("df", &["-P", "-k", directory]).await.ok()?;
        let mut child = command.spawn().ok()?;
        drop(child.stdin.take());
        let mut said = String::new();
        let mut output = child.stdout.take()?;
        output.read_to_string(&mut said).await.ok()?;
        child.wait().await.ok()?.success().then_some(said)
    }
}

/// How many bytes somebody like this user may still write where a directory is.
pub(crate) fn free_bytes(directory: &Path) -> std::io::Result<u64> {
    let found = rustix::fs::statvfs(directory)?;
    Ok(found.f_bavail * found.f_frsize)
}

/// When the server of a directory was started, by its own record.
fn started_at(directory: &Path) -> Option<i64> {
    let record = fs::read_to_string(directory.join(RECORD)).ok()?;
    record.lines().nth(2)?.trim().parse().ok()
}

/// The fourth column of the second line, as POSIX has it, in units of 1024 bytes.
fn of_listing(listing: &str) -> Option<u64> {
    let line = listing.lines().nth(1)?;
    let kibibytes: u64 = line.split_whitespace().nth(3)?.parse().ok()?;
    Some(kibibytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_of_df_is_read() {
        let listing = "Filesystem 1024-blocks Used Available Capacity Mounted on\n\
                       overlay 263174212 211930 40813028 56% /\n";
        assert_eq!(of_listing(listing), Some(40_813_028 * 1024));
        assert_eq!(of_listing("df: unrecognized option\n"), None);
    }

    #[test]
    fn a_directory_without_a_server_is_no_servers() {
        let place = tempfile::tempdir().unwrap();
        assert_eq!(started_at(place.path()), None);
        assert!(free_bytes(place.path()).unwrap() > 0);
        assert!(free_bytes(&place.path().join("none")).is_err());
    }
}
