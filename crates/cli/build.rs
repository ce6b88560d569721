//! Embeds the reference application and the demo's releases into the binary.
//!
//! Only what belongs to them: a virtual environment or a database that lies
//! beside the sources must not end in the binary.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// What a checkout collects beside its sources.
const NOT_SOURCES: [&str; 10] = [
    ".venv",
    ".shipway",
    "data",
    "staticfiles",
    "__pycache__",
    ".pytest_cache",
    ".ruff_cache",
    ".coverage",
    "coverage.xml",
    "htmlcov",
];

fn main() {
    let manifest = PathBuf::from(variable("CARGO_MANIFEST_DIR"));
    let examples = manifest.join("../../examples");
    let mut code = String::new();
    for (name, folder) in [("STOREFRONT", "storefront"), ("RELEASES", "demo-releases")] {
        let root = examples.join(folder);
        println!("cargo::rerun-if-changed={}", root.display());
        let mut files = Vec::new();
        collect(&root, &mut files);
        files.sort();
        // Writing to a String cannot fail.
        let _ = writeln!(
            code,
            "/// Path and content of each file.\npub(crate) const {name}: &[(&str, &[u8])] = &["
        );
        for file in files {
            let relative = file.strip_prefix(&root).expect("below the root");
            let _ = writeln!(
                code,
                "    ({:?}, include_bytes!({:?})),",
                relative.display().to_string(),
                file.display().to_string()
            );
        }
        code.push_str("];\n");
    }
    let out = PathBuf::from(variable("OUT_DIR")).join("examples.rs");
    std::fs::write(out, code).expect("the build directory can be written");
}

fn variable(name: &str) -> String {
    std::env::var(name).expect("cargo sets it")
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("the examples are part of the sources") {
        let path = entry.expect("the folder can be read").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if NOT_SOURCES.contains(&name.as_ref()) || name.ends_with(".pyc") {
            continue;
        }
        if path.is_dir() {
            collect(&path, files);
        } else {
            files.push(path);
        }
    }
}
