use std::time::{Duration, Instant};

use event_store::Doorbell;
use runtime::Backoff;
use runtime::health::{Check, Health, watched};
use tokio_util::sync::CancellationToken;

use crate::held_back::{HeldBack, HeldTurn};
use crate::leases::Leases;
use crate::pace::Pace;
use crate::relay::{Publishing, Relay};
use crate::retention::{Cleaning, Retention};
use crate::{DeadLetterTopic, RelayError, Settings};

/// How long turns under way may take to end after the process was told to stop.
const LAST_TURN: Duration = Duration::from_secs(5);
/// The longest wait between two looks at an empty outbox: with the other parts' looks, ten a second.
const LONGEST_IDLE: Duration = Duration::from_millis(130);

impl Relay {
    /// Every part at once, until `stop`; then what is under way ends, and the slots are given back.
    /// Whatever is away is waited for.
    pub async fn run(
        self,
        settings: Settings,
        doorbell: Doorbell,
        health: Health,
        stop: CancellationToken,
    ) {
        let leases = self.leases.clone();
        // Leases are renewed while the last turns end.
        let turns_ended = CancellationToken::new();
        let turns = async {
            tokio::join!(
                publish(
                    self.publishing,
                    doorbell,
                    settings.gather,
                    health.check("relay"),
                    &stop
                ),
                held_back(
                    self.held_back,
                    health.check("relay, refused records"),
                    &stop
                ),
                dead_letters(
                    self.dead_letter_topic,
                    health.check("dead-letter topic"),
                    &stop
                ),
                clean(self.retention, &stop),
            );
            turns_ended.cancel();
        };
        tokio::join!(
            turns,
            renew(
                &leases,
                settings.lease / 4,
                health.check("relay, slot leases"),
                &turns_ended
            ),
        );
        if let Err(error) = leases.leave().await {
            tracing::warn!(%error, "the slots are not given back: others wait for the leases' end");
        }
    }
}

async fn renew(leases: &Leases, every: Duration, check: Check, stop: &CancellationToken) {
    loop {
        match leases.renew().await {
            Ok(_) => check.up(),
            Err(error) => check.away(error),
        }
        if !rested(every, stop).await {
            return;
        }
    }
}

async fn publish(
    mut publishing: Publishing,
    doorbell: Doorbell,
    gather: u16,
    check: Check,
    stop: &CancellationToken,
) {
    let mut pace = Pace::new(Instant::now(), gather);
    let mut idle = Backoff::new(Pace::SHORTEST, LONGEST_IDLE);
    let mut fault = Backoff::new(Duration::from_millis(100), Duration::from_secs(2));
    publishing.warm_up();
    while !stop.is_cancelled() {
        let outcome = tokio::select! {
            outcome = watched(&check, step(&mut publishing, &doorbell, &mut pace, &mut idle)) => outcome,
            () = async { stop.cancelled().await; tokio::time::sleep(LAST_TURN).await } => return,
        };
        match outcome {
            Ok(()) => {
                fault.reset();
                match publishing.stuck.longest(Instant::now()) {
                    None => check.up(),
                    Some((slot, waited)) => check.away(format_args!(
                        "slot {slot} has records to publish and has not moved for {} s",
                        waited.as_secs()
                    )),
                }
            }
            // New events do not make a fault go away: the doorbell is not listened to.
            Err(error) => {
                check.away(&error);
                rested(fault.wait(), stop).await;
            }
        }
    }
    // What is under way is marked before the slots are given back.
    let last = async { while publishing.is_working() && publishing.finished().await.is_ok() {} };
    if tokio::time::timeout(LAST_TURN, last).await.is_err() {
        tracing::warn!("records under way are left to be published again");
    }
}

/// Sets idle lanes to work; then waits for a lane to end or for news, and for the rest to be over.
async fn step(
    publishing: &mut Publishing,
    doorbell: &Doorbell,
    pace: &mut Pace,
    idle: &mut Backoff,
) -> Result<(), RelayError> {
    let looked = tokio::time::Instant::now();
    let found = publishing.start().await?;
    if found > 0 {
        idle.reset();
    }
    pace.found(looked.into_std(), found);
    let rested = looked + pace.rest();
    let look_again = publishing
        .has_idle_lane()
        .then(|| rested.max(looked + idle.wait()));
    let mut news = false;
    loop {
        let wake = if news { Some(rested) } else { look_again };
        tokio::select! {
            finished = publishing.finished() => {
                finished?;
                news = true;
            }
            () = doorbell.heard(), if publishing.has_idle_lane() => {
                idle.reset();
                news = true;
            }
            // Without an idle lane there is nothing to look for until one ends.
            () = sleep_until(wake) => return Ok(()),
        }
    }
}

async fn held_back(mut held_back: HeldBack, check: Check, stop: &CancellationToken) {
    const LOOK: Duration = Duration::from_secs(1);
    loop {
        let wait = match held_back.turn().await {
            Ok(HeldTurn::Tried { .. }) => Duration::ZERO,
            Ok(HeldTurn::Idle { next }) => next.map_or(LOOK, |next| next.min(LOOK)),
            Err(error) => {
                check.away(&error);
                rested(LOOK, stop).await;
                continue;
            }
        };
        check.up();
        if !rested(wait, stop).await {
            return;
        }
    }
}

async fn dead_letters(mut topic: DeadLetterTopic, check: Check, stop: &CancellationToken) {
    const LOOK: Duration = Duration::from_secs(5);
    loop {
        match topic.turn().await {
            Ok(_) => check.up(),
            Err(error) => check.away(error),
        }
        if !rested(LOOK, stop).await {
            return;
        }
    }
}

async fn clean(mut retention: Retention, stop: &CancellationToken) {
    const EVERY: Duration = Duration::from_secs(60 * 60);
    const BETWEEN_PAGES: Duration = Duration::from_millis(50);
    // Not while everything starts.
    let mut wait = Duration::from_secs(60);
    while rested(wait, stop).await {
        wait = match retention.turn().await {
            Ok(Cleaning::More { .. }) => BETWEEN_PAGES,
            Ok(Cleaning::Done { .. }) => EVERY,
            Err(error) => {
                tracing::warn!(%error, "published rows are not deleted");
                Duration::from_secs(60)
            }
        };
    }
}

async fn sleep_until(wake: Option<tokio::time::Instant>) {
    match wake {
        Some(wake) => tokio::time::sleep_until(wake).await,
        None => std::future::pending().await,
    }
}

/// False when it is time to stop.
async fn rested(wait: Duration, stop: &CancellationToken) -> bool {
    tokio::select! {
        () = stop.cancelled() => false,
        () = tokio::time::sleep(wait) => true,
    }
}
