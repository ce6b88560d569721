//! The Compose specification as tables, and the check against them.
//!
//! Everything is checked here: a value of a wrong type or form, a missing key,
//! a key that the specification does not know. What comes after may rely on it
//! and complains of nothing but names that stand for nothing.

mod build;
mod check;
mod deploy;
mod resource;
mod scalar;
mod service;
mod shape;
mod short;
mod top;

pub(crate) use check::Checker;
pub(crate) use scalar::{flag, fraction, size, whole};
pub(crate) use shape::{Object, Shape, Unset};
pub(crate) use top::{PROJECT, is_project_name};
