//! The server over real sockets: what callers may do to it, and what it does about that.
#![cfg(test)]

mod flood;
mod limits;
mod served;
mod shutdown;
mod tls;
