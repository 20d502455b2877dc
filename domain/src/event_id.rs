use uuid::Uuid;

/// Namespace of all event ids. Changing it changes every id ever published.
const NAMESPACE: Uuid = Uuid::from_u128(0x8f6e_1c52_43a9_5d0b_9b7e_2f1d_6a40_c3e8);

/// The id of the event that takes an aggregate to `version`: UUIDv5 of `{aggregate type}/{id}/{version}`.
///
/// It depends on nothing else, so a replay or a rebuild repeats the ids that were published before.
pub fn event_id(aggregate_type: &str, aggregate_id: &str, version: u64) -> Uuid {
    Uuid::new_v5(
        &NAMESPACE,
        format!("{aggregate_type}/{aggregate_id}/{version}").as_bytes(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_frozen() {
        assert_eq!(
            event_id("Order", "0193b0a0-0000-7000-8000-000000000001", 1).to_string(),
            "47321a08-cbda-50d4-9aee-f0a694e500f6"
        );
    }

    #[test]
    fn differs_by_type_aggregate_and_version() {
        let first = event_id("Order", "a", 1);
        assert_ne!(first, event_id("Order", "a", 2));
        assert_ne!(first, event_id("Order", "b", 1));
        assert_ne!(first, event_id("Payment", "a", 1));
    }
}
