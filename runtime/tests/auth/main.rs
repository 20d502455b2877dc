//! Who is let in where, with real tokens and keys.
#![cfg(test)]

mod api;
mod api_keys;
mod issuer;
mod key_source;
mod routes;
mod tokens;
