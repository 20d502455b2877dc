//! The simulator by its API: what it answers, and what is left of that after a crash.
#![cfg(test)]

mod calls;
mod crash;
mod fixture;
mod journal;
