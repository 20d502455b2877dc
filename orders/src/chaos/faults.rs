use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::bail;
use messaging::{Delivery, LastingProducer};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use rustix::process::{Pid, Signal, kill_process};

use super::poison::Poison;
use super::site::{LARGEST_MESSAGE, Site};
use super::workers::Workers;
use super::writers::Promised;

const MOST_RELAYS: usize = 4;
/// Ordinary records fit, also several in a batch; large ones do not.
const LOWERED: u32 = 40_000;

/// What goes wrong, one thing after the other, chosen by a seed.
pub struct Faults<'a> {
    site: &'a Site,
    pub relays: Workers,
    pub projectors: Workers,
    /// One of each kind.
    participants: [Workers; 4],
    provider: Workers,
    rng: SmallRng,
    producer: LastingProducer,
    paused: Vec<Pid>,
    lowered: bool,
    done: Done,
}

/// What has been done. Workers are part of it, since they still have work to do.
pub struct Done {
    pub counts: BTreeMap<&'static str, u64>,
    pub poison: u64,
    /// Of it, what those who take part in sagas cannot read either.
    pub for_all: u64,
    pub workers: Vec<Workers>,
}

impl<'a> Faults<'a> {
    pub fn new(
        site: &'a Site,
        relays: Workers,
        projectors: Workers,
        participants: [Workers; 4],
        provider: Workers,
        seed: u64,
    ) -> anyhow::Result<Self> {
        Ok(Self {
            site,
            relays,
            projectors,
            participants,
            provider,
            rng: SmallRng::seed_from_u64(seed),
            producer: site.kafka.lasting_producer(),
            paused: Vec::new(),
            lowered: false,
            done: Done {
                counts: BTreeMap::new(),
                poison: 0,
                for_all: 0,
                workers: Vec::new(),
            },
        })
    }

    /// Something goes wrong; then nothing does for a moment.
    pub async fn next(&mut self, promised: &Promised) -> anyhow::Result<()> {
        let which = self.rng.random_range(0..17_u32);
        // The same draws whatever the state of things is.
        let (one, moment) = (
            self.rng.random::<u32>() as usize,
            self.rng.random_range(0..1000),
        );
        let rest = Duration::from_millis(500 + moment * 2);
        let name = match which {
            0 | 1 => {
                self.relays.kill(one)?;
                self.relays.add(self.site)?;
                "relay killed"
            }
            2 | 3 => {
                // Past its lease, and past that of whoever takes over, at times.
                self.wake()?;
                self.paused.push(self.relays.pause(one)?);
                tokio::time::sleep(Duration::from_secs(3)).await;
                self.wake()?;
                "relay paused past its lease"
            }
            4 if self.relays.count() < MOST_RELAYS => {
                self.relays.add(self.site)?;
                "relay added"
            }
            4 | 5 if self.relays.count() > 1 => {
                self.relays.terminate(one)?;
                "relay stopped"
            }
            5 => {
                self.relays.add(self.site)?;
                "relay added"
            }
            6 => {
                self.site.broker.kill()?;
                tokio::time::sleep(rest).await;
                self.site.broker.start().await?;
                "broker killed"
            }
            7 => {
                self.site.broker.pause()?;
                tokio::time::sleep(rest).await;
                self.site.broker.resume()?;
                "broker paused"
            }
            8 => {
                self.site.postgres.kill()?;
                tokio::time::sleep(rest).await;
                self.site.postgres.start().await?;
                "Postgres killed"
            }
            9 => {
                self.projectors.kill(one)?;
                self.projectors.add(self.site)?;
                "projector killed"
            }
            10 if !self.lowered => {
                self.limit(LOWERED).await?;
                "limit lowered"
            }
            10 => {
                self.limit(LARGEST_MESSAGE).await?;
                "limit raised"
            }
            11 => self.poison(promised, one).await?,
            12 => {
                self.provider.kill(0)?;
                tokio::time::sleep(rest).await;
                self.provider.add(self.site)?;
                "payment provider killed"
            }
            which => {
                let participant = &mut self.participants[which as usize - 13];
                participant.kill(0)?;
                participant.add(self.site)?;
                "participant killed"
            }
        };
        *self.done.counts.entry(name).or_default() += 1;
        tokio::time::sleep(rest).await;
        Ok(())
    }

    async fn poison(&mut self, promised: &Promised, one: usize) -> anyhow::Result<&'static str> {
        let Some(key) = promised.keys().nth(one % promised.len().max(1)) else {
            return Ok("nothing to poison");
        };
        if self.lowered {
            self.limit(LARGEST_MESSAGE).await?;
        }
        for poison in Poison::ALL {
            let put = poison.put(&mut self.producer, self.site.topic(), key);
            match put.await? {
                Delivery::Acknowledged { .. } => {
                    self.done.poison += 1;
                    self.done.for_all += u64::from(poison.is_for_all());
                }
                other => bail!("{poison:?} is not on the topic: {other:?}"),
            }
        }
        Ok("poison of four kinds")
    }

    async fn limit(&mut self, bytes: u32) -> anyhow::Result<()> {
        let topic = self.site.topic();
        // The broker may still be on its way back from another fault.
        let mut attempts = 0;
        while let Err(error) = self.site.kafka.set_largest_message(topic, bytes).await {
            attempts += 1;
            if attempts > 20 {
                return Err(error.into());
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        self.lowered = bytes == LOWERED;
        Ok(())
    }

    fn wake(&mut self) -> anyhow::Result<()> {
        for pid in self.paused.drain(..) {
            kill_process(pid, Signal::CONT)?;
        }
        Ok(())
    }

    /// Everything that was taken away is given back.
    pub async fn finish(mut self) -> anyhow::Result<Done> {
        self.wake()?;
        self.limit(LARGEST_MESSAGE).await?;
        self.done.workers = vec![self.relays, self.projectors, self.provider];
        self.done.workers.extend(self.participants);
        for workers in &mut self.done.workers {
            workers.check()?;
        }
        Ok(self.done)
    }
}
