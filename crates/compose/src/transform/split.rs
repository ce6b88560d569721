//! What all colours share, and what each has of its own.

use std::collections::BTreeSet;

use super::edit::entries;
use super::select::{Dependencies, select};
use crate::yaml::Node;

/// One document made into two.
#[derive(Debug, Clone, PartialEq)]
pub struct Split {
    /// Services that are there once: databases, queues, tools.
    pub shared: Node,
    /// Services that each release brings along.
    pub coloured: Node,
}

/// Splits a document by what `is_shared` says of each service.
///
/// Nothing in one of the two depends on the other any more: Compose knows no
/// dependency between projects, so the order is for the deployment to keep.
pub fn split(document: &Node, is_shared: impl Fn(&str) -> bool) -> Split {
    let (shared, coloured): (BTreeSet<String>, BTreeSet<String>) = entries(document, "services")
        .map(|(name, _)| name.to_owned())
        .partition(|name| is_shared(name));
    let part = |names| {
        let mut part = document.clone();
        select(&mut part, names, Dependencies::Strip);
        part
    };
    Split {
        shared: part(&shared),
        coloured: part(&coloured),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{assert_same, document};
    use super::*;

    #[test]
    fn each_service_is_in_one_part_with_what_it_needs() {
        let document = document(
            "
name: shop
services:
  web:
    image: web
    depends_on: {db: {condition: service_healthy}}
    networks: {default: null}
  db:
    image: db
    volumes: [{type: volume, source: data, target: /data}]
    networks: {default: null}
volumes: {data: {name: shop_data}}
networks: {default: {name: shop_default}}
x-note: kept
",
        );
        let split = split(&document, |name| name == "db");
        assert_same(
            &split.shared,
            "
name: shop
services:
  db:
    image: db
    volumes: [{type: volume, source: data, target: /data}]
    networks: {default: null}
volumes: {data: {name: shop_data}}
networks: {default: {name: shop_default}}
x-note: kept
",
        );
        assert_same(
            &split.coloured,
            "
name: shop
services:
  web:
    image: web
    networks: {default: null}
networks: {default: {name: shop_default}}
x-note: kept
",
        );
    }
}
