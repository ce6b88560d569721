//! The reference application's own migrations.

use shipway_migrations::File;

use super::{check_all, rules};

#[test]
fn its_first_migrations_are_safe() {
    let files: Vec<File> = ["catalogue", "orders"]
        .iter()
        .map(|app| {
            let name = format!("shop/{app}/migrations/0001_initial.py");
            let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/storefront/");
            File::new(
                &name,
                std::fs::read_to_string(format!("{root}{name}")).unwrap(),
            )
        })
        .collect();
    let report = check_all(&files);
    assert_eq!(report.checked.len(), 2);
    assert_eq!(rules(&report), [] as [&str; 0]);
}
