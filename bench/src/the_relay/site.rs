use anyhow::Context;
use event_store::{Database, DatabaseConfig};
use messaging::{Kafka, TopicSpec};
use tokio_postgres::{Client, NoTls, Statement};
use uuid::Uuid;

use super::rows::Row;

/// Servers of this run's own, a migrated database, and rows set aside to become a backlog at once.
pub struct Site {
    pub url: String,
    pub brokers: String,
    pub psql: Client,
    _postgres: devstack::Postgres,
    _kafka: devstack::Kafka,
}

pub const DEAD_LETTER_TOPIC: &str = "order-events-dlq";

impl Site {
    pub async fn start() -> anyhow::Result<Self> {
        let postgres = devstack::private_postgres().await?;
        let kafka = devstack::private_kafka().await?;
        let url = postgres.create_database("bench").await?;
        let database = Database::new(&DatabaseConfig {
            url: url.clone(),
            schema: None,
            connections: 1,
        })?;
        database.migrate().await?;
        let (psql, connection) = tokio_postgres::connect(&url, NoTls).await?;
        tokio::spawn(connection);
        psql.batch_execute(
            "SET enable_seqscan = off;
             CREATE UNLOGGED TABLE staged (id uuid, key text, payload text, headers text,
                                           slot smallint)",
        )
        .await?;
        let site = Self {
            url,
            brokers: kafka.brokers().to_owned(),
            psql,
            _postgres: postgres,
            _kafka: kafka,
        };
        site.topic(DEAD_LETTER_TOPIC).await?;
        Ok(site)
    }

    /// Makes a topic as the backend has it.
    pub async fn topic(&self, name: &str) -> anyhow::Result<()> {
        let topic = TopicSpec {
            name: name.to_owned(),
            partitions: 8,
            replication: 1,
        };
        Kafka::new(&self.brokers)
            .ensure_topic(&topic)
            .await
            .with_context(|| format!("topic {name}"))
    }

    /// Sets rows aside.
    pub async fn stage(&self, rows: Vec<Row>) -> anyhow::Result<()> {
        let sql = format!("INSERT INTO staged {FROM_ARRAYS}");
        for some in rows.chunks(5000) {
            let columns = Columns::of(some)?;
            self.psql.execute(&sql, &columns.parameters()).await?;
        }
        Ok(())
    }

    pub async fn clear_staged(&self) -> anyhow::Result<()> {
        Ok(self.psql.batch_execute("TRUNCATE staged").await?)
    }

    /// Puts everything that was set aside into the outbox in one transaction, and returns how much
    /// it was. The planner knows of it and the kernel has written it, as it would have rows that
    /// piled up during an outage: else draining would be measured beside the writing of them.
    pub async fn release(&self, topic: &str) -> anyhow::Result<u64> {
        let sql = format!("BEGIN; {}; ANALYZE outbox", into_outbox("staged", topic));
        self.psql.batch_execute(&sql).await?;
        let counted = self.psql.query_one("SELECT count(*) FROM staged", &[]);
        let rows = counted.await?.get::<_, i64>(0) as u64;
        tokio::task::block_in_place(rustix::fs::sync);
        self.psql.batch_execute("COMMIT").await?;
        Ok(rows)
    }

    /// Appends rows to the outbox in a transaction of their own.
    pub async fn append(&self, rows: &[Row], topic: &str) -> anyhow::Result<()> {
        let statement = self.append_statement(topic).await?;
        self.append_with(&statement, rows).await
    }

    pub async fn append_statement(&self, topic: &str) -> anyhow::Result<Statement> {
        let sql = into_outbox(&format!("({FROM_ARRAYS}) AS new"), topic);
        Ok(self.psql.prepare(&sql).await?)
    }

    pub async fn append_with(&self, statement: &Statement, rows: &[Row]) -> anyhow::Result<()> {
        let columns = Columns::of(rows)?;
        self.psql.execute(statement, &columns.parameters()).await?;
        Ok(())
    }

    /// How many slots each relay holds.
    pub async fn shares(&self) -> anyhow::Result<Vec<i64>> {
        let sql = "SELECT count(*) FROM relay_slots WHERE leased_until > now() GROUP BY relay";
        let rows = self.psql.query(sql, &[]).await?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }

    /// The slot and position of the first pending row from `from` on: all looks at one backlog
    /// together walk its index once.
    pub async fn first_pending(&self, from: (i16, i64)) -> anyhow::Result<Option<(i16, i64)>> {
        let sql = "SELECT slot, position FROM outbox
                   WHERE status = 'PENDING' AND (slot, position) >= ($1, $2)
                   ORDER BY slot, position LIMIT 1";
        let row = self.psql.query_opt(sql, &[&from.0, &from.1]).await?;
        Ok(row.map(|row| (row.get(0), row.get(1))))
    }
}

const FROM_ARRAYS: &str = "SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[],
                                                $5::smallint[]) AS r (id, key, payload, headers, slot)";

fn into_outbox(rows: &str, topic: &str) -> String {
    format!(
        "INSERT INTO outbox (id, aggregate_type, aggregate_id, event_type, payload, slot, topic,
                             version, headers)
         SELECT id, 'Order', key, 'OrderCreated', payload::json, slot, '{topic}', 1, headers::json
         FROM {rows}"
    )
}

struct Columns<'a> {
    ids: Vec<Uuid>,
    keys: Vec<&'a str>,
    payloads: Vec<&'a str>,
    headers: Vec<String>,
    slots: Vec<i16>,
}

impl<'a> Columns<'a> {
    fn of(rows: &'a [Row]) -> anyhow::Result<Self> {
        let headers: Result<_, _> = rows.iter().map(Row::headers_json).collect();
        Ok(Self {
            ids: rows.iter().map(|row| row.id).collect(),
            keys: rows.iter().map(|row| row.key.as_str()).collect(),
            payloads: rows.iter().map(|row| row.payload.as_str()).collect(),
            headers: headers?,
            slots: rows.iter().map(|row| row.slot).collect(),
        })
    }

    fn parameters(&self) -> [&(dyn tokio_postgres::types::ToSql + Sync); 5] {
        [
            &self.ids,
            &self.keys,
            &self.payloads,
            &self.headers,
            &self.slots,
        ]
    }
}
