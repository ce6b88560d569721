//! What an image of a program has to hold: the program, and what it is linked to.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::elf;

/// Where the program is in the image.
pub(super) const PROGRAM: &str = "shipway";

/// Where its libraries are in the image, which the loader is told.
pub(super) const LIBRARIES: &str = "lib";

/// A file of the image.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Part {
    /// Where it is in the image, without a slash before it.
    pub(super) path: String,
    pub(super) content: Vec<u8>,
}

/// Reads a program, its loader and its libraries; a static one is all by itself.
pub(super) fn collect(program: &Path) -> io::Result<Vec<Part>> {
    let content = std::fs::read(program)?;
    let loader = elf::interpreter(&content).map(str::to_owned);
    let mut parts = vec![Part {
        path: PROGRAM.to_owned(),
        content,
    }];
    if let Some(loader) = loader {
        parts.push(Part {
            path: loader.trim_start_matches('/').to_owned(),
            content: std::fs::read(&loader)?,
        });
        for (name, path) in libraries(program)? {
            parts.push(Part {
                path: format!("{LIBRARIES}/{name}"),
                content: std::fs::read(path)?,
            });
        }
    }
    Ok(parts)
}

/// The libraries that the loader finds for a program, as it tells them itself: by name, with the
/// file. Where it does not know the question, the program tells its version.
fn libraries(program: &Path) -> io::Result<Vec<(String, PathBuf)>> {
    let output = Command::new(program)
        .arg("--version")
        .env("LD_TRACE_LOADED_OBJECTS", "1")
        .stdin(Stdio::null())
        .output()?;
    let found = parse(&String::from_utf8_lossy(&output.stdout));
    if found.is_empty() {
        return Err(io::Error::other(
            "its loader does not tell its libraries: build it as a static program",
        ));
    }
    Ok(found)
}

/// Lines such as `libc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f…)`.
fn parse(told: &str) -> Vec<(String, PathBuf)> {
    let library = |line: &str| {
        let (name, rest) = line.trim().split_once(" => ")?;
        let path = rest.split(" (").next()?.trim();
        path.starts_with('/')
            .then(|| (name.to_owned(), path.into()))
    };
    told.lines().filter_map(library).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_are_those_that_the_loader_tells() {
        let told = "\tlinux-vdso.so.1 (0x00007ffd)\n\
                    \tlibgcc_s.so.1 => /lib/x86_64-linux-gnu/libgcc_s.so.1 (0x00007f1)\n\
                    \tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f2)\n\
                    \t/lib64/ld-linux-x86-64.so.2 (0x00007f3)\n";
        let names: Vec<String> = parse(told).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["libgcc_s.so.1", "libc.so.6"]);
        assert_eq!(parse("shipway 0.1.0\n"), []);
    }
}
