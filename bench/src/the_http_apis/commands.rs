use event_store::{Database, DatabaseConfig};
use http::{Method, StatusCode};
use hyper::body::Bytes;
use tokio_postgres::{Client, NoTls};

use super::client::{Asking, ask};
use super::closed_loop::Load;
use super::measured::Measured;
use super::{CONNECTIONS, mean_rate, orders, projected};
use crate::backend::Backend;
use crate::group_commit::pgbench;
use crate::the_relay::report::{Bar, Report};

const PGBENCH_CLIENTS: usize = 32;
/// With the most connections.
const OF_PGBENCH: Bar = Bar::AtLeast(100.0);

/// Returns the paths of orders that were created, once they can all be read.
pub async fn measure(
    backend: &Backend,
    load: Load,
    report: &mut Report,
) -> anyhow::Result<Vec<String>> {
    let inserts = Inserts::prepare(backend).await?;
    let before = inserts.per_second(load).await?;
    let mut reached = Vec::new();
    let alone = backend.commands_alone().await?;
    for connections in CONNECTIONS {
        inserts.checkpoint().await?;
        let (creates, created) = ask(creating(backend)?, connections, load).await?;

        inserts.checkpoint().await?;
        let asking = confirming(backend, created);
        let (confirms, _) = ask(asking, connections, load).await?;

        reached.push((connections, creates, confirms));
    }
    drop(alone);
    let inserted = mean_rate(before, inserts.per_second(load).await?);

    // A backlog that was made without them is not theirs to work off beside what is measured.
    empty(&backend.database_url).await?;
    let _everything = backend.all().await?;
    let most = CONNECTIONS[1];
    let (at_work, created) = ask(creating(backend)?, most, load).await?;
    projected::wait(backend, at_work.calls).await?;

    report.add(
        &format!("pgbench -M prepared, {PGBENCH_CLIENTS} clients"),
        inserted,
        "/s",
    );
    let of_pgbench = |creates: &Measured| 100.0 * creates.per_second() / inserted;
    for (connections, creates, confirms) in reached {
        creates.show(&format!("creates, {connections} connections"), report);
        let bar = (connections == most).then_some(OF_PGBENCH);
        report.add_with("  of pgbench", of_pgbench(&creates), "%", bar);
        confirms.show(&format!("confirms, {connections} connections"), report);
    }
    at_work.show(&format!("creates, {most} connections, all at work"), report);
    report.add("  of pgbench", of_pgbench(&at_work), "%");
    Ok(created)
}

fn creating(backend: &Backend) -> anyhow::Result<Asking> {
    let bodies = orders::bodies()?;
    Ok(Asking {
        at: backend.commands,
        method: Method::POST,
        request: Box::new(move |number| {
            let body = bodies[number % bodies.len()].clone();
            Some(("/api/orders".to_owned(), body))
        }),
        answer: StatusCode::CREATED,
    })
}

/// Each order once.
fn confirming(backend: &Backend, created: Vec<String>) -> Asking {
    let body = Bytes::from_static(br#"{"paymentId":"payment-1"}"#);
    Asking {
        at: backend.commands,
        method: Method::POST,
        request: Box::new(move |number| {
            let order = created.get(number)?;
            Some((format!("{order}/confirm"), body.clone()))
        }),
        answer: StatusCode::OK,
    }
}

/// pgbench's database, on the server of the backend.
struct Inserts {
    url: String,
    psql: Client,
}

impl Inserts {
    async fn prepare(backend: &Backend) -> anyhow::Result<Self> {
        let url = backend.postgres.create_database("inserts").await?;
        let database = Database::new(&DatabaseConfig {
            url: url.clone(),
            schema: None,
            connections: 1,
        })?;
        database.migrate().await?;
        let psql = client(&url).await?;
        Ok(Self { url, psql })
    }

    /// Of one order each, the transactions that pgbench reaches.
    async fn per_second(&self, load: Load) -> anyhow::Result<f64> {
        empty(&self.url).await?;
        self.checkpoint().await?;
        let inserted = pgbench::run(&self.url, 1, PGBENCH_CLIENTS, load.lasting).await?;
        Ok(inserted.per_second)
    }

    /// Every figure starts from the same.
    async fn checkpoint(&self) -> anyhow::Result<()> {
        Ok(self.psql.batch_execute("CHECKPOINT").await?)
    }
}

async fn client(url: &str) -> anyhow::Result<Client> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

/// As if nothing had ever been appended.
async fn empty(url: &str) -> anyhow::Result<()> {
    let client = client(url).await?;
    Ok(client
        .batch_execute("TRUNCATE events, outbox, orders")
        .await?)
}
