use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::request::Parts;

use super::Problem;

/// What a caller may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// `orders:write`
    OrdersWrite,
    /// `orders:read`
    OrdersRead,
    /// `ops`: the dead-letter desk
    Ops,
}

impl Scope {
    const ALL: [Self; 3] = [Self::OrdersWrite, Self::OrdersRead, Self::Ops];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::OrdersWrite => "orders:write",
            Self::OrdersRead => "orders:read",
            Self::Ops => "ops",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == name)
    }
}

/// Who sends a request. [`authenticated`](super::authenticated) puts it into the request's
/// extensions, on every route that is not open to all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Stable over all requests of one caller: idempotency keys and rate limits are kept by it.
    pub name: Arc<str>,
    pub scopes: Arc<[Scope]>,
    /// Sees and touches this customer's orders only.
    pub customer_id: Option<Arc<str>>,
}

impl Caller {
    /// Everybody, where nobody is asked who they are: may do anything.
    pub fn anyone() -> Self {
        Self {
            name: "".into(),
            scopes: Scope::ALL.into(),
            customer_id: None,
        }
    }

    /// Whether orders of this customer are the caller's to see and touch.
    pub fn may_touch(&self, customer_id: &str) -> bool {
        self.customer_id
            .as_deref()
            .is_none_or(|own| own == customer_id)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    /// A caller that nobody has looked at is never taken for anyone.
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let known = parts.extensions.get::<Self>();
        known.cloned().ok_or_else(|| {
            tracing::error!("the route is open to all, or authentication is not around it");
            Problem::internal()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_caller_touches_its_own_only() {
        let mut caller = Caller::anyone();
        assert!(caller.may_touch("customer-1"));
        caller.customer_id = Some("customer-1".into());
        assert!(caller.may_touch("customer-1"));
        assert!(!caller.may_touch("customer-2"));
    }
}
