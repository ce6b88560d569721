//! `$` for readers that interpolate again.

use crate::yaml::{Node, Value};

/// Doubles every `$` in scalars, so that interpolating the tree changes nothing.
///
/// For `docker compose`. `docker stack deploy` interpolates as well.
pub fn escape_dollars(node: &mut Node) {
    match &mut node.value {
        Value::Null => {}
        Value::Scalar(scalar) => {
            if scalar.text.contains('$') {
                scalar.text = scalar.text.replace('$', "$$");
            }
        }
        Value::Sequence(items) => items.iter_mut().for_each(escape_dollars),
        Value::Mapping(mapping) => {
            for (_, value) in mapping.iter_mut() {
                escape_dollars(value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::interpolate::expand;
    use crate::yaml::Span;

    proptest! {
        #[test]
        fn interpolating_what_is_escaped_gives_the_text(text in "[${}A:?-]{0,20}") {
            let mut node = Node::string(text.clone(), Span::default());
            escape_dollars(&mut node);
            let expansion = expand(node.as_str().unwrap(), &|_| None, 0).unwrap();
            prop_assert_eq!(expansion.text, text);
        }
    }
}
