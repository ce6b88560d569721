//! The data plane: routes requests to the live colour.
