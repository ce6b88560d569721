//! A disk: what is on it for certain, and what may be.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use super::recording::Step;

/// What other files may have left where a file that was not synced is.
const FOREIGN: u8 = 0xa5;

/// Up to this length, each part of a content that was not synced is tried; of longer ones, five.
const SHORT: usize = 4;

/// A directory and all that is in it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Tree {
    File(Vec<u8>),
    Link(PathBuf),
    Directory(BTreeMap<OsString, Tree>),
}

type Number = usize;

#[derive(Debug)]
enum Node {
    File(Content),
    Link(PathBuf),
    Directory(Names),
}

#[derive(Debug, Default)]
struct Content {
    on_disk: Vec<u8>,
    now: Vec<u8>,
    is_synced: bool,
}

#[derive(Debug, Default)]
struct Names {
    on_disk: BTreeMap<OsString, Number>,
    now: BTreeMap<OsString, Number>,
    /// What each name was made to be since the directory was synced.
    since: BTreeMap<OsString, Vec<Option<Number>>>,
}

/// What stands under each name of a directory: a number, and what is below where that is a
/// directory.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Named(BTreeMap<OsString, (Number, Option<Named>)>);

/// All files and directories that ever were, the root first.
#[derive(Debug)]
pub(super) struct Disk(Vec<Node>);

// === impl Disk ===

impl Disk {
    /// A disk on which all of this is for certain.
    pub(super) fn new(tree: &Tree) -> Self {
        let mut disk = Self(vec![Node::Directory(Names::default())]);
        if let Tree::Directory(entries) = tree {
            disk.add_all(0, entries);
        }
        disk
    }

    fn add_all(&mut self, directory: Number, entries: &BTreeMap<OsString, Tree>) {
        for (name, tree) in entries {
            let number = match tree {
                Tree::File(content) => self.add(Node::File(Content {
                    on_disk: content.clone(),
                    now: content.clone(),
                    is_synced: true,
                })),
                Tree::Link(leads_to) => self.add(Node::Link(leads_to.clone())),
                Tree::Directory(entries) => {
                    let number = self.add(Node::Directory(Names::default()));
                    self.add_all(number, entries);
                    number
                }
            };
            let names = self.names(directory);
            names.on_disk.insert(name.clone(), number);
            names.now.insert(name.clone(), number);
        }
    }

    fn add(&mut self, node: Node) -> Number {
        self.0.push(node);
        self.0.len() - 1
    }

    /// Takes a step, at a path below the root.
    pub(super) fn take(&mut self, root: &Path, step: &Step) {
        let below = |path: &Path| -> PathBuf {
            let inside = path.strip_prefix(root).map(Path::to_owned);
            inside.unwrap_or_else(|_| panic!("`{}` is not in the directory", path.display()))
        };
        match step {
            Step::Make(path) => {
                let path = below(path);
                match self.find(&path) {
                    // It is taken over, empty.
                    Some(number) => self.change(number, Vec::clear),
                    None => {
                        let number = self.add(Node::File(Content::default()));
                        self.set(&path, Some(number));
                    }
                }
            }
            Step::Append(path, bytes) => {
                let number = self.existing(&below(path));
                self.change(number, |content| content.extend(bytes));
            }
            Step::Sync(path) => {
                let number = self.existing(&below(path));
                if let Node::File(content) = &mut self.0[number] {
                    content.on_disk = content.now.clone();
                    content.is_synced = true;
                }
            }
            Step::Rename(from, to) => {
                let (from, to) = (below(from), below(to));
                let number = self.existing(&from);
                self.set(&to, Some(number));
                self.set(&from, None);
            }
            Step::Link(from, to) => {
                let number = self.existing(&below(from));
                self.set(&below(to), Some(number));
            }
            Step::MakeLink(leads_to, path) => {
                let number = self.add(Node::Link(leads_to.clone()));
                self.set(&below(path), Some(number));
            }
            Step::Remove(path) => self.set(&below(path), None),
            Step::MakeDirectory(path) => {
                let number = self.add(Node::Directory(Names::default()));
                self.set(&below(path), Some(number));
            }
            Step::SyncDirectory(path) => {
                let number = self.existing(&below(path));
                let names = self.names(number);
                names.on_disk = names.now.clone();
                names.since.clear();
            }
            Step::Acknowledge(_) => {}
        }
    }

    /// Everything that may be found.
    pub(super) fn possible(&self) -> BTreeSet<Tree> {
        let named = self.named(0);
        named.iter().flat_map(|named| self.filled(named)).collect()
    }

    /// What may be under the names of a directory.
    fn named(&self, directory: Number) -> BTreeSet<Named> {
        let Node::Directory(names) = &self.0[directory] else {
            return BTreeSet::new();
        };
        let mut all = BTreeSet::from([Named::default()]);
        for (name, numbers) in names.possible() {
            let mut with_name = BTreeSet::new();
            for (so_far, number) in all
                .iter()
                .flat_map(|so_far| numbers.iter().map(move |number| (so_far, number)))
            {
                match number {
                    None => drop(with_name.insert(so_far.clone())),
                    Some(number) if matches!(self.0[*number], Node::Directory(_)) => {
                        // Unlike a file, a directory never has two names.
                        if so_far.0.values().all(|(other, _)| other != number) {
                            let below = self.named(*number);
                            let with = |below| so_far.with(&name, *number, Some(below));
                            with_name.extend(below.into_iter().map(with));
                        }
                    }
                    Some(number) => drop(with_name.insert(so_far.with(&name, *number, None))),
                }
            }
            all = with_name;
        }
        all
    }

