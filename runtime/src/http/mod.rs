//! What the HTTP APIs share: problem+json, the request's context, query parameters, health endpoints, the server.

mod context;
mod endpoints;
mod parameters;
mod path;
mod problem;
mod server;

pub use context::{RequestContext, with_context};
pub use endpoints::{Operations, operations};
pub use parameters::{ParameterFault, Parameters, instant, invalid_cursor};
pub use path::PathText;
pub use problem::{Problem, Violation};
pub use server::{ServerError, bind, serve};
