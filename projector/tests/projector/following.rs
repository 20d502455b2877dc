//! What keeps a generation fresh must not be gone without anybody noticing.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures::FutureExt;
use futures::future::BoxFuture;
use mongodb::IndexModel;
use projector::{Building, Content, Follower, Projection, ProjectorError, Site};
use read_models::Generation;
use tokio_util::sync::CancellationToken;

use crate::fixture::Fixture;

/// A double, since no record makes the real ones panic: its first task does.
#[derive(Default)]
struct Fragile {
    started: AtomicU64,
}

impl Projection for Fragile {
    fn name(&self) -> &'static str {
        "fragile"
    }

    fn schema_version(&self) -> u32 {
        1
    }

    fn collections(&self, generation: &Generation) -> Vec<(String, Vec<IndexModel>)> {
        let index = IndexModel::builder().keys(bson::doc! { "version": 1 });
        vec![(generation.collection.clone(), vec![index.build()])]
    }

    fn contents(&self) -> Vec<Content> {
        Vec::new()
    }

    fn fill<'a>(&'static self, _: Building<'a>) -> BoxFuture<'a, Result<(), ProjectorError>> {
        unreachable!("nobody rebuilds it")
    }

    fn keep_fresh(
        &self,
        _: Generation,
        site: Site,
    ) -> Result<BoxFuture<'static, ()>, ProjectorError> {
        let first = self.started.fetch_add(1, Ordering::SeqCst) == 0;
        Ok(async move {
            assert!(!first, "as a bug would");
            site.stop.cancelled().await;
        }
        .boxed())
    }
}

#[tokio::test]
async fn a_task_that_panics_is_started_again() {
    let fixture = Fixture::new().await;
    let fragile: &'static Fragile = Box::leak(Box::default());
    let stop = CancellationToken::new();
    let follower = Follower::new(fragile, fixture.site(stop.clone()));
    let check = fixture.health.check("projector, fragile");
    let running = tokio::spawn(follower.run(check));
    let started = Instant::now();
    while fragile.started.load(Ordering::SeqCst) < 2 {
        assert!(started.elapsed() < Duration::from_secs(30));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    stop.cancel();
    running.await.unwrap();
    assert_eq!(fragile.started.load(Ordering::SeqCst), 2, "and stays");
}
