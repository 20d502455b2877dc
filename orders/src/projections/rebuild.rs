use std::num::NonZeroUsize;
use std::sync::Arc;

use anyhow::bail;
use domain::order::Order;
use event_store::dead_letters::DeadLetters;
use event_store::replay::{ReplayLog, Selection};
use event_store::{Doorbell, EventStore, Outbox};
use indicatif::{ProgressBar, ProgressStyle};
use projector::{Progress, Rebuild, Rebuilt, Site, Switching};
use runtime::SystemClock;
use runtime::config::PostgresArgs;
use runtime::health::Health;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::compare;
use super::site::{ProjectionArgs, SiteArgs, owner};
use crate::process::database;

/// What an interrupted one has done stays done: the same command goes on there.
#[derive(clap::Args)]
pub struct RebuildArgs {
    #[command(flatten)]
    what: ProjectionArgs,

    /// Leave the generation that answers now
    #[arg(long, conflicts_with = "accept_differences")]
    no_switch: bool,

    /// Switch also where the new generation differs from the one that answers now
    #[arg(long)]
    accept_differences: bool,

    /// How many ranges of orders to read and write at the same time
    #[arg(long, value_name = "N", default_value = "4")]
    at_once: NonZeroUsize,

    #[command(flatten)]
    site: SiteArgs,
    #[command(flatten)]
    postgres: PostgresArgs,
}

/// Fails, after the report, where differences keep it from being switched to.
pub async fn run(args: RebuildArgs) -> anyhow::Result<()> {
    let site = &args.site;
    let store_database = database(&args.postgres)?;
    let topics = site.topics();
    let orders = &topics.orders.name;
    let store = EventStore::<Order>::new(store_database.clone(), orders, Doorbell::default());
    let everything = Selection::default();
    let events = ReplayLog::of(&store).count(&everything, ("", 0)).await?;
    let bar = match events {
        Some(rows) => ProgressBar::new(rows),
        None => ProgressBar::no_length(),
    };
    let filling = "{wide_bar} {pos}/{len} events  {per_sec}  ETA {eta}";
    bar.set_style(ProgressStyle::with_template(filling)?);
    let rebuild = Rebuild {
        projection: args.what.projection,
        site: Site {
            kafka: site.kafka(),
            topics,
            instance: None,
            database: site.database().await?,
            store,
            dead_letters: DeadLetters::new(store_database.clone()),
            outbox: Outbox::new(store_database),
            clock: Arc::new(SystemClock),
            health: Health::default(),
            stop: CancellationToken::new(),
        },
        owner: owner(),
        at_once: args.at_once.get(),
        switching: match (args.no_switch, args.accept_differences) {
            (true, _) => Switching::Never,
            (false, true) => Switching::Always,
            (false, false) => Switching::IfEqual,
        },
    };
    let shown = bar.clone();
    let spinner = ProgressStyle::with_template("{spinner} {msg}")?;
    let rebuilt = rebuild.run(Arc::new(move |progress| match progress {
        Progress::Begun {
            number,
            resumed,
            done,
        } => {
            shown.set_position(done);
            if resumed {
                eprintln!("going on with generation {number}, {done} events read before");
            }
        }
        Progress::Filled { events } => shown.inc(events),
        Progress::CatchingUp { behind } => {
            shown.set_style(spinner.clone());
            shown.set_message(format!("catching up: {behind} records behind"));
        }
        Progress::Comparing { documents } => {
            shown.set_style(spinner.clone());
            shown.set_message(format!("comparing: {documents} documents"));
        }
    }));
    let rebuilt = rebuilt.await;
    bar.finish_and_clear();
    let rebuilt = rebuilt?;
    let projection = args.what.projection.name();
    let value = json!({
        "projection": projection, "number": rebuilt.generation.number,
        "collection": rebuilt.generation.collection, "events": rebuilt.events,
        "held": rebuilt.held, "switched": rebuilt.switched, "followed": rebuilt.followed,
        "comparison": rebuilt.comparison,
    });
    site.print(&value, &text(&rebuilt))?;
    let number = rebuilt.generation.number;
    if !args.no_switch && !rebuilt.switched {
        bail!(
            "generation {number} differs from the live one and is not switched to: \
             `orders projections switch {projection} {number}` does it all the same"
        );
    }
    Ok(())
}

fn text(rebuilt: &Rebuilt) -> String {
    let number = rebuilt.generation.number;
    let mut lines = vec![format!(
        "Generation {number} is filled from {} events.",
        rebuilt.events
    )];
    if rebuilt.held > 0 {
        lines.push(format!(
            "{} orders are held back, for their events cannot all be applied: see `orders \
             dead-letters list`.",
            rebuilt.held
        ));
    }
    lines.extend(rebuilt.comparison.as_ref().map(compare::text));
    if rebuilt.switched {
        lines.push(format!("It answers queries now: generation {number}."));
    }
    if !rebuilt.followed {
        lines.push("No projector follows it: it stays as it is until one does.".to_owned());
    }
    lines.join("\n")
}
