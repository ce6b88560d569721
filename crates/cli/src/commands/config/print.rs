//! A document as YAML or JSON, with the place of each value where that is asked for.

use serde_json::{Value as Json, json};
use shipway_compose::diagnostic::Sources;
use shipway_compose::yaml::{Node, Span, Value, render};
use shipway_pipeline::config::from_node;

use crate::error::{CliError, Kind, Result};

/// The document as YAML; with sources, each value is followed by its place.
pub(super) fn yaml(tree: &Node, sources: Option<&Sources>) -> String {
    let text = render(tree);
    let Some(sources) = sources else { return text };
    // The renderer writes one line for each value, key or start of a list, in their order.
    let mut places = Vec::new();
    collect(tree, sources, &mut places);
    let mut shown = String::new();
    for (line, place) in text.lines().zip(places) {
        shown.push_str(line);
        if let Some(place) = place {
            shown.push_str(&format!("  # {place}"));
        }
        shown.push('\n');
    }
    shown
}

/// The document as JSON; with sources, beside a document of the same form that holds the places.
pub(super) fn json(tree: &Node, sources: Option<&Sources>) -> Result<Json> {
    let document: Json =
        from_node(tree).map_err(|refused| CliError::new(Kind::Failed, refused.message))?;
    Ok(match sources {
        None => document,
        Some(sources) => json!({ "document": document, "sources": place_tree(tree, sources) }),
    })
}

/// One entry for each line of the rendered tree.
fn collect(node: &Node, sources: &Sources, places: &mut Vec<Option<String>>) {
    match &node.value {
        Value::Mapping(mapping) => {
            for (key, entry) in mapping.entries() {
                // A key of more than 100 bytes takes a line of its own.
                if key.len() > 100 {
                    places.push(None);
                }
                value(&entry.node, sources, places);
            }
        }
        Value::Sequence(items) => {
            for item in items {
                match &item.value {
                    // Its first key stands beside the dash.
                    Value::Mapping(mapping) if !mapping.is_empty() && item.tag.is_none() => {
                        collect(item, sources, places);
                    }
                    _ => value(item, sources, places),
                }
            }
        }
        Value::Null | Value::Scalar(_) => places.push(place(node.span, sources)),
    }
}

fn value(node: &Node, sources: &Sources, places: &mut Vec<Option<String>>) {
    let is_collection = match &node.value {
        Value::Mapping(mapping) => !mapping.is_empty(),
        Value::Sequence(items) => !items.is_empty(),
        Value::Null | Value::Scalar(_) => false,
    };
    if is_collection {
        places.push(None);
        collect(node, sources, places);
    } else {
        places.push(place(node.span, sources));
    }
}

fn place_tree(node: &Node, sources: &Sources) -> Json {
    match &node.value {
        Value::Mapping(mapping) => mapping
            .iter()
            .map(|(key, child)| (key.to_owned(), place_tree(child, sources)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        Value::Sequence(items) => items
            .iter()
            .map(|item| place_tree(item, sources))
            .collect::<Vec<_>>()
            .into(),
        Value::Null | Value::Scalar(_) => json!(place(node.span, sources)),
    }
}

/// Where a value stands; nothing for what Shipway or Compose added.
pub(super) fn place(span: Span, sources: &Sources) -> Option<String> {
    let source = sources.get(span.source).filter(|_| span.line > 0)?;
    Some(format!("{}:{}", source.name, span.line))
}

#[cfg(test)]
mod tests {
    use shipway_compose::yaml::{Limits, parse};

    use super::*;

    const TEXT: &str = "\
web:
  image: shop
  ports:
    - target: 80
      published: '8080'
    - target: 81
  command: [run, it]
  labels: {}
  empty:
";

    #[test]
    fn each_value_is_followed_by_its_place() {
        let mut sources = Sources::new();
        sources.add("a.yml", TEXT);
        let tree = parse(TEXT, 0, Limits::default()).unwrap();
        insta::assert_snapshot!(yaml(&tree, Some(&sources)), @r#"
        web:
          image: shop  # a.yml:2
          ports:
            - target: 80  # a.yml:4
              published: "8080"  # a.yml:5
            - target: 81  # a.yml:6
          command:
            - run  # a.yml:7
            - it  # a.yml:7
          labels: {}  # a.yml:8
          empty: null  # a.yml:9
        "#);
        let shown = json(&tree, Some(&sources)).unwrap();
        assert_eq!(shown["document"]["web"]["image"], "shop");
        assert_eq!(shown["sources"]["web"]["ports"][1]["target"], "a.yml:6");
    }
}
