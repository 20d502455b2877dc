use std::num::NonZeroU32;
use std::time::Duration;

use query_api::{Bounds, DEFAULT_PORT, Queries};
use read_models::ReadModelError;
use runtime::config::{ListenArgs, MongoArgs};
use runtime::http::{Limits, RateLimit, with_limits};

use crate::process::Process;

#[derive(clap::Args)]
pub struct QueryApiArgs {
    #[command(flatten)]
    pub listen: ListenArgs,
    #[command(flatten)]
    pub mongodb: MongoArgs,
    #[command(flatten)]
    pub queries: QueryArgs,
}

/// How much the queries' API takes on. The names are its own: where both APIs are one process, the
/// commands' limits are others.
#[derive(Clone, Copy, Debug, clap::Args)]
#[command(next_help_heading = "Queries")]
pub struct QueryArgs {
    /// Queries in hand at once, those that wait for a version among them; more are answered 503
    #[arg(
        long,
        env = "QUERY_MAX_CONCURRENT_REQUESTS",
        default_value = "2048",
        value_name = "NUMBER"
    )]
    query_max_concurrent_requests: NonZeroU32,

    /// Queries a second from one caller in the long run; more are answered 429 [default: any
    /// number]
    #[arg(long, env = "QUERY_RATE_LIMIT_PER_SECOND", value_name = "NUMBER")]
    query_rate_limit_per_second: Option<NonZeroU32>,

    /// Queries a caller that was quiet may send at once [default: those of one second]
    #[arg(
        long,
        env = "QUERY_RATE_LIMIT_BURST",
        value_name = "NUMBER",
        requires = "query_rate_limit_per_second"
    )]
    query_rate_limit_burst: Option<NonZeroU32>,

    /// Queries that may wait for a version at once; 0: none may
    #[arg(long, env = "QUERY_MAX_WAITING", default_value_t = Bounds::default().waiters as u32,
          value_name = "NUMBER")]
    query_max_waiting: u32,

    /// Event streams that may be open at once; 0: none may
    #[arg(long, env = "QUERY_MAX_STREAMS", default_value_t = Bounds::default().streams as u32,
          value_name = "NUMBER")]
    query_max_streams: u32,

    /// After so many seconds in which nothing has moved, a saga that has not ended is stuck
    #[arg(long, env = "SAGA_STUCK_AFTER", default_value_t = Bounds::default().stuck_after.as_secs() as u32,
          value_name = "SECONDS")]
    saga_stuck_after: u32,
}

impl QueryArgs {
    fn limits(&self) -> Limits {
        Limits {
            concurrent: self.query_max_concurrent_requests.get() as usize,
            rate: RateLimit::of(
                self.query_rate_limit_per_second,
                self.query_rate_limit_burst,
            ),
        }
    }

    fn bounds(&self) -> Bounds {
        Bounds {
            waiters: self.query_max_waiting as usize,
            streams: self.query_max_streams as usize,
            stuck_after: Duration::from_secs(self.saga_stuck_after.into()),
            ..Bounds::default()
        }
    }
}

pub async fn run(args: QueryApiArgs) -> anyhow::Result<()> {
    let mut process = Process::start("info", &args.listen.http)?;
    let addr = args.listen.addr(DEFAULT_PORT)?;
    start(&mut process, addr, &args.mongodb, &args.queries).await?;
    process.finish().await
}

pub async fn start(
    process: &mut Process,
    addr: std::net::SocketAddr,
    mongodb: &MongoArgs,
    args: &QueryArgs,
) -> anyhow::Result<()> {
    let database = process.read_database(mongodb).await?;
    let (clock, stop) = (process.clock.clone(), process.stop.clone());
    let queries = Queries::new(database, clock, args.bounds(), stop);
    let running = queries.clone().run();
    process.spawn("query-api, readers", async move {
        running.await;
        Ok::<_, ReadModelError>(())
    });
    let router = with_limits(query_api::router(queries), args.limits());
    process
        .serve("query-api", addr, router, query_api::ACCESS)
        .await
}
