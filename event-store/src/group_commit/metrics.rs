use tokio::time::Instant;

use super::queue::Waiting;

/// Where commands spend their time, and how well they share statements.
pub fn statement(commands: &[Waiting]) {
    metrics::histogram!("append_statement_size").record(commands.len() as f64);
    let wait = metrics::histogram!("append_queue_wait_seconds");
    let now = Instant::now();
    for waiting in commands {
        wait.record(now.duration_since(waiting.since));
    }
}

/// A statement failed as a whole, and its commands go again one a statement.
pub fn fallback(commands: usize) {
    metrics::counter!("append_fallbacks_total").increment(1);
    metrics::counter!("append_fallback_commands_total").increment(commands as u64);
}

/// A command was refused because too many wait already.
pub fn overloaded() {
    metrics::counter!("append_overloaded_total").increment(1);
}
