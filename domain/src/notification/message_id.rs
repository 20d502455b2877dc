use uuid::Uuid;

use super::NotificationKind;

/// Namespace of all messages' ids. Changing it tells customers twice.
const NAMESPACE: Uuid = Uuid::from_u128(0x6c0f_2be1_7d34_5a19_8f52_0b6d_c1a7_39ee);

/// A mail's `Message-ID`. It depends on the order and on what is told of it, so that a mail which
/// is sent again, because the process died before it could note the first, is the same mail to
/// every mailbox. `host` is the sender's, and must not change either.
pub fn message_id(order_id: &str, kind: NotificationKind, host: &str) -> String {
    let name = format!("{}/{order_id}", kind.as_str());
    format!("<{}@{host}>", Uuid::new_v5(&NAMESPACE, name.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_frozen_and_one_for_each_order_and_kind() {
        let id = |order, kind| message_id(order, kind, "orders.example");
        assert_eq!(
            id("o-1", NotificationKind::Confirmed),
            "<89aa77cc-98c1-50f2-b196-9a170e0f8911@orders.example>"
        );
        assert_ne!(
            id("o-1", NotificationKind::Confirmed),
            id("o-1", NotificationKind::Failed)
        );
        assert_ne!(
            id("o-1", NotificationKind::Confirmed),
            id("o-2", NotificationKind::Confirmed)
        );
    }
}
