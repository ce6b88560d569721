use super::*;

fn node(text: &str) -> Node {
    parse(text, 0, Limits::default()).unwrap()
}

fn error(text: &str) -> Diagnostic {
    parse(text, 0, Limits::default()).unwrap_err().remove(0)
}

/// Returns the text that a span covers.
fn covered(text: &str, span: Span) -> &str {
    &text[span.start..span.end]
}

#[test]
fn scalars_keep_their_text() {
    let node =
        node("a: 1.10\nb: yes\nc: '1.10'\nd: ~\ne:\nf: !!str 80\ng: !!int '80'\nh: |\n  x\n  y\n");
    let text = |key: &str| node.get(key).and_then(Node::as_str).map(str::to_owned);
    let kind = |key: &str| node.get(key).unwrap().kind();
    assert_eq!(
        (text("a").as_deref(), kind("a")),
        (Some("1.10"), "a number")
    );
    assert_eq!((text("b").as_deref(), kind("b")), (Some("yes"), "a string"));
    assert_eq!(
        (text("c").as_deref(), kind("c")),
        (Some("1.10"), "a string")
    );
    assert!(node.get("d").unwrap().is_null() && node.get("e").unwrap().is_null());
    assert_eq!((text("f").as_deref(), kind("f")), (Some("80"), "a string"));
    assert_eq!((text("g").as_deref(), kind("g")), (Some("80"), "a number"));
    assert_eq!(text("h").as_deref(), Some("x\ny\n"));
}

#[test]
fn spans_cover_what_was_written() {
    let text = "# é\nserví: \n  web: {image: 'nginx', ports: [80, 81]}\n  db:\n    x: 1\n\n";
    let root = node(text);
    let services = root.as_map().unwrap().entry("serví").unwrap();
    assert_eq!(covered(text, services.key_span), "serví");
    assert_eq!((services.key_span.line, services.key_span.column), (2, 1));
    let web = services.node.get("web").unwrap();
    assert_eq!(covered(text, web.span), "{image: 'nginx', ports: [80, 81]}");
    assert_eq!((web.span.line, web.span.column), (3, 8));
    assert_eq!(covered(text, web.get("image").unwrap().span), "'nginx'");
    assert_eq!(
        covered(
            text,
            web.get("ports").unwrap().as_sequence().unwrap()[1].span
        ),
        "81"
    );
    let db = services.node.get("db").unwrap();
    assert_eq!(covered(text, db.span), "x: 1");
}

#[test]
fn a_byte_order_mark_moves_the_bytes_but_not_the_columns() {
    let text = "\u{feff}name: x\n";
    let root = node(text);
    let entry = root.as_map().unwrap().entry("name").unwrap();
    assert_eq!(covered(text, entry.key_span), "name");
    assert_eq!((entry.key_span.line, entry.key_span.column), (1, 1));
}

#[test]
fn an_empty_text_is_null() {
    assert!(node("").is_null());
    assert!(node("# nothing\n").is_null());
}

#[test]
fn tags_of_compose_stay() {
    let node = node("a: !reset null\nb: !override [1]\nc: !custom {x: 1}\nd: ! x\n");
    let tag = |key: &str| node.get(key).unwrap().tag.clone();
    assert_eq!(tag("a"), Some(Tag::Reset));
    assert_eq!(tag("b"), Some(Tag::Override));
    assert_eq!(tag("c"), Some(Tag::Other("!custom".to_owned())));
    assert_eq!(tag("d"), None);
}

#[test]
fn aliases_repeat_and_point_to_their_anchor() {
    let text = "a: &x [1, 2]\nb: *x\n&k key: 1\nc: *k\n";
    let root = node(text);
    assert!(root.get("a").unwrap().same_value(root.get("b").unwrap()));
    assert_eq!(root.get("b").unwrap().span.line, 1);
    assert_eq!(root.get("c").and_then(Node::as_str), Some("key"));
}

