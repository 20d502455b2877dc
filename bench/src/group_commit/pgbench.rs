use std::io::Write;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::process::Command;

use super::order::{Life, Rows, context, new_id};

pub struct Inserted {
    pub per_second: f64,
    pub mean_ms: f64,
}

/// Transactions of pgbench, each with the inserts of one new order in one statement, over prepared
/// statements: nothing is read, nothing checked, and the values are part of the statement.
pub async fn run(
    url: &str,
    events: usize,
    clients: usize,
    lasting: Duration,
) -> anyhow::Result<Inserted> {
    let mut script = tempfile::NamedTempFile::new()?;
    writeln!(
        script,
        "\\set n random(1, 9000000000000000)\n{};",
        inserts(events)?
    )?;
    let output = Command::new("pgbench")
        .args([
            "-n",
            "-M",
            "prepared",
            "-c",
            &clients.to_string(),
            "-j",
            "2",
        ])
        .args(["-T", &lasting.as_secs().to_string(), "-f"])
        .arg(script.path())
        .arg(url)
        .stdin(Stdio::null())
        .output()
        .await
        .context("pgbench, which comes with PostgreSQL, cannot be run")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let figure = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse::<f64>().ok()
    };
    let (Some(per_second), Some(mean_ms)) = (figure("tps = "), figure("latency average = ")) else {
        bail!("pgbench: {}", String::from_utf8_lossy(&output.stderr));
    };
    Ok(Inserted {
        per_second,
        mean_ms,
    })
}

fn inserts(events: usize) -> anyhow::Result<String> {
    let life = Life::of(events)?;
    let (id, context) = (new_id(), context());
    let rows = Rows::of(&id, 0, &life.events, &context)?;
    let metadata = literal(&serde_json::to_string(&context.metadata())?);
    let (mut stored, mut queued) = (Vec::new(), Vec::new());
    for (i, event_type) in rows.types.iter().enumerate() {
        let version = rows.versions[i];
        stored.push(format!(
            "('Order', (:n)::text, {version}, '{event_type}', '{}', {}, {metadata})",
            rows.event_versions[i],
            literal(&rows.payloads[i]),
        ));
        queued.push(format!(
            "(gen_random_uuid(), 'Order', (:n)::text, '{event_type}', {}, {}, 'order-events',
              {version}, {})",
            literal(&rows.published[i]),
            event_store::slot(&id),
            literal(&rows.headers[i]),
        ));
    }
    Ok(format!(
        "WITH head AS (INSERT INTO orders (id, version, state) VALUES ((:n)::text, {events}, {})),
              appended AS (INSERT INTO events (aggregate_type, aggregate_id, sequence, event_type,
                                               event_version, payload, metadata) VALUES {}),
              queued AS (INSERT INTO outbox (id, aggregate_type, aggregate_id, event_type, payload,
                                             slot, topic, version, headers) VALUES {})
         SELECT 1",
        literal(&serde_json::to_string(&life.order)?),
        stored.join(", "),
        queued.join(", ")
    )
    .replace('\n', " "))
}

/// JSON without a colon, which pgbench would take for the beginning of a variable.
fn literal(json: &str) -> String {
    format!("(U&'{}' UESCAPE '!')::json", json.replace(':', "!003a"))
}
