//! Django's migrations: forms that surprise a parser, and what operations do.

use shipway_migrations::{File, Phase};

use super::{body, check_all, check_some, operation, rules, second, start};

const DROP: &str = "migrations.RemoveField('item', 'note')";

/// Checks a second migration with all its text.
fn text(text: &str) -> Vec<&'static str> {
    let head_of_class = "(migrations.Migration):\n";
    let dependencies = "    dependencies = [('shop', '0001_initial')]\n";
    let text = &text.replacen(head_of_class, &format!("{head_of_class}{dependencies}"), 1);
    let head = "from django.db import migrations, models\n";
    let file = second(&format!("{head}{text}"));
    rules(&check_some(&[start(), file], Some(&[1])))
}

#[test]
fn operations_are_found_in_whatever_form() {
    for form in [
        format!("class Migration(migrations.Migration):\n    operations = [{DROP}]"),
        format!("OPS = [{DROP}]\nclass Migration(migrations.Migration):\n    operations = OPS"),
        format!(
            "OPS = [{DROP}]\nclass Migration(migrations.Migration):\n    operations = [] + OPS"
        ),
        format!("OPS = [{DROP}]\nclass Migration(migrations.Migration):\n    operations = [*OPS]"),
        format!("DROP = {DROP}\nclass Migration(migrations.Migration):\n    operations = [DROP]"),
        format!(
            "class Migration(migrations.Migration):\n    operations = []\n    operations += [{DROP}]"
        ),
        format!(
            "class Migration(migrations.Migration):\n    operations = []\nMigration.operations += [{DROP}]"
        ),
        format!(
            "class Checked(migrations.Migration):\n    operations = [{DROP}]\nclass Migration(Checked):\n    pass"
        ),
        format!("class Other(migrations.Migration):\n    operations = [{DROP}]\nMigration = Other"),
        format!("class Migration(migrations.Migration):\n    operations: list = [{DROP}]"),
        format!(
            "class Migration(migrations.Migration):\n    db = [{DROP}]\n    operations = [migrations.SeparateDatabaseAndState(db, [])]"
        ),
        format!(
            "class Migration(migrations.Migration):\n    operations = [migrations.SeparateDatabaseAndState([migrations.SeparateDatabaseAndState([{DROP}])])]"
        ),
    ] {
        assert_eq!(text(&form), ["drop-column"], "{form}");
    }
}

#[test]
fn what_cannot_be_seen_is_said() {
    for form in [
        "class Migration(migrations.Migration):\n    operations = make()",
        "class Migration(migrations.Migration):\n    operations = [] + make()",
        "class Migration(migrations.Migration):\n    operations = [*make()]",
        "class Migration(migrations.Migration):\n    operations = []\n    for m in X:\n        operations += [f(m)]",
        "class Migration(migrations.Migration):\n    operations = sum((f(m) for m in X), [])",
        "class Migration(migrations.Migration):\n    operations = []\nMigration.operations.append(f())",
        "class Migration(migrations.Migration):\n    operations = [tools.Partition('item')]",
        "class Migration(migrations.Migration):\n    operations = [migrations.AddField('item', NAMES[0], f())]",
        "class Migration(migrations.Migration):\n    operations = [migrations.RunSQL(f'DROP {x()}', '')]",
        "class Migration(migrations.Migration):\n    operations = [migrations.AddField('item', 'x', models.TextField(**options()))]",
        "class Migration(migrations.Migration)\n    operations = []",
        "A = A\nclass Migration(migrations.Migration):\n    operations = A",
    ] {
        assert!(text(form).contains(&"opaque"), "{form}: {:?}", text(form));
    }
}

#[test]
fn sql_is_read_from_literals_constants_and_f_strings() {
    for sql in [
        "'DROP TABLE other'",
        "'''\nDROP TABLE other;\n'''",
        "('DROP ' 'TABLE other')",
        "'DROP ' + 'TABLE other'",
        "f'DROP TABLE {TABLE}'",
        "SQL",
        "['SELECT 1', 'DROP TABLE other']",
        "[('DROP TABLE other', None)]",
    ] {
        let form = format!(
            "TABLE = 'other'\nSQL = f'DROP TABLE {{TABLE}}'\n\
             class Migration(migrations.Migration):\n    \
             operations = [migrations.RunSQL({sql}, migrations.RunSQL.noop)]"
        );
        // No model of Django's has the table, so no running code of Django's names it.
        assert_eq!(text(&form), [] as [&str; 0], "{form}");
        let form = form
            .replace("'other'", "'shop_item'")
            .replace("TABLE other", "TABLE shop_item");
        assert_eq!(text(&form), ["drop-table"], "{form}");
    }
    assert!(
        rules(&operation(
            "migrations.RunSQL(migrations.RunSQL.noop, 'DROP TABLE shop_item')"
        ))
        .is_empty()
    );
}

#[test]
fn a_statement_in_a_literal_is_pointed_at_itself() {
    let report = operation("migrations.RunSQL('''SELECT 1;\n  DROP TABLE shop_item''', '')");
    let (line, column) = report.findings[0].line_and_column(&[
        start(),
        second("1\n2\n3\nlong enough to have a fourth line and a fifth one, which begins at column three\n"),
    ]);
    assert!(line >= 4, "{line}:{column}");
}

