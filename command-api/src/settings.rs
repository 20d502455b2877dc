use std::time::Duration;

use domain::saga::SagaFlow;

/// How commands are taken.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Refuses commands that could not be sent again safely.
    pub require_idempotency_key: bool,
    /// The longest that a request may take, its body included.
    pub time_out: Duration,
    /// How the sagas of new orders go.
    pub saga_flow: SagaFlow,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            require_idempotency_key: false,
            time_out: Duration::from_secs(10),
            saga_flow: SagaFlow::default(),
        }
    }
}
