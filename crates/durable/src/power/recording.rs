//! What was done to a directory, and what may be left of it.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::disk::{Disk, Tree};

/// One step of those that this crate takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// A file is there, and empty.
    Make(PathBuf),
    /// Bytes are added to it.
    Append(PathBuf, Vec<u8>),
    /// Its content is on disk.
    Sync(PathBuf),
    Rename(PathBuf, PathBuf),
    Link(PathBuf, PathBuf),
    /// What it leads to, and the link.
    MakeLink(PathBuf, PathBuf),
    Remove(PathBuf),
    MakeDirectory(PathBuf),
    /// Its names are on disk.
    SyncDirectory(PathBuf),
    /// Somebody was told.
    Acknowledge(u64),
}

thread_local! {
    static STEPS: RefCell<Option<Vec<Step>>> = const { RefCell::new(None) };
}

/// What was done to a directory.
#[derive(Debug)]
pub struct Recording {
    root: PathBuf,
    before: Tree,
    steps: Vec<Step>,
}

/// A loss of power, and what was found afterwards.
#[derive(Debug)]
pub struct Loss<'a> {
    /// A copy of the directory as it may be found.
    pub directory: &'a Path,
    /// The number that was acknowledged last, 0 if none was.
    pub acknowledged: u64,
}

/// Records what this thread does to a directory, which is on disk as it is now.
///
/// # Errors
/// The directory cannot be read, or that which is recorded fails.
pub fn record<E: From<io::Error>>(
    root: &Path,
    body: impl FnOnce() -> Result<(), E>,
) -> Result<Recording, E> {
    let root = root.canonicalize()?;
    let before = Tree::read(&root)?;
    STEPS.with_borrow_mut(|steps| *steps = Some(Vec::new()));
    let done = body();
    let steps = STEPS.with_borrow_mut(Option::take).unwrap_or_default();
    done.map(|()| Recording {
        root,
        before,
        steps,
    })
}

/// From here on, somebody relies on what was written last under this number.
pub fn acknowledge(number: u64) {
    record_step(|| Step::Acknowledge(number));
}

pub(crate) fn record_step(step: impl FnOnce() -> Step) {
    STEPS.with_borrow_mut(|steps| {
        if let Some(steps) = steps {
            steps.push(step());
        }
    });
}

// === impl Recording ===

