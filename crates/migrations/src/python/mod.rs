//! Python source as a tree, and what its expressions are worth without running it.
//!
//! The tree comes from Ruff's parser, which accepts what CPython accepts. It keeps itself from
//! overflowing the stack while it parses; dropping and walking a tree of a hundred thousand `+`
//! would do so all the same, so both happen on a stack that is as large as the text can make
//! necessary.

mod depth;
mod scope;
mod value;

use std::ops::Range;

use ruff_python_ast::ModModule;
use ruff_python_parser::parse_module;
use ruff_text_size::{Ranged, TextRange};

pub(crate) use scope::Scope;
pub(crate) use value::{Call, Kind, Value};

/// Python code of more than this is data; its tree would take a hundred times as much.
const LONGEST: usize = 1024 * 1024;

/// What one level of a tree may take of the stack when it is dropped, in a build for debugging.
const STACK_PER_LEVEL: usize = 1024;

/// Why a text is not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) range: Range<usize>,
    pub(crate) reason: String,
}

/// Parses a text and hands its tree to `read`.
pub(crate) fn with_module<T>(text: &str, read: impl FnOnce(&ModModule) -> T) -> Result<T, Refused> {
    let refuse = |range: Range<usize>, reason: &str| Refused {
        range,
        reason: reason.to_owned(),
    };
    if text.len() > LONGEST {
        return Err(refuse(0..0, "it is longer than 1 MiB"));
    }
    let Some(levels) = depth::levels(text) else {
        return Err(refuse(
            0..0,
            "it is nested deeper than Python itself allows",
        ));
    };
    let stack = levels * STACK_PER_LEVEL + 256 * 1024;
    stacker::maybe_grow(stack, stack * 2, || match parse_module(text) {
        Ok(parsed) => Ok(read(parsed.syntax())),
        Err(error) => Err(refuse(
            bytes(error.range()),
            &format!("it is not valid Python: {}", error.error),
        )),
    })
}

/// A range of the tree as a range of the text.
pub(crate) fn bytes(range: TextRange) -> Range<usize> {
    range.start().to_usize()..range.end().to_usize()
}
