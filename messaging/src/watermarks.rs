use std::time::{Duration, Instant};

use rdkafka::consumer::Consumer;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use crate::client::Context;

/// The offset of a partition's first record, and the one its next record will have. A partition
/// that is looking for its leader, as a new one does, is waited for.
pub(crate) fn watermarks<C: Consumer<Context>>(
    consumer: &C,
    topic: &str,
    partition: i32,
) -> Result<(i64, i64), KafkaError> {
    use RDKafkaErrorCode::{LeaderNotAvailable, NotLeaderForPartition, UnknownTopicOrPartition};
    const PATIENCE: Duration = Duration::from_secs(10);
    let give_up = Instant::now() + PATIENCE;
    loop {
        match consumer.fetch_watermarks(topic, partition, PATIENCE) {
            Err(error)
                if Instant::now() < give_up
                    && matches!(
                        error.rdkafka_error_code(),
                        Some(LeaderNotAvailable | NotLeaderForPartition | UnknownTopicOrPartition)
                    ) =>
            {
                std::thread::sleep(Duration::from_millis(50));
            }
            answer => return answer,
        }
    }
}
