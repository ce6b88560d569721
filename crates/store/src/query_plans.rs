//! What is asked often takes the same time however much is on record: SQLite says so itself.

use rusqlite::Connection;

use crate::store::Store;
use crate::summary::COLUMNS as SUMMARY;
use crate::{environment, history, lease, release, requests};

/// How SQLite goes about a statement, a line for each table.
fn steps(connection: &Connection, sql: &str) -> Vec<String> {
    let mut statement = connection
        .prepare(&format!("EXPLAIN QUERY PLAN {sql}"))
        .unwrap();
    let values = vec![rusqlite::types::Null; statement.parameter_count()];
    let rows = statement
        .query_map(rusqlite::params_from_iter(values), |row| row.get(3))
        .unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

#[test]
fn no_list_reads_more_than_it_tells() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path()).unwrap();
    let connection = store.read();
    let mut all = vec![
        environment::OF_ONE.to_owned(),
        release::OF_ONE.to_owned(),
        release::NEWEST.to_owned(),
        lease::HOLDER.to_owned(),
        requests::OPEN.to_owned(),
        requests::COUNT_OPEN.to_owned(),
    ];
    for columns in [SUMMARY, history::COLUMNS] {
        all.push(history::page(columns, false));
        all.push(history::page(columns, true));
        all.push(history::of_unfinished(columns));
        all.push(history::of_release(columns));
    }
    for columns in ["document", requests::LISTED] {
        for (is_of_one, is_open) in [(false, false), (false, true), (true, false), (true, true)] {
            all.push(requests::of_page(columns, is_of_one, is_open));
        }
    }
    for sql in all {
        let steps = steps(&connection, &sql);
        assert!(!steps.is_empty(), "{sql}");
        for step in &steps {
            let is_whole_table = step.starts_with("SCAN") && !step.contains("USING");
            let is_sorted_first = step.contains("TEMP B-TREE FOR ORDER BY");
            assert!(!is_whole_table && !is_sorted_first, "{sql}\n{steps:#?}");
        }
    }
}

#[test]
fn open_requests_are_found_among_many_that_are_over() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path()).unwrap();
    let connection = store.read();
    for is_of_one in [false, true] {
        let steps = steps(&connection, &requests::of_page("document", is_of_one, true));
        assert!(steps[0].contains("open_requests"), "{steps:?}");
    }
}

#[test]
fn a_statement_without_an_index_would_be_found() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path()).unwrap();
    let connection = store.read();
    let steps = steps(
        &connection,
        "SELECT id FROM deployments WHERE requested_by = ?1 ORDER BY changed",
    );
    assert_eq!(steps, ["SCAN deployments", "USE TEMP B-TREE FOR ORDER BY"]);
}
