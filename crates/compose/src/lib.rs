//! Compose files: model with source spans, merge, interpolation, transforms.

pub mod diagnostic;
pub mod dotenv;
pub mod interpolate;
pub mod merge;
pub mod model;
pub mod process;
pub mod short;
pub mod yaml;
