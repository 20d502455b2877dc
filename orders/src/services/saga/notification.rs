use std::sync::Arc;

use axum::Router;
use domain::notification::Notification;
use event_store::EventStore;
use participants::errands::{Errands, errands_queue};
use participants::notification::mail::{MailArgs, Sender};
use participants::notification::smtp::{Mailer, SmtpArgs};
use participants::notification::{NotificationRules, SCHEMA, Telling};
use participants::{Changed, OneStream, ParticipantError, Source};
use runtime::config::{KafkaArgs, ListenArgs, OutboxArgs, PostgresArgs};

use super::home::Home;
use super::{MemberArgs, Part, take_part};
use crate::process::Process;

/// Where a notifier that runs alone shows its health and metrics.
const DEFAULT_PORT: u16 = 8091;

#[derive(clap::Args)]
pub struct NotificationArgs {
    #[command(flatten)]
    pub listen: ListenArgs,
    #[command(flatten)]
    pub postgres: PostgresArgs,
    #[command(flatten)]
    pub kafka: KafkaArgs,
    #[command(flatten)]
    pub member: MemberArgs,
    #[command(flatten)]
    pub outbox: OutboxArgs,
    #[command(flatten)]
    pub mail: MailArgs,
    #[command(flatten)]
    pub smtp: SmtpArgs,
}

pub async fn run(args: NotificationArgs) -> anyhow::Result<()> {
    let mut process = Process::start("info", &args.listen.http)?;
    let addr = args.listen.addr(DEFAULT_PORT)?;
    start(&mut process, &args)?;
    process
        .serve("notification", addr, Router::new(), &[])
        .await?;
    process.finish().await
}

pub fn start(process: &mut Process, args: &NotificationArgs) -> anyhow::Result<()> {
    let kafka = &args.kafka;
    let saga = &kafka.sagas;
    let topic = &saga.notification_events_topic;
    let home = Home::new(process, SCHEMA, topic, &args.postgres, kafka, &args.outbox)?;
    let (database, health) = (&home.database, &home.health);
    let store = || EventStore::new(database.clone(), topic, home.doorbell.clone());
    let (tell, told) = errands_queue();
    let part = Part {
        database,
        doorbell: &home.doorbell,
        health: health.clone(),
        kafka,
        member: &args.member,
        sources: &[(Source::Orders, &kafka.order_events_topic)],
    };
    take_part(process, &part, || {
        let tell = tell.clone();
        let written = move |changed: Changed<'_, Notification>| {
            if !changed.aggregate.due().is_empty() {
                tell.of(changed.id);
            }
        };
        OneStream::<NotificationRules>::new(store(), topic, written)
    })?;

    let mailer = Arc::new(Mailer::new(&args.smtp)?);
    let probed = mailer.clone();
    process.watch("mail server", move || {
        let mailer = probed.clone();
        async move { mailer.probe().await }
    });
    let telling = Telling::new(
        store(),
        Sender::new(&args.mail, process.clock.clone()),
        mailer,
        process.clock.clone(),
        process.ids.clone(),
    );
    let at_once = usize::from(args.smtp.smtp_connections);
    let errands = Errands::new(telling, store(), database, topic, told);
    let (check, stop) = (health.check("errands"), process.stop.clone());
    process.spawn("notification errands", async move {
        errands.run(at_once, check, stop).await;
        Ok::<_, ParticipantError>(())
    });
    Ok(())
}
