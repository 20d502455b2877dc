use projector::{Topic, Topics};
use runtime::config::KafkaArgs;

/// The topics that read models are made of.
pub fn topics(args: &KafkaArgs) -> Topics {
    let orders = Topics::of_orders(&args.order_events_topic, args.order_events_partitions);
    let topic = |name| Topic {
        name,
        partitions: args.order_events_partitions,
    };
    Topics {
        others: args.sagas.names().into_iter().map(topic).collect(),
        sagas: Some(topic(args.saga_events_topic.clone())),
        ..orders
    }
}