    /// The same with what may be in the files, one content for each whatever its names are.
    fn filled(&self, named: &Named) -> Vec<Tree> {
        let mut numbers = BTreeSet::new();
        named.collect(&mut numbers);
        let mut all = vec![BTreeMap::new()];
        for number in numbers {
            let contents: Vec<Tree> = match &self.0[number] {
                Node::File(content) => content.possible().into_iter().map(Tree::File).collect(),
                Node::Link(leads_to) => vec![Tree::Link(leads_to.clone())],
                Node::Directory(_) => continue,
            };
            let with = |chosen: &BTreeMap<Number, Tree>| {
                let with_content = |content: &Tree| {
                    let mut chosen = chosen.clone();
                    chosen.insert(number, content.clone());
                    chosen
                };
                contents.iter().map(with_content).collect::<Vec<_>>()
            };
            all = all.iter().flat_map(with).collect();
        }
        all.iter().map(|chosen| named.tree(chosen)).collect()
    }

    fn names(&mut self, number: Number) -> &mut Names {
        match &mut self.0[number] {
            Node::Directory(names) => names,
            other => panic!("{other:?} is no directory"),
        }
    }

    fn find(&self, path: &Path) -> Option<Number> {
        path.iter()
            .try_fold(0, |number, name| match &self.0[number] {
                Node::Directory(names) => names.now.get(name).copied(),
                _ => None,
            })
    }

    fn existing(&self, path: &Path) -> Number {
        let found = self.find(path);
        found.unwrap_or_else(|| panic!("`{}` was not made by a recorded step", path.display()))
    }

    fn set(&mut self, path: &Path, number: Option<Number>) {
        let parent = self.existing(path.parent().unwrap_or(Path::new("")));
        let name = path.file_name().unwrap_or_default().to_owned();
        let names = self.names(parent);
        match number {
            Some(number) => names.now.insert(name.clone(), number),
            None => names.now.remove(&name),
        };
        names.since.entry(name).or_default().push(number);
    }

    fn change(&mut self, number: Number, change: impl FnOnce(&mut Vec<u8>)) {
        if let Node::File(content) = &mut self.0[number] {
            change(&mut content.now);
            content.is_synced = false;
        }
    }
}

// === impl Named ===

impl Named {
    fn with(&self, name: &OsString, number: Number, below: Option<Self>) -> Self {
        let mut all = self.clone();
        all.0.insert(name.clone(), (number, below));
        all
    }

    fn collect(&self, numbers: &mut BTreeSet<Number>) {
        for (number, below) in self.0.values() {
            numbers.insert(*number);
            if let Some(below) = below {
                below.collect(numbers);
            }
        }
    }

    fn tree(&self, chosen: &BTreeMap<Number, Tree>) -> Tree {
        let of = |(name, (number, below)): (&OsString, &(Number, Option<Self>))| {
            let tree = match below {
                Some(below) => below.tree(chosen),
                None => chosen[number].clone(),
            };
            (name.clone(), tree)
        };
        Tree::Directory(self.0.iter().map(of).collect())
    }
}

// === impl Names ===

impl Names {
    /// What each name may be, each on its own.
    fn possible(&self) -> BTreeMap<OsString, BTreeSet<Option<Number>>> {
        let names = self.on_disk.keys().chain(self.since.keys());
        let of = |name: &OsString| {
            let since = self.since.get(name).into_iter().flatten().copied();
            since.chain([self.on_disk.get(name).copied()]).collect()
        };
        names.map(|name| (name.clone(), of(name))).collect()
    }
}

// === impl Content ===

impl Content {
    /// What may be found in the file.
    fn possible(&self) -> BTreeSet<Vec<u8>> {
        if self.is_synced {
            return [self.on_disk.clone()].into();
        }
        let length = self.now.len();
        let cuts: BTreeSet<usize> = if length <= SHORT {
            (0..=length).collect()
        } else {
            [0, 1, length / 2, length - 1, length].into()
        };
        let filled = |cut: usize, byte: u8| {
            let mut content = self.now[..cut].to_vec();
            content.resize(length, byte);
            content
        };
        let parts = cuts.into_iter().map(|cut| self.now[..cut].to_vec());
        let of_holes = |cut| [filled(cut, 0), filled(cut, FOREIGN)];
        let holes = [0, length / 2].into_iter().flat_map(of_holes);
        let mut all: BTreeSet<_> = parts.chain(holes).collect();
        // Written over what was there, which may be longer.
        if self.on_disk.len() > length {
            let mut mixed = self.now.clone();
            mixed.extend(&self.on_disk[length..]);
            all.insert(mixed);
        }
        all.insert(self.on_disk.clone());
        all
    }
}

// === impl Tree ===

impl Tree {
    /// What is in a directory.
    pub(super) fn read(path: &Path) -> io::Result<Self> {
        let kind = fs::symlink_metadata(path)?.file_type();
        if kind.is_symlink() {
            return Ok(Self::Link(fs::read_link(path)?));
        }
        if !kind.is_dir() {
            return Ok(Self::File(fs::read(path)?));
        }
        let mut entries = BTreeMap::new();
        for entry in fs::read_dir(path)? {
            let entry = entry?;
            let kind = entry.file_type()?;
            // Sockets are nothing that a disk keeps.
            if kind.is_file() || kind.is_dir() || kind.is_symlink() {
                entries.insert(entry.file_name(), Self::read(&entry.path())?);
            }
        }
        Ok(Self::Directory(entries))
    }

    /// Makes a directory of it.
    pub(super) fn lay_out(&self, path: &Path) -> io::Result<()> {
        match self {
            Self::File(content) => fs::write(path, content),
            Self::Link(leads_to) => symlink(leads_to, path),
            Self::Directory(entries) => {
                fs::create_dir_all(path)?;
                entries
                    .iter()
                    .try_for_each(|(name, tree)| tree.lay_out(&path.join(name)))
            }
        }
    }
}
