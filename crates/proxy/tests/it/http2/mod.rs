//! HTTP/2 to clients: over TLS and by prior knowledge, streams that are cut alone, hostile frames.

mod client;
mod compress;
mod files;
mod frames;
mod hand_over;
mod heads;
mod hostile;
mod limits;
mod streams;
mod versions;
