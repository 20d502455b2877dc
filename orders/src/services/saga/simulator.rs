use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use payment_simulator::{ACCESS, DEFAULT_PORT, RULES, Simulator, SimulatorConfig, SimulatorError};
use runtime::config::{ListenArgs, Secret, duration};

use crate::process::Process;

#[derive(clap::Args)]
#[command(after_help = RULES)]
pub struct SimulatorArgs {
    #[command(flatten)]
    pub listen: ListenArgs,

    /// The file that is the provider's ledger
    #[arg(
        long,
        env = "PAYMENT_SIMULATOR_JOURNAL",
        default_value = "payment-simulator.journal",
        value_name = "PATH"
    )]
    pub journal: PathBuf,

    /// What calls must carry as their key
    #[arg(
        long,
        env = "PAYMENT_PROVIDER_KEY",
        hide_env_values = true,
        value_name = "KEY"
    )]
    pub key: Secret,

    /// Where webhooks are sent to
    #[arg(
        long,
        env = "PAYMENT_WEBHOOK_URL",
        default_value = "http://localhost:8086/webhooks/payments",
        value_name = "URL"
    )]
    pub webhook_url: String,

    /// What webhooks are signed with, separated by commas: `whsec_…`
    #[arg(
        long,
        env = "PAYMENT_WEBHOOK_SECRETS",
        hide_env_values = true,
        value_name = "SECRETS",
        value_delimiter = ',',
        required = true
    )]
    pub webhook_secrets: Vec<Secret>,

    /// How long after a payment was asked for it is authorised and captured
    #[arg(long, env = "PAYMENT_SIMULATOR_ANSWERS_AFTER", default_value = "0",
          value_name = "TIME", value_parser = duration)]
    pub answers_after: Duration,

    /// How much later those are captured that are captured late
    #[arg(long, env = "PAYMENT_SIMULATOR_LATE_BY", default_value = "5s", value_name = "TIME",
          value_parser = duration)]
    pub late_by: Duration,
}

pub async fn run(args: SimulatorArgs) -> anyhow::Result<()> {
    let mut process = Process::start("info", &args.listen.http)?;
    let addr = args.listen.addr(DEFAULT_PORT)?;
    start(&mut process, addr, &args).await?;
    process.finish().await
}

pub async fn start(
    process: &mut Process,
    addr: SocketAddr,
    args: &SimulatorArgs,
) -> anyhow::Result<()> {
    let config = SimulatorConfig {
        answers_after: args.answers_after,
        late_by: args.late_by,
        ..SimulatorConfig::new(
            &args.journal,
            args.key.clone(),
            &args.webhook_url,
            args.webhook_secrets.clone(),
        )
    };
    let simulator = Simulator::open(config, process.clock.clone(), process.ids.clone())?;
    let router = simulator.router();
    let stop = process.stop.clone();
    process.spawn("payment simulator", async move {
        simulator.run(stop).await?;
        Ok::<_, SimulatorError>(())
    });
    process
        .serve("payment-simulator", addr, router, ACCESS)
        .await
}
