//! What the HTTP APIs share: problem+json, the request's context, query parameters, health endpoints, the server.

mod access;
mod activity;
mod browsers;
mod caller;
mod connection;
mod context;
mod deadline;
mod endpoints;
mod limits;
mod load_shed;
pub mod openapi;
mod parameters;
mod path;
mod problem;
mod problem_pages;
mod problem_types;
mod rate_limit;
mod server;
mod tls;
mod trace;

pub use access::{Access, AccessRule, authenticated};
pub use browsers::for_browsers;
pub use caller::{Caller, Scope};
pub use context::{RequestContext, with_context};
pub use deadline::{Deadline, with_deadline};
pub use endpoints::{Operations, operations};
pub use limits::{Limits, with_limits};
pub use parameters::{ParameterFault, Parameters, instant, invalid_cursor};
pub use path::PathText;
pub use problem::{Problem, Violation};
pub use problem_types::{Described, ProblemType};
pub use rate_limit::RateLimit;
pub use server::{ConnectionLimits, ServerError, bind, serve};
pub use tls::{Tls, TlsError};
pub use trace::Trace;
