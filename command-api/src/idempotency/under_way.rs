use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::IdempotencyKey;

/// The keys whose commands this process is carrying out: who comes second waits for the first.
/// Between processes the key's constraint in the database decides.
#[derive(Clone, Default)]
pub struct UnderWay(Arc<Mutex<HashMap<IdempotencyKey, watch::Receiver<()>>>>);

/// The right to carry out a key's command, until it is dropped.
pub struct Place {
    under_way: UnderWay,
    key: IdempotencyKey,
    _ends: watch::Sender<()>,
}

/// Somebody else's place.
pub struct Taken(watch::Receiver<()>);

impl UnderWay {
    pub fn enter(&self, key: &IdempotencyKey) -> Result<Place, Taken> {
        let mut keys = self.keys();
        if let Some(ended) = keys.get(key) {
            return Err(Taken(ended.clone()));
        }
        let (ends, ended) = watch::channel(());
        keys.insert(key.clone(), ended);
        Ok(Place {
            under_way: self.clone(),
            key: key.clone(),
            _ends: ends,
        })
    }

    fn keys(&self) -> MutexGuard<'_, HashMap<IdempotencyKey, watch::Receiver<()>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.under_way.keys().remove(&self.key);
    }
}

impl Taken {
    /// Until the place is free again.
    pub async fn ended(mut self) {
        // Nothing is ever sent: the sender's end is the news.
        while self.0.changed().await.is_ok() {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_second_waits_until_the_first_has_left() {
        let under_way = UnderWay::default();
        let key = |key: &str| IdempotencyKey {
            caller: "".into(),
            key: key.into(),
        };
        let first = under_way.enter(&key("k")).ok().unwrap();
        assert!(under_way.enter(&key("l")).is_ok());
        let second = under_way.enter(&key("k")).err().unwrap();
        let waiting = tokio::spawn(second.ended());
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        drop(first);
        waiting.await.unwrap();
        assert!(under_way.enter(&key("k")).is_ok());
        assert!(under_way.keys().is_empty(), "keys are left behind");
    }
}