impl Recording {
    /// Lets the power fail before and after each step, and looks at every state that the disk may
    /// be in: each is laid out in a directory of its own, and removed. Returns how many there were.
    ///
    /// # Errors
    /// A state cannot be laid out.
    ///
    /// # Panics
    /// Where a step was taken elsewhere than in the directory.
    pub fn each_loss(&self, scratch: &Path, mut look: impl FnMut(&Loss<'_>)) -> io::Result<usize> {
        let mut disk = Disk::new(&self.before);
        let (mut seen, mut acknowledged) = (BTreeSet::new(), 0);
        for step in [None].into_iter().chain(self.steps.iter().map(Some)) {
            match step {
                Some(Step::Acknowledge(number)) => acknowledged = *number,
                Some(step) => disk.take(&self.root, step),
                None => {}
            }
            for tree in disk.possible() {
                if seen.contains(&(acknowledged, tree.clone())) {
                    continue;
                }
                let directory = scratch.join(seen.len().to_string());
                tree.lay_out(&directory)?;
                look(&Loss {
                    directory: &directory,
                    acknowledged,
                });
                fs::remove_dir_all(&directory)?;
                seen.insert((acknowledged, tree));
            }
        }
        Ok(seen.len())
    }

    /// What was done, one step a line, without contents.
    #[must_use]
    pub fn steps(&self) -> Vec<String> {
        self.steps
            .iter()
            .map(|step| step.told(&self.root))
            .collect()
    }
}

// === impl Step ===

impl Step {
    fn told(&self, root: &Path) -> String {
        let name = |path: &Path| {
            path.strip_prefix(root)
                .unwrap_or(path)
                .display()
                .to_string()
        };
        match self {
            Self::Make(path) => format!("make {}", name(path)),
            Self::Append(path, bytes) => format!("write {} bytes to {}", bytes.len(), name(path)),
            Self::Sync(path) => format!("sync {}", name(path)),
            Self::Rename(from, to) => format!("rename {} to {}", name(from), name(to)),
            Self::Link(from, to) => format!("link {} to {}", name(from), name(to)),
            Self::MakeLink(leads_to, path) => {
                format!("make {} lead to {}", name(path), leads_to.display())
            }
            Self::Remove(path) => format!("remove {}", name(path)),
            Self::MakeDirectory(path) => format!("make the directory {}", name(path)),
            Self::SyncDirectory(path) => format!("sync the directory {}", name(path)),
            Self::Acknowledge(number) => format!("acknowledge {number}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{make_directory, replace, replace_link, replace_unsynced};

    type Write = fn(&Path, &[u8]) -> io::Result<()>;

    /// What is found of a number that is written twice, in a directory that is made for it.
    fn losses(write: Write) -> (usize, Vec<String>) {
        let home = tempfile::tempdir().unwrap();
        let disk = home.path().join("disk");
        fs::create_dir(&disk).unwrap();
        let below = Path::new("run/blue/number");
        let recording = record(&disk, || {
            make_directory(disk.join(below).parent().unwrap())?;
            for number in 1..=2_u64 {
                write(&disk.join(below), number.to_string().repeat(64).as_bytes())?;
                acknowledge(number);
            }
            io::Result::Ok(())
        });
        let mut wrong = Vec::new();
        let count = recording
            .unwrap()
            .each_loss(&home.path().join("scratch"), |loss| {
                let found = match fs::read_to_string(loss.directory.join(below)) {
                    Err(error) if error.kind() == io::ErrorKind::NotFound => Some(0),
                    Ok(text) if text == "1".repeat(64) => Some(1),
                    Ok(text) if text == "2".repeat(64) => Some(2),
                    _ => None,
                };
                if found.is_none_or(|found| found < loss.acknowledged) {
                    wrong.push(format!("{found:?} after {}", loss.acknowledged));
                }
            });
        (count.unwrap(), wrong)
    }

    #[test]
    fn what_is_replaced_outlasts_every_loss() {
        let (count, wrong) = losses(replace);
        assert!(count > 20, "{count}");
        assert_eq!(wrong, Vec::<String>::new());
    }

    #[test]
    fn what_leaves_a_sync_out_is_found_out() {
        let (_, wrong) = losses(replace_unsynced);
        assert!(wrong.iter().any(|one| one.starts_with("None")), "{wrong:?}");
        // The content is synced, and the name is not.
        let (_, wrong) = losses(|path, content| {
            use std::io::Write as _;
            let mut file = crate::File::take(&crate::temporary_of(path))?;
            file.write_all(content)?;
            file.sync()?;
            crate::rename(&crate::temporary_of(path), path)
        });
        assert!(wrong.contains(&"Some(0) after 1".to_owned()), "{wrong:?}");
        // The name is synced, and the content is not.
        let (_, wrong) = losses(|path, content| {
            replace_unsynced(path, content)?;
            crate::sync_directory(path.parent().unwrap())
        });
        assert!(wrong.contains(&"None after 2".to_owned()), "{wrong:?}");
        // Written in place.
        let (_, wrong) = losses(|path, content| {
            use std::io::Write as _;
            let mut file = crate::File::take(path)?;
            file.write_all(content)?;
            file.sync()?;
            crate::sync_directory(path.parent().unwrap())
        });
        assert!(wrong.contains(&"None after 1".to_owned()), "{wrong:?}");
    }

    #[test]
    fn a_directory_whose_parent_is_not_synced_is_lost_with_all_that_is_in_it() {
        let home = tempfile::tempdir().unwrap();
        let disk = home.path().join("disk");
        fs::create_dir(&disk).unwrap();
        let recording = record(&disk, || {
            crate::step::make_one_directory(&disk.join("run"))?;
            replace(&disk.join("run/number"), b"1")?;
            acknowledge(1);
            io::Result::Ok(())
        });
        let mut is_lost = false;
        let scratch = home.path().join("scratch");
        let looked = recording.unwrap().each_loss(&scratch, |loss| {
            is_lost |= loss.acknowledged == 1 && !loss.directory.join("run").exists();
        });
        looked.unwrap();
        assert!(is_lost);
    }

    #[test]
    fn a_link_leads_to_what_it_did_or_shall() {
        let home = tempfile::tempdir().unwrap();
        let disk = home.path().join("disk");
        fs::create_dir(&disk).unwrap();
        replace_link(&disk.join("newest"), Path::new("1")).unwrap();
        let recording = record(&disk, || {
            replace_link(&disk.join("newest"), Path::new("2"))?;
            acknowledge(2);
            io::Result::Ok(())
        });
        let scratch = home.path().join("scratch");
        let looked = recording.unwrap().each_loss(&scratch, |loss| {
            let found = fs::read_link(loss.directory.join("newest")).unwrap();
            let allowed: &[&str] = if loss.acknowledged == 2 {
                &["2"]
            } else {
                &["1", "2"]
            };
            assert!(
                allowed.iter().any(|one| found == Path::new(one)),
                "{found:?}"
            );
        });
        assert!(looked.unwrap() > 1);
    }
}
