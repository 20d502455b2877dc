use std::sync::Arc;
use std::time::Duration;

use read_models::ReadDatabase;
use runtime::Clock;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::live::LiveGeneration;
use crate::order_reads::OrderReads;
use crate::tail::Tail;
use crate::waiters::Waiters;

/// What all queries share. Clones share it too.
#[derive(Clone)]
pub struct Queries {
    pub(crate) orders: LiveGeneration,
    pub(crate) events: LiveGeneration,
    pub(crate) sagas: LiveGeneration,
    pub(crate) reads: OrderReads,
    pub(crate) waiters: Waiters,
    pub(crate) tail: Tail,
    pub(crate) streams: Arc<Semaphore>,
    pub(crate) heartbeat: Duration,
    pub(crate) stuck_after: Duration,
    pub(crate) stop: CancellationToken,
}

/// How much of what costs memory there may be at a time.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Requests that wait for a version.
    pub waiters: usize,
    /// Event streams that are open.
    pub streams: usize,
    /// Between signs of life on a stream on which nothing happens.
    pub heartbeat: Duration,
    /// A saga that has not ended, and in which nothing has moved for so long, is stuck.
    pub stuck_after: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            waiters: 1000,
            streams: 500,
            heartbeat: Duration::from_secs(15),
            // Twice the time that an order's saga has.
            stuck_after: Duration::from_secs(60),
        }
    }
}

impl Queries {
    pub fn new(
        database: ReadDatabase,
        clock: Arc<dyn Clock>,
        bounds: Bounds,
        stop: CancellationToken,
    ) -> Self {
        let events = LiveGeneration::of_events(database.clone(), clock.clone());
        let sagas = LiveGeneration::of_sagas(database.clone(), clock.clone());
        let orders = LiveGeneration::of_orders(database, clock);
        Self {
            reads: OrderReads::new(orders.clone()),
            orders,
            waiters: Waiters::new(bounds.waiters),
            tail: Tail::new(events.clone()),
            events,
            sagas,
            streams: Arc::new(Semaphore::new(bounds.streams)),
            heartbeat: bounds.heartbeat,
            stuck_after: bounds.stuck_after,
            stop,
        }
    }

    /// Until the stop: follows the generations, and reads for all who wait.
    pub async fn run(self) {
        let stop = self.stop.clone();
        let waiters = self.waiters.run(self.orders.clone());
        let tail = self.tail.run();
        let for_all_who_wait = async {
            tokio::select! {
                () = stop.cancelled() => {}
                _ = async { tokio::join!(waiters, tail) } => {}
            }
        };
        tokio::join!(
            self.orders.watch(stop.clone()),
            self.events.watch(stop.clone()),
            for_all_who_wait,
        );
    }
}
