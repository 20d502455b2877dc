//! The queries over HTTP, on a real MongoDB.
#![cfg(test)]

mod api;
mod bad_parameters;
mod filters;
mod generations;
mod get_order;
mod held_back;
mod outage;
mod paging;
