use super::callers::{Load, Reached};
use super::pgbench::Inserted;

/// What is meant to be reached on two cores. It is shown and never enforced: machines differ.
const FASTER_AT_64: f64 = 2.0;
const FASTER_AT_256: f64 = 2.5;
const AS_FAST_ALONE: f64 = 0.9;

/// The table, printed line by line as it is measured.
#[derive(Default)]
pub struct Report {
    rows: Vec<Row>,
}

pub struct Row {
    pub load: Load,
    pub alone: Reached,
    pub grouped: Reached,
    /// Its best.
    pub pgbench: f64,
}

impl Row {
    pub fn new(load: Load, pgbench: f64) -> anyhow::Result<Self> {
        Ok(Self {
            load,
            alone: Reached::new()?,
            grouped: Reached::new()?,
            pgbench,
        })
    }

    fn faster(&self) -> f64 {
        self.grouped.per_second() / self.alone.per_second()
    }

    fn name(&self) -> String {
        let Load {
            events,
            conflicts,
            callers,
            ..
        } = self.load;
        format!("{events} events, {conflicts} % conflicts, {callers} callers")
    }
}

impl Report {
    pub fn begin() -> Self {
        println!("                             one a statement         group commit");
        println!(
            "events conflicts callers    per s  p50 ms  p99 ms    per s  p50 ms  p99 ms  times  a statement"
        );
        Self::default()
    }

    /// Returns transactions a second.
    pub fn pgbench(&self, events: usize, clients: usize, runs: &[Inserted]) -> f64 {
        let mean =
            |figure: fn(&Inserted) -> f64| runs.iter().map(figure).sum::<f64>() / runs.len() as f64;
        let per_second = mean(|run| run.per_second);
        println!(
            "{events:>6} {:>9} {clients:>7} {per_second:>8.0}  {:>6.2} mean  (pgbench -M prepared: nothing read, nothing checked)",
            "-",
            mean(|run| run.mean_ms)
        );
        per_second
    }

    pub fn row(&mut self, row: Row) {
        let Load {
            events,
            conflicts,
            callers,
            ..
        } = row.load;
        let cells = |r: &Reached| {
            format!(
                "{:>8.0}  {:>6.2}  {:>6.2}",
                r.per_second(),
                r.ms(0.5),
                r.ms(0.99)
            )
        };
        println!(
            "{events:>6} {conflicts:>7} % {callers:>7} {} {}  {:>5.2}  {:>11.1}",
            cells(&row.alone),
            cells(&row.grouped),
            row.faster(),
            row.grouped.commands_a_statement()
        );
        self.rows.push(row);
    }

    /// What fell short of a bar, and what did not.
    pub fn end(&self) {
        println!();
        for row in &self.rows {
            let callers = row.load.callers;
            let bar = match callers {
                1 => Some(AS_FAST_ALONE),
                64 => Some(FASTER_AT_64),
                256 => Some(FASTER_AT_256),
                _ => None,
            };
            if let Some(bar) = bar {
                let what = format!("{:.2} times one a statement, of {bar}", row.faster());
                verdict(row, &what, row.faster() >= bar);
            }
            if callers >= 64 {
                let times = row.grouped.per_second() / row.pgbench;
                let what = format!("{times:.2} times pgbench at its best, of 1");
                verdict(row, &what, times > 1.0);
            }
            let (grouped, alone) = (row.grouped.ms(0.99), row.alone.ms(0.99));
            let what = format!("p99 {grouped:.2} ms, of {alone:.2}");
            verdict(row, &what, grouped <= alone);
        }
    }
}

fn verdict(row: &Row, what: &str, reached: bool) {
    let word = if reached { "reached" } else { "missed" };
    println!("{word:<8} {}: {what}", row.name());
}
