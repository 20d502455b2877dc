use std::time::Duration;

use crate::held::SlotLease;
use crate::{Database, EventStoreError, SLOTS};

/// Which relay works on which slot, as one relay sees and changes it. All times are Postgres's.
#[derive(Clone)]
pub struct SlotLeases {
    database: Database,
    relay: String,
    /// How long a lease lasts unless it is renewed, in seconds.
    lease: f64,
}

/// What a renewal found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Renewed {
    /// What this relay holds, each for the whole of a lease from before the renewal was sent.
    pub held: Vec<SlotLease>,
    /// How many slots each of the living relays is entitled to: their number divided, rounded up.
    pub share: usize,
}

impl SlotLeases {
    /// `relay` is a name that no other relay has, and this one has once in its life.
    pub fn new(database: Database, relay: impl Into<String>, lease: Duration) -> Self {
        Self {
            database,
            relay: relay.into(),
            lease: lease.as_secs_f64(),
        }
    }

    /// Says that this relay lives, and prolongs what it holds. A lease that has ended and was
    /// taken by nobody is prolonged like any other.
    pub async fn renew(&self) -> Result<Renewed, EventStoreError> {
        let sql = "WITH alive AS (
                 INSERT INTO relays (relay, alive_until)
                 VALUES ($1, clock_timestamp() + $2 * interval '1 s')
                 ON CONFLICT (relay) DO UPDATE SET alive_until = excluded.alive_until
             ),
             gone AS (
                 DELETE FROM relays
                 WHERE alive_until < clock_timestamp() - interval '1 min' AND relay <> $1
             ),
             held AS (
                 UPDATE relay_slots SET leased_until = clock_timestamp() + $2 * interval '1 s'
                 WHERE relay = $1 RETURNING slot, epoch
             ),
             others AS (
                 SELECT count(*) AS n FROM relays
                 WHERE relay <> $1 AND alive_until > clock_timestamp()
             )
             SELECT others.n, held.slot, held.epoch FROM others LEFT JOIN held ON true
             ORDER BY held.slot";
        let rows = self
            .database
            .query(sql, &[&self.relay, &self.lease])
            .await?;
        let others = rows.first().map_or(0, |row| row.get::<_, i64>(0)) as usize;
        let held = rows.iter().filter_map(|row| {
            Some(SlotLease {
                slot: row.get::<_, Option<i16>>(1)?,
                epoch: row.get(2),
            })
        });
        Ok(Renewed {
            held: held.collect(),
            share: usize::from(SLOTS).div_ceil(others + 1),
        })
    }

    /// Takes up to `most` slots that nobody holds, or whose lease has ended.
    pub async fn take(&self, most: usize) -> Result<Vec<SlotLease>, EventStoreError> {
        let sql = "UPDATE relay_slots SET relay = $1, epoch = epoch + 1,
                 leased_until = clock_timestamp() + $2 * interval '1 s'
             WHERE slot IN (
                 SELECT slot FROM relay_slots
                 WHERE relay IS NULL OR leased_until <= clock_timestamp()
                 ORDER BY slot LIMIT $3 FOR UPDATE SKIP LOCKED
             )
             RETURNING slot, epoch";
        let most = most as i64;
        let rows = self
            .database
            .query(sql, &[&self.relay, &self.lease, &most])
            .await?;
        let lease = |row: &tokio_postgres::Row| SlotLease {
            slot: row.get(0),
            epoch: row.get(1),
        };
        Ok(rows.iter().map(lease).collect())
    }

    /// Gives slots back, for others to take at once.
    pub async fn release(&self, slots: &[i16]) -> Result<(), EventStoreError> {
        let sql = "UPDATE relay_slots SET relay = NULL, leased_until = '-infinity'
             WHERE relay = $1 AND slot = ANY ($2)";
        self.database.execute(sql, &[&self.relay, &slots]).await?;
        Ok(())
    }

    /// Gives everything back, for good.
    pub async fn leave(&self) -> Result<(), EventStoreError> {
        let sql = "WITH gone AS (DELETE FROM relays WHERE relay = $1)
             UPDATE relay_slots SET relay = NULL, leased_until = '-infinity' WHERE relay = $1";
        self.database.execute(sql, &[&self.relay]).await?;
        Ok(())
    }
}
