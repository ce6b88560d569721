//! Files of SQL.

use shipway_migrations::File;

use super::{check_all, check_some, rules};

/// Checks a statement that comes after a first file.
fn after(sql: &str) -> Vec<&'static str> {
    let files = [
        File::new(
            "db/1.sql",
            "CREATE TABLE t (id bigint PRIMARY KEY, a varchar(20), b integer NOT NULL, n numeric(8,2));",
        ),
        File::new("db/2.sql", sql),
    ];
    rules(&check_some(&files, Some(&[1])))
}

#[test]
fn statements_of_all_kinds_are_understood() {
    for sql in [
        "",
        ";;",
        "-- only words",
        "SELECT 1; VALUES (1);",
        "ANALYZE t;",
        "COMMENT ON TABLE t IS 'x; y';",
        "GRANT SELECT ON t TO u",
        "SET LOCAL statement_timeout = 0",
        "CREATE EXTENSION IF NOT EXISTS x;",
        "CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $body$ BEGIN DROP TABLE t; END $body$;",
        "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT CASE WHEN true THEN 1 END; END;",
        "CREATE TRIGGER x AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()",
        "CREATE TEMP TABLE x (a int); CREATE VIEW v AS SELECT 1; CREATE SEQUENCE s; CREATE TYPE e AS ENUM ('a')",
        "ALTER TYPE e ADD VALUE 'b' AFTER 'a'",
        "ALTER SEQUENCE s OWNED BY t.id",
        "ALTER TABLE t OWNER TO u",
        "ALTER TABLE t ENABLE ROW LEVEL SECURITY",
        "ALTER TABLE t SET (fillfactor = 70)",
        "ALTER TABLE t ALTER COLUMN a SET STATISTICS 500, ALTER b SET STORAGE PLAIN",
        "ALTER INDEX i RENAME TO j",
        "ALTER TABLE t ADD COLUMN c text[] DEFAULT '{}' NOT NULL, ADD d timestamp(3) with time zone",
        "ALTER TABLE t ADD COLUMN c geometry(Point, 4326), ADD COLUMN e numeric(10, 2) DEFAULT 1.5 NOT NULL",
        "ALTER TABLE t ADD CONSTRAINT k CHECK ((b > 0) AND a IN ('x', 'y')) NOT VALID",
        "ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (b) REFERENCES t (id) ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED NOT VALID",
        "CREATE TABLE u (LIKE t INCLUDING ALL); CREATE TABLE v AS SELECT * FROM t; CREATE TABLE w (a, b) AS SELECT 1, 2",
        "CREATE TABLE p (id int, at date NOT NULL, PRIMARY KEY (id, at)) PARTITION BY RANGE (at)",
        "CREATE TABLE q PARTITION OF p FOR VALUES FROM ('2020-01-01') TO ('2021-01-01')",
        "CREATE TABLE x (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), j jsonb NOT NULL DEFAULT '{}'::jsonb, g int GENERATED ALWAYS AS (1 + 1) STORED, CONSTRAINT y UNIQUE (id) INCLUDE (j))",
        "INSERT INTO t (id) VALUES (1) ON CONFLICT DO NOTHING",
        "WITH x AS (SELECT 1) SELECT * FROM x",
        "ALTER TABLE \"T\" ADD COLUMN \"C\" text",
        "ALTER TABLE public.t ADD COLUMN c text",
        "CREATE TABLE \u{fc} (\u{e9} text)",
    ] {
        assert_eq!(after(sql), [] as [&str; 0], "{sql}");
    }
}

