//! The whole backend as its users run it: processes, HTTP, real servers, and faults.

#![cfg(test)]

mod arrived;
mod backend;
mod chaos;
mod customer;
mod desk;
mod kill;
mod outage;
mod shutdown;
mod tour;
