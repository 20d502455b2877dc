use anyhow::Context;
use tokio_postgres::{Client, NoTls};

use crate::backend::Backend;

/// What the orders' own events say.
pub struct Ended(Client);

impl Ended {
    pub async fn new(backend: &Backend) -> anyhow::Result<Self> {
        let (client, connection) = tokio_postgres::connect(&backend.database_url, NoTls).await?;
        tokio::spawn(connection);
        Ok(Self(client))
    }

    /// How many orders are confirmed.
    pub async fn confirmed(&self) -> anyhow::Result<i64> {
        let sql = "SELECT count(*) FROM orders WHERE status = 'CONFIRMED'";
        Ok(self.0.query_one(sql, &[]).await?.get(0))
    }

    /// From the first event to the confirmation, of the newest so many orders: the median, and what
    /// one of a hundred exceeds, in milliseconds.
    pub async fn took(&self, newest: i64) -> anyhow::Result<[f64; 2]> {
        let sql = "WITH newest AS (SELECT id FROM orders ORDER BY created_at DESC LIMIT $1),
             took AS (
                 SELECT extract(epoch FROM max((metadata ->> 'occurredOn')::timestamptz)
                          - min((metadata ->> 'occurredOn')::timestamptz))::float8 * 1000 AS ms
                 FROM events JOIN newest ON aggregate_id = id
                 WHERE event_type IN ('OrderCreated', 'OrderConfirmed') GROUP BY aggregate_id)
             SELECT percentile_cont(ARRAY[0.5, 0.99]) WITHIN GROUP (ORDER BY ms) FROM took";
        let row = self.0.query_one(sql, &[&newest]).await?;
        let took: Vec<f64> = row.get(0);
        took.try_into().ok().context("two figures were asked for")
    }
}
