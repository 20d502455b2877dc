use std::collections::HashMap;
use std::time::Duration;

use rdkafka::TopicPartitionList;
use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::{Offset, groups::GroupMemberInfo};

use crate::client::Context;
use crate::watermarks::watermarks;
use crate::{Kafka, MessagingError};

const PATIENCE: Duration = Duration::from_secs(10);

/// A member of a consumer group, as the broker knows it: one that was killed stays until its
/// session ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupMember {
    pub id: String,
    pub host: String,
    /// Of the topic that was asked about.
    pub partitions: Vec<i32>,
}

impl Kafka {
    /// The offset that each partition's next record will have.
    pub async fn ends(&self, topic: &str) -> Result<HashMap<i32, i64>, MessagingError> {
        let partitions = self.partitions(topic).await?;
        let topic = topic.to_owned();
        self.blocking("reader", move |consumer| {
            let end = |partition| Ok((partition, watermarks(consumer, &topic, partition)?.1));
            (0..partitions as i32).map(end).collect()
        })
        .await
    }

    /// Sets a group's offsets, whatever they were. A group with members refuses.
    pub async fn commit_offsets(
        &self,
        group: &str,
        topic: &str,
        offsets: &HashMap<i32, i64>,
    ) -> Result<(), MessagingError> {
        let mut list = TopicPartitionList::new();
        for (&partition, &offset) in offsets {
            list.add_partition_offset(topic, partition, Offset::Offset(offset))?;
        }
        let commit = move |consumer: &_| BaseConsumer::commit(consumer, &list, CommitMode::Sync);
        self.blocking(group, commit).await
    }

    /// Who reads `topic` as a member of the group; nobody where there is no such group.
    pub async fn group_members(
        &self,
        group: &str,
        topic: &str,
    ) -> Result<Vec<GroupMember>, MessagingError> {
        let (name, topic) = (group.to_owned(), topic.to_owned());
        self.blocking("reader", move |consumer| {
            let groups = consumer.fetch_group_list(Some(&name), PATIENCE)?;
            let members = groups.groups().iter().flat_map(|group| group.members());
            Ok(members.map(|member| known(member, &topic)).collect())
        })
        .await
    }

    /// Forgets a group and its offsets. One with members stays; one that is not there is fine.
    pub async fn delete_group(&self, group: &str) -> Result<(), MessagingError> {
        let admin: AdminClient<Context> = self.config().create_with_context(Context::default())?;
        let options = AdminOptions::new().operation_timeout(Some(PATIENCE));
        for deleted in admin.delete_groups(&[group], &options).await? {
            match deleted {
                Ok(_) | Err((_, RDKafkaErrorCode::GroupIdNotFound)) => {}
                Err((_, code)) => return Err(KafkaError::AdminOp(code).into()),
            }
        }
        Ok(())
    }

    /// Asks as a consumer that joins nothing.
    async fn blocking<T: Send + 'static>(
        &self,
        group: &str,
        ask: impl FnOnce(&BaseConsumer<Context>) -> Result<T, KafkaError> + Send + 'static,
    ) -> Result<T, MessagingError> {
        let consumer: BaseConsumer<Context> = self
            .config()
            .set("group.id", group)
            .set("enable.auto.commit", "false")
            .create_with_context(Context::default())?;
        match tokio::task::spawn_blocking(move || ask(&consumer)).await {
            Ok(answer) => Ok(answer?),
            Err(_) => Err(KafkaError::Canceled.into()),
        }
    }
}

fn known(member: &GroupMemberInfo, topic: &str) -> GroupMember {
    let assignment = member.assignment().unwrap_or_default();
    GroupMember {
        id: member.id().to_owned(),
        host: member.client_host().trim_start_matches('/').to_owned(),
        partitions: partitions(assignment, topic).unwrap_or_default(),
    }
}

/// What a member's assignment says, in the consumer protocol's bytes: a version, and topics, each
/// with its partitions.
fn partitions(mut bytes: &[u8], topic: &str) -> Option<Vec<i32>> {
    fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
        let (first, rest) = bytes.split_first_chunk::<N>()?;
        *bytes = rest;
        Some(*first)
    }
    take::<2>(&mut bytes)?;
    let mut found = Vec::new();
    for _ in 0..i32::from_be_bytes(take(&mut bytes)?) {
        let length = usize::try_from(i16::from_be_bytes(take(&mut bytes)?)).ok()?;
        let (name, rest) = bytes.split_at_checked(length)?;
        bytes = rest;
        for _ in 0..i32::from_be_bytes(take(&mut bytes)?) {
            let partition = i32::from_be_bytes(take(&mut bytes)?);
            if name == topic.as_bytes() {
                found.push(partition);
            }
        }
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_assignment_is_read_and_a_broken_one_is_none() {
        let mut bytes = vec![0, 1, 0, 0, 0, 2];
        for (topic, numbers) in [("other", vec![9]), ("t", vec![0, 3])] {
            bytes.extend((topic.len() as i16).to_be_bytes());
            bytes.extend(topic.as_bytes());
            bytes.extend((numbers.len() as i32).to_be_bytes());
            bytes.extend(numbers.iter().flat_map(|n: &i32| n.to_be_bytes()));
        }
        assert_eq!(partitions(&bytes, "t"), Some(vec![0, 3]));
        assert_eq!(partitions(&bytes[..bytes.len() - 1], "t"), None);
        assert_eq!(partitions(&[], "t"), None);
    }
}
