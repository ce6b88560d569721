//! What the documentation shows of `shipway.yml` is what the schema and the parser take.

use std::fs;
use std::path::{Path, PathBuf};

use shipway_compose::yaml::{Limits, parse};
use shipway_pipeline::config;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// All Markdown files below a folder.
fn pages(folder: &Path, found: &mut Vec<PathBuf>) {
    let entries = fs::read_dir(folder).expect("the folder can be read");
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.is_dir() {
            pages(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "md") {
            found.push(path);
        }
    }
}

/// The blocks of YAML in a page that are a whole `shipway.yml`.
fn examples(page: &str) -> Vec<&str> {
    page.split("```yaml\n")
        .skip(1)
        .filter_map(|rest| Some(rest.split_once("```")?.0))
        .filter(|block| block.contains("\nenvironments:") && block.contains("project:"))
        .collect()
}

#[test]
fn every_example_of_the_documentation_is_valid() {
    let schema = jsonschema::draft7::new(config::schema()).expect("the schema is one");
    let mut files = vec![root().join("README.md")];
    pages(&root().join("docs"), &mut files);
    pages(&root().join("examples/storefront"), &mut files);
    let mut count = 0;
    for file in files {
        let page = fs::read_to_string(&file).expect("the page can be read");
        for example in examples(&page) {
            let tree = parse(example, 0, Limits::default()).expect("it is YAML");
            let json = config::from_node(&tree).expect("any YAML of this kind is JSON");
            if let Err(error) = schema.validate(&json) {
                panic!("{}: {}: {error}", file.display(), error.instance_path());
            }
            let problems = config::parse(example).err();
            assert_eq!(problems, None, "{}", file.display());
            count += 1;
        }
    }
    assert!(count >= 2, "the README and the reference show one each");
}
