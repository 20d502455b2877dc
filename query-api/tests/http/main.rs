//! The queries over HTTP, on a real MongoDB.
#![cfg(test)]

mod api;
mod bad_parameters;
mod bound_callers;
mod conditional;
mod events;
mod filters;
mod freshness;
mod generations;
mod get_order;
mod held_back;
mod history;
mod indexes;
mod limits;
mod log;
mod min_version;
mod outage;
mod paging;
mod sagas;
mod sorting;
mod sse;
mod stream_of_all;
mod stream_of_one;
mod totals;