#[test]
fn what_django_does_in_secret_is_known() {
    for (written, wanted) in [
        // It takes its defaults away again.
        (
            "migrations.AddField('item', 'a', models.IntegerField(default=1))",
            vec!["add-required"],
        ),
        (
            "migrations.AddField('item', 'a', models.TextField(blank=True))",
            vec!["add-required"],
        ),
        (
            "migrations.AddField('item', 'a', models.DateTimeField(auto_now_add=True))",
            vec!["add-required"],
        ),
        (
            "migrations.AddField('item', 'a', models.IntegerField(default=1, null=True))",
            vec![],
        ),
        (
            "migrations.AlterOrderWithRespectTo('item', 'name')",
            vec!["add-required"],
        ),
        // Indexes nobody wrote.
        (
            "migrations.AddField('item', 'a', models.SlugField(null=True))",
            vec!["index-create"],
        ),
        (
            "migrations.AlterField('item', 'name', models.CharField(max_length=20, db_index=True))",
            vec!["index-create"],
        ),
        // Constraints of the column.
        (
            "migrations.AlterField('item', 'name', models.CharField(max_length=20, unique=True))",
            vec!["add-unique", "lock-then-work", "index-create"],
        ),
        (
            "migrations.AlterUniqueTogether('item', {('name', 'price')})",
            vec!["add-unique"],
        ),
        (
            "migrations.AlterIndexTogether('item', {('name', 'price')})",
            vec!["index-create"],
        ),
        // Tables of many-to-many fields.
        ("migrations.RemoveField('item', 'tags')", vec!["drop-table"]),
        (
            "migrations.RenameField('item', 'tags', 'labels')",
            vec!["rename-table"],
        ),
        (
            "migrations.RenameModel('Item', 'Thing')",
            vec!["rename-table", "rename-column"],
        ),
        ("migrations.DeleteModel('Item')", vec!["drop-table"]),
        (
            "migrations.AddField('item', 'more', models.ManyToManyField('shop.Item'))",
            vec![],
        ),
        // Types.
        (
            "migrations.AlterField('item', 'price', models.DecimalField(max_digits=10, decimal_places=2))",
            vec![],
        ),
        (
            "migrations.AlterField('item', 'price', models.DecimalField(max_digits=10, decimal_places=3))",
            vec!["alter-type"],
        ),
        (
            "migrations.AlterField('item', 'name', models.TextField())",
            vec![],
        ),
        (
            "migrations.AlterField('item', 'name', models.CharField(max_length=20, help_text='x'))",
            vec![],
        ),
        (
            "migrations.AlterField('item', 'note', models.TextField(null=True, db_column='remark'))",
            vec!["rename-column"],
        ),
        (
            "migrations.AlterField('item', 'id', models.UUIDField(primary_key=True))",
            vec!["alter-type"],
        ),
        // State only.
        ("migrations.AlterModelOptions('item', {})", vec![]),
        (
            &format!("migrations.SeparateDatabaseAndState(state_operations=[{DROP}])"),
            vec![],
        ),
    ] {
        let mut seen = rules(&operation(written));
        seen.dedup_by(|one, other| one == other && *one == "drop-table");
        seen.retain(|rule| *rule != "lock-then-work");
        let wanted: Vec<&str> = wanted
            .into_iter()
            .filter(|rule| *rule != "lock-then-work")
            .collect();
        assert_eq!(seen, wanted, "{written}");
    }
}

#[test]
fn tables_that_are_not_djangos_or_not_there_yet_are_left_alone() {
    let unmanaged = "operations = [\n    \
        migrations.CreateModel('Old', [('a', models.TextField())], options={'managed': False}),\n    \
        migrations.RemoveField('old', 'a'),\n    migrations.DeleteModel('Old'),\n]";
    assert_eq!(rules(&body(unmanaged)), [] as [&str; 0]);
    let new = "operations = [\n    \
        migrations.CreateModel('New', [('a', models.TextField())]),\n    \
        migrations.AddField('new', 'b', models.TextField(default='')),\n    \
        migrations.AddIndex('new', models.Index(fields=['b'], name='x')),\n    \
        migrations.RemoveField('new', 'a'),\n    migrations.AlterField('new', 'b', models.IntegerField()),\n]";
    assert_eq!(rules(&body(new)), [] as [&str; 0]);
}

#[test]
fn phases_follow_from_what_is_done() {
    let phase = |report: shipway_migrations::Report| report.checked[0].phase;
    assert_eq!(phase(operation(DROP)), Phase::Contract);
    assert_eq!(phase(operation("migrations.RunPython(f, f)")), Phase::Data);
    assert_eq!(
        phase(operation(
            "migrations.AddField('item', 'a', models.TextField(null=True))"
        )),
        Phase::Expand
    );
}

#[test]
fn waivers_cover_their_operation_only() {
    let report = body(
        "operations = [\n    # shipway: allow drop-column -- nobody reads it\n    \
         migrations.RemoveField('item', 'note'),\n    migrations.RemoveField('item', 'name'),\n]",
    );
    let waived: Vec<Option<&str>> = report
        .findings
        .iter()
        .filter(|finding| finding.rule.id == "drop-column")
        .map(|finding| finding.waived.as_deref())
        .collect();
    assert_eq!(waived, [Some("nobody reads it"), None]);
    let unused = body("# shipway: allow drop-table -- there is none\noperations = []");
    assert_eq!(rules(&unused), ["waiver"]);
    let unknown = body("# shipway: allow drop-tables -- there is none\noperations = []");
    assert!(
        unknown.findings[0]
            .message
            .contains("no rule `drop-tables`")
    );
}

#[test]
fn other_python_is_no_migration() {
    let helper = File::new("shop/migrations/helpers.py", "def f():\n    pass\n");
    assert!(
        check_all(&[start(), helper])
            .findings
            .iter()
            .all(|it| it.file == 0)
    );
}
