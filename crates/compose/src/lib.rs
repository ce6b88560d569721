//! Compose files: model with source spans, merge, interpolation, transforms.
//!
//! Reads the user's files without an engine and says exactly where something
//! is wrong with them. Everything works on an untyped [tree](yaml) that knows
//! where each value stands; only the result has [types](model). Nothing here
//! touches files, the environment or the clock: texts and lookups are handed
//! in.
//!
//! | module | job |
//! | --- | --- |
//! | [`yaml`] | text to tree and back, within limits |
//! | [`interpolate`], [`dotenv`] | variables in scalars, files of variables |
//! | [`merge`](mod@merge) | several trees into one by the specification's rules |
//! | [`model`], [`process`], [`short`] | typed services and their short forms |
//! | [`load`](mod@load) | all of it in order |
//! | [`transform`] | projects made from projects |
//! | [`support`] | what becomes of each key |
//! | [`lint`](mod@lint) | warnings about what is valid and bites |
//! | [`diagnostic`] | messages with the place, the line and the way out |
//!
//! # Example
//!
//! ```
//! use shipway_compose::{NoFiles, Request, SourceFile, load};
//!
//! let file = |name: &str, text: &str| SourceFile { name: name.into(), text: text.into() };
//! let base = "
//! services:
//!   web:
//!     image: shop:${TAG}
//!     ports: ['8000:8000']
//!     enviroment: [DEBUG=1]
//! ";
//! let over = "
//! services:
//!   web:
//!     ports: !override ['80:8000']
//!     deploy: {replicas: 3}
//! ";
//! let files = [file("compose.yml", base), file("production.yml", over)];
//! let variables = |name: &str| (name == "TAG").then(|| "1.10".to_owned());
//!
//! let request = Request::new(&files, "/srv/shop").with_variables(&variables);
//! let loaded = load(&request, &mut NoFiles).unwrap();
//!
//! let web = &loaded.project.services["web"];
//! assert_eq!(web.image.as_deref(), Some("shop:1.10"));
//! assert_eq!(web.ports[0].published.as_deref(), Some("80"));
//! assert_eq!(web.replicas, 3);
//! assert_eq!(
//!     loaded.diagnostics[0].render(&loaded.sources),
//!     "\
//! error[unknown-key]: unknown key `enviroment` in `services.web`
//!  --> compose.yml:6:5
//!   |
//! 6 |     enviroment: [DEBUG=1]
//!   |     ^^^^^^^^^^
//!   |
//!   = help: did you mean `environment`?"
//! );
//! ```

mod canonical;
pub mod diagnostic;
pub mod dotenv;
pub mod interpolate;
pub mod lint;
pub mod load;
pub mod merge;
pub mod model;
pub mod path;
pub mod process;
mod read;
pub mod short;
mod spec;
pub mod support;
pub mod transform;
pub mod yaml;

pub use load::{Files, LoadError, Loaded, NoFiles, Request, SourceFile, load};
