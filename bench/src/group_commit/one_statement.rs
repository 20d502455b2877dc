use anyhow::Context;
use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod};
use domain::order::OrderEvent;
use event_store::CommandContext;
use tokio_postgres::NoTls;
use tokio_postgres::types::ToSql;

use super::order::{Life, Rows};

/// What group commit is compared with: each command has a statement of its own, as lean as it can
/// be for a single one, and a connection of its own out of sixteen.
#[derive(Clone)]
pub struct OneStatement(Pool);

impl OneStatement {
    pub fn new(url: &str) -> anyhow::Result<Self> {
        let recycling_method = RecyclingMethod::Fast;
        let manager = Manager::from_config(url.parse()?, NoTls, ManagerConfig { recycling_method });
        Ok(Self(Pool::builder(manager).max_size(16).build()?))
    }

    /// Returns whether the stream was at the version expected.
    pub async fn append(
        &self,
        stream: &str,
        expected: u64,
        life: &Life,
        context: &CommandContext,
    ) -> anyhow::Result<bool> {
        let events: &[OrderEvent] = &life.events;
        let rows = Rows::of(stream, expected, events, context)?;
        let (expected_db, version) = (expected as i64, (expected as usize + events.len()) as i64);
        let state = serde_json::to_string(&life.order)?;
        let metadata = serde_json::to_string(&context.metadata())?;
        let slot = event_store::slot(stream) as i16;
        let parameters: [&(dyn ToSql + Sync); 13] = [
            &stream,
            &expected_db,
            &version,
            &state,
            &metadata,
            &rows.versions,
            &rows.types,
            &rows.event_versions,
            &rows.payloads,
            &slot,
            &rows.ids,
            &rows.published,
            &rows.headers,
        ];
        let client = self.0.get().await.context("no connection")?;
        let statement = client.prepare_cached(&statement(expected == 0)).await?;
        match client.query_one(&statement, &parameters).await {
            Ok(row) => Ok(row.get::<_, i64>(0) == 1),
            Err(error) if error.code().is_some_and(|code| code.code() == "23505") => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

/// The state row goes first and admits the rest.
fn statement(new: bool) -> String {
    let head = if new {
        "INSERT INTO orders (id, version, state)
         SELECT $1, $3, $4::text::json WHERE $2::bigint = 0 RETURNING 1"
    } else {
        "UPDATE orders SET version = $3, state = $4::text::json, updated_at = now()
         WHERE id = $1 AND version = $2 RETURNING 1"
    };
    format!(
        "WITH head AS ({head}),
         appended AS (
             INSERT INTO events (aggregate_type, aggregate_id, sequence, event_type, event_version,
                                 payload, metadata)
             SELECT 'Order', $1, e.version, e.event_type, e.event_version, e.payload::json,
                    $5::text::json
             FROM head, unnest($6::bigint[], $7::text[], $8::text[], $9::text[])
                  AS e (version, event_type, event_version, payload)
             ORDER BY e.version
         ),
         queued AS (
             INSERT INTO outbox (id, aggregate_type, aggregate_id, event_type, payload, slot, topic,
                                 version, headers)
             SELECT o.id, 'Order', $1, o.event_type, o.payload::json, $10, 'order-events',
                    o.version, o.headers::json
             FROM head, unnest($6::bigint[], $7::text[], $11::uuid[], $12::text[], $13::text[])
                  AS o (version, event_type, id, payload, headers)
             ORDER BY o.version
         )
         SELECT count(*) FROM head"
    )
}
