//! A value and where it stands.

use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use shipway_compose::yaml::Span;

/// What a type asks the deserialiser for when it wants to know its place.
pub(super) const NAME: &str = "$placed";
/// The parts of the answer, in their order.
const FIELDS: [&str; 5] = ["line", "column", "start", "end", "value"];

/// A value and where it stands.
#[derive(Debug, Clone)]
pub(in crate::config) struct Placed<T> {
    /// The value.
    pub(in crate::config) value: T,
    /// Where it stands.
    pub(in crate::config) span: Span,
}

// === impl Placed ===

// As a key it is its value: the same key at two places is the same key.
impl<T: PartialEq> PartialEq for Placed<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<T: Eq> Eq for Placed<T> {}

impl<T: Hash> Hash for Placed<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.value.hash(state);
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Placed<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_struct(NAME, &FIELDS, PlacedVisitor(PhantomData))
    }
}

impl<T: JsonSchema> JsonSchema for Placed<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn schema_id() -> Cow<'static, str> {
        T::schema_id()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

struct PlacedVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for PlacedVisitor<T> {
    type Value = Placed<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value with its place")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Placed<T>, A::Error> {
        let mut place = [0_u64; 4];
        for number in &mut place {
            let (_, found) = map
                .next_entry::<IgnoredAny, u64>()?
                .ok_or_else(|| A::Error::custom("a place has four numbers"))?;
            *number = found;
        }
        let (_, value) = map
            .next_entry::<IgnoredAny, T>()?
            .ok_or_else(|| A::Error::custom("a place belongs to a value"))?;
        let [line, column, start, end] = place;
        let span = Span {
            source: 0,
            line: u32::try_from(line).unwrap_or(u32::MAX),
            column: u32::try_from(column).unwrap_or(u32::MAX),
            start: usize::try_from(start).unwrap_or(usize::MAX),
            end: usize::try_from(end).unwrap_or(usize::MAX),
        };
        Ok(Placed { value, span })
    }
}
