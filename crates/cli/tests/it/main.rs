//! The binary as its users meet it: real processes, real HTTP, real crashes.

mod abort;
mod broken;
mod common;
mod config;
mod containers;
mod deploy;
mod diff;
mod hosts;
mod init;
mod kill;
mod kit;
mod locks;
mod migrate;
mod migrations;
mod output;
mod promote;
mod proxy;
mod refused;
mod roles;
mod rollback;
mod secrets;
mod switches;
mod validate;
mod websocket;
