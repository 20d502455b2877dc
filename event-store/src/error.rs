use std::error::Error;

type Source = Box<dyn Error + Send + Sync>;

#[derive(Debug, thiserror::Error)]
pub enum EventStoreError {
    /// Another command was faster. Nothing was written.
    #[error("the stream is no longer at version {expected}")]
    Conflict { expected: u64 },
    /// Nothing was written.
    #[error("Postgres is not available: {0}")]
    Unavailable(#[source] Source),
    /// The statement was sent and its answer lost: it may have been written, or may still be.
    #[error("the answer of Postgres was lost: {0}")]
    OutcomeUnknown(#[source] Source),
    /// Postgres refused the statement. Nothing was written.
    #[error("Postgres refused the statement: {0}")]
    Refused(#[source] Source),
    /// What is stored cannot be read by this code.
    #[error("a stored event cannot be read: {0}")]
    Unreadable(#[source] Source),
    /// Another command has this key, and its answer is kept there. Nothing was written.
    #[error("the idempotency key is taken")]
    IdempotencyKeyTaken,
    /// Too many commands wait already. Nothing was written.
    #[error("too many commands wait to be written")]
    Overloaded,
    #[error("a command without events has nothing to append")]
    NoEvents,
    #[error("event metadata {name}: {fault}")]
    Metadata { name: &'static str, fault: String },
    #[error("an event cannot be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
    #[error("the database URL is not valid, or asks for TLS, which this build does not speak")]
    Url,
    #[error("migration failed: {0}")]
    Migrate(#[from] sqlx::migrate::MigrateError),
}

impl EventStoreError {
    /// Whether the same call may go through later, unchanged.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::OutcomeUnknown(_))
    }
}

impl From<deadpool_postgres::PoolError> for EventStoreError {
    fn from(error: deadpool_postgres::PoolError) -> Self {
        Self::Unavailable(full(&error).into())
    }
}

/// An error with its causes in one line: tokio-postgres says only "db error" by itself.
pub(crate) fn full(error: &dyn Error) -> String {
    let mut line = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        line.push_str(": ");
        line.push_str(&cause.to_string());
        source = cause.source();
    }
    line
}

/// What a failed statement of one implicit transaction means for what it should have written.
///
/// A SQLSTATE with severity ERROR was sent before the commit: nothing is written. FATAL and PANIC
/// (the server shutting down, the session killed) and a broken connection can also come after it.
pub(crate) fn classify(error: &tokio_postgres::Error) -> EventStoreError {
    use tokio_postgres::error::{Severity, SqlState};
    let source = full(error).into();
    let Some(db) = error.as_db_error() else {
        return EventStoreError::OutcomeUnknown(source);
    };
    if matches!(
        db.parsed_severity(),
        Some(Severity::Fatal | Severity::Panic)
    ) {
        return EventStoreError::OutcomeUnknown(source);
    }
    let passing = [
        SqlState::QUERY_CANCELED, // the statement time-out
        SqlState::T_R_DEADLOCK_DETECTED,
        SqlState::T_R_SERIALIZATION_FAILURE,
        SqlState::LOCK_NOT_AVAILABLE,
        SqlState::READ_ONLY_SQL_TRANSACTION, // a standby, after a failover
    ];
    // Class 53: out of disk, memory, connections.
    if passing.contains(db.code()) || db.code().code().starts_with("53") {
        EventStoreError::Unavailable(source)
    } else {
        EventStoreError::Refused(source)
    }
}
