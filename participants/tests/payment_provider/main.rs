//! The payment provider as it is called and as it is heard, against the simulator on real ports.
#![cfg(test)]

mod away;
mod calls;
mod delivery;
mod encrypted;
mod fixture;
mod played;
mod refused;
mod rules;
mod signed;
mod simulated;
