use proptest::prelude::*;

use super::*;

fn caller(name: &str) -> Option<String> {
    (name == "CALLER").then(|| "from caller".to_owned())
}

fn value(text: &str) -> String {
    parse(text, 0, &caller)
        .unwrap()
        .get("A")
        .cloned()
        .unwrap_or_else(|| "none".to_owned())
}

fn error(text: &str) -> (String, u32, u32) {
    let error = parse(text, 0, &caller).unwrap_err();
    let span = error.labels[0].span;
    (error.message, span.line, span.column)
}

#[test]
fn values_follow_the_rules_of_compose() {
    let cases = [
        ("A=1", "1"),
        ("A = 1  ", "1"),
        ("A: 1", "1"),
        ("export A=1", "1"),
        ("\u{feff}A=1", "1"),
        ("A=", ""),
        ("A=\nB=2", ""),
        ("A=x # comment", "x"),
        ("A=x#no comment", "x#no comment"),
        ("A= # comment", ""),
        ("A=x y\r\nB=1", "x y"),
        ("A=http://h:1/?a=b", "http://h:1/?a=b"),
        ("A=a'b\"c", "a'b\"c"),
        ("A='x # y' # z", "x # y"),
        (r#"A="x # y" # z"#, "x # y"),
        ("A='a\nb'", "a\nb"),
        ("A=\"a\nb\"", "a\nb"),
        (r"A='a\tb'", r"a\tb"),
        (r"A='it\'s'", "it's"),
        (r#"A="a\tb\"c\\d\q""#, "a\tb\"c\\d\\q"),
        (r#"A="\0101\$B""#, "A$B"),
        (r"A=a\tb", r"a\tb"),
        ("A", "none"),
        ("# A=1\n\n  A=2", "2"),
        ("A=1\nA=2", "2"),
        ("exported=1\nA=$exported", "1"),
    ];
    for (text, expected) in cases {
        assert_eq!(value(text), expected, "{text:?}");
    }
    let passed = parse("CALLER\nOTHER", 0, &caller).unwrap();
    assert_eq!(
        passed.get("CALLER").map(String::as_str),
        Some("from caller")
    );
    assert!(!passed.contains_key("OTHER"));
}

#[test]
fn variables_are_replaced_unless_single_quoted() {
    assert_eq!(value("B=1\nA=${B}-$C-${D:-d}"), "1--d");
    assert_eq!(value("B=1\nA=\"$B\""), "1");
    assert_eq!(value("B=1\nA='$B'"), "$B");
    assert_eq!(value("CALLER=here\nA=$CALLER"), "from caller");
    assert_eq!(value("A=$$B"), "$B");
}

#[test]
fn errors_have_their_place() {
    assert_eq!(error("B=1\nA='x\ny").1, 2);
    assert_eq!(
        error("A='x' y"),
        ("only a comment may follow a closing quote".to_owned(), 1, 7)
    );
    assert_eq!(error("B=1\n A B=1").1, 2);
    assert_eq!(error("A*=1").0, "`A*` is no name of a variable");
    assert_eq!(error("=1").0, "a name is missing before this");
    assert_eq!(error("B=1\nA=${B:?}${C:?need C}").2, 3);
}

#[test]
fn raw_files_keep_quotes_and_dollars() {
    let values = parse_raw("# c\nA='x' $B # y\nB\nC=\n");
    assert_eq!(values.get("A").map(String::as_str), Some("'x' $B # y"));
    assert_eq!(values.get("C").map(String::as_str), Some(""));
    assert!(!values.contains_key("B"));
}

#[test]
fn growth_is_limited() {
    let mut text = "A0=xxxxxxxxxx\n".to_owned();
    for n in 1..64 {
        let before = n - 1;
        text += &format!("A{n}=$A{before}$A{before}\n");
    }
    assert!(error(&text).0.contains("longer than"));
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "([A-C]|export |[=:'\"\\\\#$\\{\\} \n\ré-])*") {
        let _ = parse(&text, 0, &caller);
        let _ = parse_raw(&text);
    }
}
