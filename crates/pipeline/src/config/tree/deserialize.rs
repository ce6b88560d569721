//! A YAML tree as something that serde's types are made from.
//!
//! Scalars have the type that YAML gives them: a plain `8000` is no text.

use std::fmt;

use serde::de::value::{StrDeserializer, U64Deserializer};
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, Error, IntoDeserializer,
    MapAccess, SeqAccess, Unexpected, VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;
use shipway_compose::yaml::{Entry, Node, Scalar, ScalarKind, Span, Value};

use super::placed;

/// What a type does not take, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Why it does not.
    pub message: String,
    /// Where the innermost value stands.
    pub span: Option<Span>,
}

/// Makes a value from a tree: a type, or a JSON document.
///
/// # Errors
/// The type does not take the tree.
pub fn from_node<T: DeserializeOwned>(node: &Node) -> Result<T, Refused> {
    T::deserialize(Read(node))
}

/// A node to read.
#[derive(Clone, Copy)]
struct Read<'de>(&'de Node);

/// A key to read.
struct Key<'de> {
    text: &'de str,
    span: Span,
}

/// Entries of a mapping, one after the other.
struct Entries<'de, I> {
    rest: I,
    current: Option<&'de Node>,
}

/// The parts of a place, then the value.
struct Parts<V> {
    span: Span,
    value: Option<V>,
    fields: std::slice::Iter<'static, &'static str>,
    next: usize,
}

/// One of an enum's names.
struct Name<'de>(&'de str);

// === impl Refused ===

impl Refused {
    /// The innermost place is the one that says most.
    fn at(mut self, span: Span) -> Self {
        self.span.get_or_insert(span);
        self
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Refused {}

impl Error for Refused {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self {
            message: message.to_string(),
            span: None,
        }
    }
}

// === impl Read ===

impl<'de> Read<'de> {
    fn visit_scalar<V: Visitor<'de>>(scalar: &'de Scalar, visitor: V) -> Result<V::Value, Refused> {
        let text = scalar.text.as_str();
        let unread = || Refused::custom(format!("`{text}` is out of range"));
        match scalar.kind() {
            ScalarKind::Bool => visitor.visit_bool(scalar.as_bool().ok_or_else(unread)?),
            ScalarKind::Integer => match (text.parse::<u64>(), text.parse::<i64>()) {
                (Ok(number), _) => visitor.visit_u64(number),
                (_, Ok(number)) => visitor.visit_i64(number),
                _ => Err(unread()),
            },
            ScalarKind::Float => match text.parse::<f64>() {
                Ok(number) => visitor.visit_f64(number),
                Err(_) => Err(unread()),
            },
            ScalarKind::String => visitor.visit_borrowed_str(text),
        }
    }
}

impl<'de> Deserializer<'de> for Read<'de> {
    type Error = Refused;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        let read = match &self.0.value {
            Value::Null => visitor.visit_unit(),
            Value::Scalar(scalar) => Self::visit_scalar(scalar, visitor),
            Value::Sequence(items) => visitor.visit_seq(Items(items.iter())),
            Value::Mapping(mapping) => visitor.visit_map(Entries {
                rest: mapping.entries(),
                current: None,
            }),
        };
        read.map_err(|refused| refused.at(self.0.span))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        if self.0.is_null() {
            visitor.visit_none()
        } else {
            visitor.visit_some(self)
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Refused> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refused> {
        if name == placed::NAME {
            return visitor.visit_map(Parts::new(self.0.span, self, fields));
        }
        self.deserialize_any(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refused> {
        let read = match &self.0.value {
            Value::Scalar(scalar) => visitor.visit_enum(Name(&scalar.text)),
            Value::Null | Value::Sequence(_) | Value::Mapping(_) => Err(Refused::invalid_type(
                Unexpected::Other(self.0.kind()),
                &"a name",
            )),
        };
        read.map_err(|refused| refused.at(self.0.span))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf
        unit unit_struct seq tuple tuple_struct map identifier ignored_any
    }
}

// === impl Key ===

impl<'de> Deserializer<'de> for Key<'de> {
    type Error = Refused;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        visitor.visit_borrowed_str(self.text)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Refused> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refused> {
        // Only a place can be asked for: keys are texts.
        visitor.visit_map(Parts::new(self.span, self, fields))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf
        option unit unit_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

// === access to lists, mappings, places and enums ===

struct Items<'de>(std::slice::Iter<'de, Node>);

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = Refused;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Refused> {
        self.0
            .next()
            .map(|item| seed.deserialize(Read(item)))
            .transpose()
    }
}

impl<'de, I: Iterator<Item = (&'de str, &'de Entry)>> MapAccess<'de> for Entries<'de, I> {
    type Error = Refused;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Refused> {
        let Some((text, entry)) = self.rest.next() else {
            return Ok(None);
        };
        self.current = Some(&entry.node);
        let span = entry.key_span;
        let key = seed.deserialize(Key { text, span });
        key.map(Some).map_err(|refused| refused.at(span))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Refused> {
        match self.current.take() {
            Some(node) => seed.deserialize(Read(node)),
            None => Err(Refused::custom("a value comes after its key")),
        }
    }
}

impl<V> Parts<V> {
    fn new(span: Span, value: V, fields: &'static [&'static str]) -> Self {
        Self {
            span,
            value: Some(value),
            fields: fields.iter(),
            next: 0,
        }
    }
}

impl<'de, D: Deserializer<'de, Error = Refused>> MapAccess<'de> for Parts<D> {
    type Error = Refused;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Refused> {
        let name = self.fields.next();
        name.map(|name| {
            let key: StrDeserializer<'_, Refused> = (*name).into_deserializer();
            seed.deserialize(key)
        })
        .transpose()
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Refused> {
        let numbers = [
            u64::from(self.span.line),
            u64::from(self.span.column),
            self.span.start as u64,
            self.span.end as u64,
        ];
        self.next += 1;
        if let Some(number) = numbers.get(self.next - 1) {
            let number: U64Deserializer<Refused> = number.into_deserializer();
            return seed.deserialize(number);
        }
        match self.value.take() {
            Some(value) => seed.deserialize(value),
            None => Err(Refused::custom("a place has one value")),
        }
    }
}

impl<'de> EnumAccess<'de> for Name<'de> {
    type Error = Refused;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Refused> {
        let name: StrDeserializer<'_, Refused> = self.0.into_deserializer();
        Ok((seed.deserialize(name)?, self))
    }
}

impl<'de> VariantAccess<'de> for Name<'de> {
    type Error = Refused;

    fn unit_variant(self) -> Result<(), Refused> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, _seed: T) -> Result<T::Value, Refused> {
        Err(only_names())
    }

    fn tuple_variant<V: Visitor<'de>>(self, _len: usize, _visitor: V) -> Result<V::Value, Refused> {
        Err(only_names())
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _fields: &'static [&'static str],
        _visitor: V,
    ) -> Result<V::Value, Refused> {
        Err(only_names())
    }
}

fn only_names() -> Refused {
    Refused::custom("a choice is a name, and holds nothing")
}
