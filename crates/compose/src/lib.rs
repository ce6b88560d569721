//! Compose files: model with source spans, merge, interpolation, transforms.

pub mod diagnostic;
pub mod dotenv;
pub mod interpolate;
pub mod load;
pub mod merge;
pub mod model;
pub mod process;
mod read;
pub mod short;
pub mod yaml;

pub use load::{LoadError, Loaded, SourceFile, load};
