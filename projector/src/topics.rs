use read_models::Generation;

/// A topic, and how many partitions it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic {
    pub name: String,
    pub partitions: u16,
}

/// The topics that projections are made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topics {
    /// The orders' events.
    pub orders: Topic,
    /// What the other participants of sagas tell: `event_log` keeps it too.
    pub others: Vec<Topic>,
    /// Where it is told how sagas go, by who tracks them. Without it nothing is told.
    pub sagas: Option<Topic>,
}

/// A topic that a generation reads, and the group that it reads it with. Each topic has a group of
/// its own: one that is added later can begin at its beginning while the others are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    pub topic: Topic,
    pub group: String,
}

impl Topics {
    pub fn of_orders(name: &str, partitions: u16) -> Self {
        Self {
            orders: Topic {
                name: name.to_owned(),
                partitions,
            },
            others: Vec::new(),
            sagas: None,
        }
    }

    /// The orders' topic, as a generation reads it.
    pub(crate) fn orders_of(&self, generation: &Generation) -> Source {
        Source {
            topic: self.orders.clone(),
            group: generation.group.clone(),
        }
    }

    /// Those of who takes part in sagas, the orders' topic first.
    pub(crate) fn participants_of(&self, generation: &Generation) -> Vec<Source> {
        let others = self.others.iter().map(|topic| own(generation, topic));
        let orders = std::iter::once(self.orders_of(generation));
        orders.chain(others).collect()
    }

    /// All of them, the orders' topic first.
    pub(crate) fn all_of(&self, generation: &Generation) -> Vec<Source> {
        let others = self.besides_orders().map(|topic| own(generation, topic));
        let orders = std::iter::once(self.orders_of(generation));
        orders.chain(others).collect()
    }

    /// All but the orders' topic.
    pub(crate) fn besides_orders(&self) -> impl Iterator<Item = &Topic> {
        self.others.iter().chain(&self.sagas)
    }
}

fn own(generation: &Generation, topic: &Topic) -> Source {
    Source {
        group: format!("{}.{}", generation.group, topic.name),
        topic: topic.clone(),
    }
}
