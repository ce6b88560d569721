//! Load generator: constant traffic that counts every request.
