//! Variables in scalars: `$V`, `${V}`, `${V:-default}` and the rest.
//!
//! Interpolation works on the text of scalars and only ever makes strings:
//! `${TAG}` of `1.10` is the string `1.10`, and a reader that wants a number
//! or a boolean reads it from the string. Keys are left alone, as in Compose.

mod expand;
mod template;
mod tree;

pub use expand::{ExpandError, Expansion, Use, expand};
pub use template::{Operation, Operator, Piece, SyntaxError, Template, parse};
pub use tree::{Interpolator, Lookup, Variable};
