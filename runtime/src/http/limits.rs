use axum::Router;

use super::RateLimit;
use super::load_shed::with_load_shed;
use super::rate_limit::with_rate_limit;

/// How much an API takes on.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Requests in hand at once.
    pub concurrent: usize,
    /// Of one caller; `None` where callers may send as much as they like.
    pub rate: Option<RateLimit>,
}

/// Refuses what is more. A request for which there is no place counts for no caller.
pub fn with_limits(router: Router, limits: Limits) -> Router {
    let router = match limits.rate {
        Some(rate) => with_rate_limit(router, rate),
        None => router,
    };
    with_load_shed(router, limits.concurrent)
}
