use std::sync::Arc;
use std::time::Duration;

use domain::order::Order;
use event_store::{Append, CommandContext, EventStore, EventStoreError};
use hdrhistogram::Histogram;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::one_statement::OneStatement;
use super::order::{Life, context, new_id};

/// Before it counts: connections are made, statements prepared.
const WARM_UP: Duration = Duration::from_millis(500);

#[derive(Clone, Copy)]
pub struct Load {
    pub callers: usize,
    /// Of each command.
    pub events: usize,
    /// How many commands of a hundred come too late for their version.
    pub conflicts: usize,
    pub lasting: Duration,
}

/// How commands are written.
#[derive(Clone)]
pub enum Writing {
    OneStatement(OneStatement),
    GroupCommit,
}

impl Writing {
    /// A stream that is no longer at the version expected is an answer like another.
    async fn append(
        &self,
        store: &EventStore<Order>,
        stream: &str,
        expected: u64,
        life: &Life,
        context: &CommandContext,
    ) -> anyhow::Result<()> {
        if let Self::OneStatement(statement) = self {
            statement.append(stream, expected, life, context).await?;
            return Ok(());
        }
        let decision = Append {
            stream,
            expected_version: expected,
            events: &life.events,
            state: &life.order,
            context,
            idempotency: None,
        };
        match store.append(&decision).await {
            Ok(_) | Err(EventStoreError::Conflict { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

/// What several runs came to.
pub struct Reached {
    took: Histogram<u64>,
    lasted: Duration,
    /// That went through shared statements, and those statements.
    commands: f64,
    statements: f64,
}

impl Reached {
    pub fn new() -> anyhow::Result<Self> {
        Ok(Self {
            took: Histogram::new(3)?,
            lasted: Duration::ZERO,
            commands: 0.0,
            statements: 0.0,
        })
    }

    /// Commands answered, those that met a conflict among them.
    pub fn per_second(&self) -> f64 {
        self.took.len() as f64 / self.lasted.as_secs_f64()
    }

    pub fn ms(&self, quantile: f64) -> f64 {
        self.took.value_at_quantile(quantile) as f64 / 1000.0
    }

    pub fn commands_a_statement(&self) -> f64 {
        self.commands / self.statements
    }
}

/// Each caller sends its next command when the one before is answered: it reads the stream, then
/// appends.
pub async fn run(
    store: &EventStore<Order>,
    writing: &Writing,
    load: Load,
    metrics: &PrometheusHandle,
    reached: &mut Reached,
) -> anyhow::Result<()> {
    let life = Arc::new(Life::of(load.events)?);
    let start = Instant::now() + WARM_UP;
    let before = statements(metrics);
    let mut callers = JoinSet::new();
    for number in 0..load.callers {
        callers.spawn(call(
            store.clone(),
            writing.clone(),
            life.clone(),
            load,
            number,
            start,
        ));
    }
    while let Some(ended) = callers.join_next().await {
        reached.took.add(ended??)?;
    }
    let after = statements(metrics);
    reached.lasted += load.lasting;
    reached.commands += after.0 - before.0;
    reached.statements += after.1 - before.1;
    Ok(())
}

async fn call(
    store: EventStore<Order>,
    writing: Writing,
    life: Arc<Life>,
    load: Load,
    caller: usize,
    start: Instant,
) -> anyhow::Result<Histogram<u64>> {
    let mut took = Histogram::new(3)?;
    let mut id = new_id();
    // Spread evenly, and over the callers.
    let mut late = caller * 37 % 100;
    loop {
        let begun = Instant::now();
        if begun >= start + load.lasting {
            return Ok(took);
        }
        late += load.conflicts;
        let too_late = late >= 100;
        late %= 100;
        if !too_late {
            id = new_id();
        }
        let read = store.stream(&id).await?.len() as u64;
        // Somebody else's command came in between.
        let expected = read - u64::from(too_late && read > 0);
        writing
            .append(&store, &id, expected, &life, &context())
            .await?;
        if begun >= start {
            took.record(begun.elapsed().as_micros() as u64)?;
        }
    }
}

/// Commands that went through shared statements so far, and those statements.
fn statements(metrics: &PrometheusHandle) -> (f64, f64) {
    let text = metrics.render();
    let value = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|value| value.trim().parse().ok())
            .unwrap_or(0.0)
    };
    let name = "append_statement_size";
    (
        value(&format!("{name}_sum ")),
        value(&format!("{name}_count ")),
    )
}
