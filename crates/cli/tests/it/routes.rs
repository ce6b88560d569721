//! What a route asks for, from `shipway.yml` to the instances: the rules themselves are tested
//! where they are made.

mod acme;
mod limits;
mod paths;
mod sticky;
