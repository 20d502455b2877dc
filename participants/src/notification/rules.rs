use domain::notification::{Notification, NotificationCommand, NotificationEvent};
use domain::saga::{Does, Reaction, Seen, notification};

use crate::Rules;

/// A customer is told how an order ended.
pub struct NotificationRules;

impl Rules for NotificationRules {
    const CONSUMER: &'static str = "notification";
    type Aggregate = Notification;

    fn react(table: &[Reaction], seen: &Seen<'_>) -> Vec<(Does, NotificationCommand)> {
        notification(table, seen)
    }

    fn decide(
        notification: &Notification,
        command: NotificationCommand,
    ) -> Result<Vec<NotificationEvent>, String> {
        let decided = notification
            .decide(command)
            .map_err(|error| error.to_string())?;
        Ok(decided.into_iter().collect())
    }
}
