use std::sync::Arc;

use tokio::sync::Notify;

/// Rung after an append, heard by a relay in the same process: it saves the relay its poll, and
/// carries no promise. (A NOTIFY inside the append would serialise every commit of the cluster.)
#[derive(Clone, Debug, Default)]
pub struct Doorbell(Arc<Notify>);

impl Doorbell {
    pub fn ring(&self) {
        self.0.notify_one();
    }

    /// Returns at once when it was rung since the last call.
    pub async fn heard(&self) {
        self.0.notified().await;
    }
}