#[test]
fn the_merge_key_adds_what_is_missing() {
    let root = node(
        "x: &x {a: 1, b: 1}\ny: &y {b: 2, c: 2}\n\
         one: {<<: *x, a: 0}\nlist:\n  <<: [*x, *y]\n  d: 3\nquoted: {'<<': 1}\n",
    );
    let text = |path: &[&str]| root.at(path).and_then(Node::as_str).map(str::to_owned);
    assert_eq!(text(&["one", "a"]).as_deref(), Some("0"));
    assert_eq!(text(&["one", "b"]).as_deref(), Some("1"));
    assert_eq!(
        text(&["list", "b"]).as_deref(),
        Some("1"),
        "the first of a list wins"
    );
    assert_eq!(text(&["list", "c"]).as_deref(), Some("2"));
    assert_eq!(text(&["quoted", "<<"]).as_deref(), Some("1"));
    assert_eq!(error("a: {<<: 1}").code, Code::YamlMergeKey);
    assert_eq!(error("a: {<<: [[1]]}").code, Code::YamlMergeKey);
}

#[test]
fn every_duplicate_key_is_reported_with_both_places() {
    let errors = parse("a: 1\nb: {c: 1, c: 2}\na: 2\n", 3, Limits::default()).unwrap_err();
    let places: Vec<_> = errors
        .iter()
        .map(|e| (e.labels[0].span.line, e.labels[1].span.line))
        .collect();
    assert_eq!(places, [(2, 2), (3, 1)]);
    assert!(errors.iter().all(|e| e.code == Code::YamlDuplicateKey));
    assert_eq!(errors[0].labels[0].span.source, 3);
}

#[test]
fn one_document_only() {
    assert!(node("---\na: 1\n...\n").get("a").is_some());
    let error = error("a: 1\n---\nb: 1\n");
    assert_eq!(
        (error.code, error.labels[0].span.line),
        (Code::YamlDocuments, 2)
    );
}

#[test]
fn keys_are_texts() {
    assert_eq!(error("[a]: 1").code, Code::YamlKey);
    assert_eq!(error("{a: 1}: 1").code, Code::YamlKey);
    assert_eq!(error("? \n: 1").code, Code::YamlKey);
    assert!(node("80: 1").get("80").is_some());
}

#[test]
fn syntax_errors_have_a_place_and_tabs_a_hint() {
    let unclosed = error("a: [1\nb: 2\n");
    assert_eq!(unclosed.code, Code::YamlSyntax);
    assert!(unclosed.labels[0].span.line >= 1);
    assert!(error("a:\n\tb: 1\n").help.unwrap().contains("tabs"));
    assert_eq!(error("a: *nobody").code, Code::YamlSyntax);
}

#[test]
fn an_alias_inside_of_itself_is_refused() {
    assert_eq!(error("a: &x [*x]").code, Code::YamlAlias);
}

#[test]
fn alias_bombs_hit_the_limit() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for n in 1..30 {
        let before = n - 1;
        let items = vec![format!("*a{before}"); 9].join(", ");
        text += &format!("a{n}: &a{n} [{items}]\n");
    }
    assert_eq!(error(&text).code, Code::YamlLimit);
    let long = "y".repeat(1 << 20);
    let repeated = "- *l\n".repeat(1000);
    assert_eq!(
        error(&format!("a: &l {long}\nb:\n{repeated}")).code,
        Code::YamlLimit
    );
}

#[test]
fn depth_is_limited_through_aliases_too() {
    let deep = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
    assert!(parse(&deep(100), 0, Limits::default()).is_ok());
    assert_eq!(error(&deep(102)).code, Code::YamlLimit);
    assert!(parse(&deep(20_000), 0, Limits::default()).is_err());
    let through = format!(
        "a: &x {}\nb: {}*x{}\n",
        deep(60),
        "[".repeat(60),
        "]".repeat(60)
    );
    assert_eq!(error(&through).code, Code::YamlLimit);
}
