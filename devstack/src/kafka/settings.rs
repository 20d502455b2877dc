use std::path::Path;

pub(super) const NODE_ID: u16 = 1;

/// `server.properties` of a broker that is its own controller and has no replicas.
pub(super) fn server(port: u16, controller_port: u16, data: &Path) -> String {
    let data = data.display();
    format!(
        "process.roles=broker,controller
node.id={NODE_ID}
controller.quorum.voters={NODE_ID}@127.0.0.1:{controller_port}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
log.dirs={data}
auto.create.topics.enable=false

offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=1

# The first consumer of a group starts at once.
group.initial.rebalance.delay.ms=0
# A broker that was killed is let in again as soon as its old session is over; one that only stood
# still, as everything does on a busy machine, should not have lost its own by then.
broker.heartbeat.interval.ms=200
broker.session.timeout.ms=3000

# Taken from the heap at once, however little there is to compact: by default it is 128 MiB.
log.cleaner.dedupe.buffer.size=8388608
"
    )
}
