use std::path::PathBuf;
use std::time::Duration;

use runtime::config::Secret;

/// How the simulator is run.
#[derive(Clone, Debug)]
pub struct SimulatorConfig {
    /// The file that is its ledger; made where there is none.
    pub journal: PathBuf,
    /// What callers send as `Authorization: Bearer …`.
    pub api_key: Secret,
    /// Where webhooks are sent to, over plain HTTP.
    pub webhook_url: String,
    /// `whsec_…`; each webhook is signed with every one, so that they can be exchanged.
    pub webhook_secrets: Vec<Secret>,
    /// From the creation of a payment to its authorisation and capture.
    pub answers_after: Duration,
    /// From authorisation to capture of those that are captured late.
    pub late_by: Duration,
    /// How long the call hangs of those whose call hangs.
    pub hangs_for: Duration,
}

impl SimulatorConfig {
    pub fn new(
        journal: impl Into<PathBuf>,
        api_key: Secret,
        webhook_url: impl Into<String>,
        webhook_secrets: Vec<Secret>,
    ) -> Self {
        Self {
            journal: journal.into(),
            api_key,
            webhook_url: webhook_url.into(),
            webhook_secrets,
            answers_after: Duration::ZERO,
            late_by: Duration::from_secs(5),
            hangs_for: Duration::from_secs(15),
        }
    }
}