#[test]
fn unsafe_statements_are_found_in_every_spelling() {
    for (sql, wanted) in [
        (
            "alter table if exists only public . t drop column if exists a cascade",
            "drop-column",
        ),
        ("ALTER TABLE t DROP a, ADD COLUMN c text", "drop-column"),
        ("DROP TABLE IF EXISTS a.t, u CASCADE", "drop-table"),
        (
            "/* ; */ ALTER TABLE t /* x */ RENAME a -- y\n TO c",
            "rename-column",
        ),
        ("ALTER TABLE t RENAME TO u", "rename-table"),
        ("ALTER TABLE t ADD c int NOT NULL", "add-required"),
        (
            "ALTER TABLE t ADD COLUMN IF NOT EXISTS c int CONSTRAINT x NOT NULL",
            "add-required",
        ),
        (
            "ALTER TABLE t ADD c int DEFAULT NULL NOT NULL",
            "add-required",
        ),
        ("ALTER TABLE t ADD c bigserial", "volatile-default"),
        (
            "ALTER TABLE t ADD c int DEFAULT (random() * 10)::int",
            "volatile-default",
        ),
        (
            "ALTER TABLE t ADD c int DEFAULT my_function()",
            "volatile-default",
        ),
        ("ALTER TABLE t ALTER b DROP DEFAULT", "drop-default"),
        (
            "ALTER TABLE t ADD c int CONSTRAINT x CHECK (c > 0) DEFAULT 1",
            "inline-check",
        ),
        ("ALTER TABLE t ADD FOREIGN KEY (b) REFERENCES t", "add-fk"),
        (
            "ALTER TABLE t ADD c bigint DEFAULT 1 REFERENCES t (id) ON DELETE CASCADE",
            "add-fk",
        ),
        ("ALTER TABLE t ADD CHECK (b > 0)", "add-check"),
        (
            "ALTER TABLE t ADD UNIQUE NULLS NOT DISTINCT (a)",
            "add-unique",
        ),
        ("CREATE UNIQUE INDEX ON t (a) WHERE b > 0", "add-unique"),
        (
            "CREATE INDEX IF NOT EXISTS i ON ONLY t USING gin (a)",
            "index-create",
        ),
        ("DROP INDEX i, j", "index-drop"),
        ("REINDEX (VERBOSE) TABLE t", "reindex"),
        ("ALTER TABLE t ALTER COLUMN a SET NOT NULL", "set-not-null"),
        (
            "ALTER TABLE t ALTER a TYPE varchar(10) COLLATE \"C\"",
            "alter-type",
        ),
        (
            "ALTER TABLE t ALTER n SET DATA TYPE numeric(10,3)",
            "alter-type",
        ),
        (
            "ALTER TABLE t ALTER b TYPE int8 USING b::bigint",
            "alter-type",
        ),
        ("WITH x AS (SELECT 1) UPDATE t SET a = ''", "data-mixed"),
        ("DELETE FROM t", "data-mixed"),
        ("DO $$ BEGIN END $$", "opaque"),
        ("CALL f()", "opaque"),
        ("SELEC 1", "opaque"),
        ("ALTER TABLE t FROBNICATE", "opaque"),
        ("DROP SCHEMA s CASCADE", "opaque"),
        ("VACUUM (FULL, ANALYZE) t", "heavy"),
        ("CLUSTER t USING i", "heavy"),
        ("LOCK TABLE t IN ACCESS EXCLUSIVE MODE", "heavy"),
        ("TRUNCATE t", "heavy"),
        ("REFRESH MATERIALIZED VIEW v", "heavy"),
        ("ALTER TABLE t SET UNLOGGED", "heavy"),
        ("VACUUM t", "concurrent-in-transaction"),
        (
            "DROP INDEX CONCURRENTLY IF EXISTS i",
            "concurrent-in-transaction",
        ),
    ] {
        assert!(after(sql).contains(&wanted), "{sql}: {:?}", after(sql));
    }
}

#[test]
fn directives_of_tools_are_obeyed() {
    let concurrently = "CREATE INDEX CONCURRENTLY i ON t (a);";
    for head in [
        "-- no-transaction",
        "-- +goose NO TRANSACTION",
        "-- migrate:up transaction:false",
        "COMMIT;",
    ] {
        assert_eq!(
            after(&format!("{head}\n{concurrently}")),
            [] as [&str; 0],
            "{head}"
        );
    }
    assert_eq!(
        after("-- migrate:up\nSELECT 1;\n-- migrate:down\nDROP TABLE t;"),
        [] as [&str; 0]
    );
    assert_eq!(
        after("-- +goose Down\nDROP TABLE t;\n-- +goose Up\nSELECT 1;"),
        [] as [&str; 0]
    );
    assert_eq!(
        after("-- +goose Up\nDROP TABLE t;\n-- +goose Down\nSELECT 1;"),
        ["drop-table"]
    );
}

#[test]
fn files_come_in_the_order_of_their_numbers() {
    let files = [
        File::new("db/10_use.sql", "ALTER TABLE t ALTER a TYPE varchar(30);"),
        File::new("db/2_make.sql", "CREATE TABLE t (a varchar(20));"),
        File::new("db/2_make.down.sql", "DROP TABLE t;"),
    ];
    assert_eq!(rules(&check_all(&files)), [] as [&str; 0]);
}

#[test]
fn a_proof_of_another_column_is_none() {
    let files = |check: &str| {
        [
            File::new("1.sql", "CREATE TABLE t (a int, b int);"),
            File::new(
                "2.sql",
                format!("ALTER TABLE t ADD CONSTRAINT c {check} NOT VALID;"),
            ),
            File::new("3.sql", "ALTER TABLE t VALIDATE CONSTRAINT c;"),
            File::new("4.sql", "ALTER TABLE t ALTER a SET NOT NULL;"),
        ]
    };
    assert_eq!(
        rules(&check_all(&files("CHECK (a IS NOT NULL)"))),
        [] as [&str; 0]
    );
    for other in [
        "CHECK (b IS NOT NULL)",
        "CHECK (a > 0)",
        "CHECK (a IS NOT NULL OR b > 0)",
    ] {
        assert_eq!(
            rules(&check_all(&files(other))),
            ["set-not-null"],
            "{other}"
        );
    }
    let unproven = files("CHECK (a IS NOT NULL)");
    let without = [
        unproven[0].clone(),
        unproven[1].clone(),
        unproven[3].clone(),
    ];
    assert_eq!(rules(&check_all(&without)), ["set-not-null"]);
}
