use serde_json::Value;

/// Brings one event type's stored JSON from one schema version to the next. Pure.
///
/// Versions are whole numbers from 1 on. An upcaster stays as long as an event of its version may
/// be in some store, which is for ever; what it meets and does not understand it leaves as it is.
#[derive(Clone, Copy, Debug)]
pub struct Upcaster {
    pub event_type: &'static str,
    /// To the next version.
    pub from: u32,
    pub upcast: fn(Value) -> Value,
}

/// The schema version an event type is stored in: one more than its last upcaster starts from.
pub fn newest_version(upcasters: &[Upcaster], event_type: &str) -> u32 {
    let of_type = upcasters.iter().filter(|u| u.event_type == event_type);
    of_type.map(|u| u.from + 1).max().unwrap_or(1)
}

/// A stored payload as today's code would have written it, and the version that was reached: not
/// the newest one where no upcaster starts from where it is.
pub fn upcast(
    upcasters: &[Upcaster],
    event_type: &str,
    version: u32,
    payload: Value,
) -> (u32, Value) {
    let next = |version| {
        upcasters
            .iter()
            .find(|u| u.event_type == event_type && u.from == version)
    };
    let (mut version, mut payload) = (version, payload);
    while let Some(upcaster) = next(version) {
        payload = (upcaster.upcast)(payload);
        version += 1;
    }
    (version, payload)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const CHAIN: &[Upcaster] = &[
        Upcaster {
            event_type: "Paid",
            from: 2,
            upcast: |payload| json!([payload, "third"]),
        },
        Upcaster {
            event_type: "Paid",
            from: 1,
            upcast: |payload| json!([payload, "second"]),
        },
    ];

    #[test]
    fn one_leads_to_the_next() {
        let first = upcast(CHAIN, "Paid", 1, json!("first"));
        assert_eq!(first, (3, json!([["first", "second"], "third"])));
        assert_eq!(upcast(CHAIN, "Paid", 2, json!(2)), (3, json!([2, "third"])));
        assert_eq!(upcast(CHAIN, "Paid", 3, json!(3)), (3, json!(3)));
        assert_eq!(upcast(CHAIN, "Refunded", 1, json!(1)), (1, json!(1)));
    }

    #[test]
    fn what_no_upcaster_starts_from_stays() {
        assert_eq!(upcast(CHAIN, "Paid", 0, json!(0)), (0, json!(0)));
        assert_eq!(upcast(CHAIN, "Paid", 4, json!(4)), (4, json!(4)));
        assert_eq!(newest_version(CHAIN, "Paid"), 3);
        assert_eq!(newest_version(CHAIN, "Refunded"), 1);
    }
}
