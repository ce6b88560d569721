//! SQL as changes.
//!
//! A reader of PostgreSQL's data definition, made of the tokens that squawk's lexer finds. It
//! reads what statements do to tables and steps over expressions, so it neither recurses nor
//! builds a tree: no text can overflow the stack, and a file takes microseconds. A full parser
//! would have to be asked for less than it knows, and held in where it nests without limit.
//! What is not understood becomes [`Change::Opaque`](crate::change::Change::Opaque), never
//! nothing.

mod alter_table;
mod column;
mod constraint;
mod create;
mod cursor;
mod expression;
mod file;
mod rows;
mod statement;
mod token;

pub(crate) use file::read;
pub(crate) use statement::steps;
