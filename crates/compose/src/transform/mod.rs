//! Documents made from documents.
//!
//! A transform works on the canonical [tree](crate::model::Project::tree), in
//! which every short form is long, every name is complete and every path
//! absolute. What is rendered for an engine is the tree after them, so what
//! was decided on is what runs; whatever a transform does not name stays as
//! the user wrote it.
//!
//! | transform | what it makes |
//! | --- | --- |
//! | [`select`] | some of the services, with what they need |
//! | [`split`] | one document for what is shared, one for what each colour has of its own |
//! | [`join_networks`], [`keep_volumes`] | networks and volumes that somebody else makes and keeps |
//! | [`unpublish`] | services that only the proxy reaches |
//! | [`pin`] | services that run exactly these images |
//! | [`label`], [`scale`], [`rename`] | services with labels, sizes and a project's name |
//! | [`escape_dollars`] | a tree that survives being interpolated once more |

mod edit;
mod escape;
mod external;
mod image;
mod label;
mod ports;
mod rename;
mod scale;
mod select;
mod split;
#[cfg(test)]
mod testing;

pub use escape::escape_dollars;
pub use external::{join_networks, keep_volumes};
pub use image::pin;
pub use label::{Labels, label};
pub use ports::{published, unpublish};
pub use rename::rename;
pub use scale::scale;
pub use select::{Dependencies, select};
pub use split::{Split, split};
