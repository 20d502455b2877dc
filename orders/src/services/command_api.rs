use std::time::Duration;

use command_api::{CommandApi, DEFAULT_PORT, Owner, Settings, delete_expired_keys};
use domain::saga::SagaFlow;
use event_store::CommandExecutor;
use event_store::dead_letters::DeadLetters;
use runtime::config::{KafkaArgs, LimitArgs, ListenArgs, PostgresArgs};
use runtime::http::with_limits;

use crate::dead_letters::schema;
use crate::process::{Process, database_of};

#[derive(clap::Args)]
pub struct CommandApiArgs {
    #[command(flatten)]
    pub listen: ListenArgs,
    #[command(flatten)]
    pub postgres: PostgresArgs,
    #[command(flatten)]
    pub kafka: KafkaArgs,
    #[command(flatten)]
    pub commands: CommandArgs,
    #[command(flatten)]
    pub limits: LimitArgs,
}

#[derive(Clone, Copy, Debug, clap::Args)]
#[command(next_help_heading = "Commands")]
pub struct CommandArgs {
    /// Refuse commands without an Idempotency-Key: they could not be sent again safely
    #[arg(long, env = "REQUIRE_IDEMPOTENCY_KEY", value_name = "BOOL", num_args = 0..=1,
          default_value_t = false, default_missing_value = "true")]
    pub require_idempotency_key: bool,

    /// How the sagas of new orders go: `stock-first`, or `payment-first`
    #[arg(long, env = "SAGA_FLOW", default_value = "stock-first", value_name = "FLOW",
          value_parser = saga_flow)]
    pub saga_flow: SagaFlow,
}

fn saga_flow(text: &str) -> Result<SagaFlow, String> {
    SagaFlow::from_name(text).ok_or_else(|| {
        let names = SagaFlow::ALL.map(SagaFlow::as_str).join(" nor ");
        format!("is neither {names}")
    })
}

/// To a participant's schema: people look at its desk, now and then.
const DESK_CONNECTIONS: u32 = 2;
/// Not while everything starts.
pub const FIRST_CLEAN_UP: Duration = Duration::from_secs(60);

pub async fn run(args: CommandApiArgs) -> anyhow::Result<()> {
    let mut process = Process::start("info", &args.listen.http)?;
    let addr = args.listen.addr(DEFAULT_PORT)?;
    start(
        &mut process,
        addr,
        &args.postgres,
        &args.kafka,
        &args.commands,
        &args.limits,
    )
    .await?;
    process.finish().await
}

pub async fn start(
    process: &mut Process,
    addr: std::net::SocketAddr,
    postgres: &PostgresArgs,
    kafka: &KafkaArgs,
    commands: &CommandArgs,
    limits: &LimitArgs,
) -> anyhow::Result<()> {
    let store = process.event_store(postgres, kafka)?;
    let (stop, appending) = (process.stop.clone(), store.clone());
    process.spawn("appending", async move {
        stop.cancelled().await;
        // Also the commands whose callers have hung up.
        appending.drained().await;
        Ok::<_, std::convert::Infallible>(())
    });
    let keys = store.idempotency_keys();
    let (expired, stop) = (keys.clone(), process.stop.clone());
    process.spawn("idempotency keys", async move {
        delete_expired_keys(expired, FIRST_CLEAN_UP, stop).await;
        Ok::<_, std::convert::Infallible>(())
    });
    let executor = CommandExecutor::new(store, ());
    let dead_letters = DeadLetters::new(process.database(postgres)?);
    let mut api = CommandApi::new(
        executor,
        keys,
        dead_letters,
        process.clock.clone(),
        process.ids.clone(),
        Settings {
            require_idempotency_key: commands.require_idempotency_key,
            saga_flow: commands.saga_flow,
            ..Settings::default()
        },
    );
    for owner in Owner::ALL {
        if let Some(schema) = schema(owner) {
            let mut few = postgres.clone();
            few.database_connections = DESK_CONNECTIONS;
            api = api.with_desk(owner, &database_of(&few, Some(schema))?);
        }
    }
    let router = with_limits(command_api::router(api), limits.limits());
    process
        .serve("command-api", addr, router, command_api::ACCESS)
        .await
}
