//! The whole backend as its users run it: processes, HTTP, real servers, and faults.

#![cfg(test)]

mod appended;
mod arrived;
mod authenticated;
mod backend;
mod chaos;
mod customer;
mod desk;
mod http_example;
mod kill;
mod limits;
mod one_order;
mod order_show;
mod outage;
mod projections;
mod queries;
mod replay;
mod saga;
mod saga_ways;
mod saga_world;
mod sagas;
mod shutdown;
mod tour;
mod traced;
