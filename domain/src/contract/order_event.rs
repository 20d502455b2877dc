use super::{OrderContent, Published};
use crate::order::OrderEventType;

/// An event of an order as the topic carries it.
pub type PublishedOrderEvent = Published<OrderContent>;

impl PublishedOrderEvent {
    /// The schema version in which this code publishes events of a type. All from 1 up to it are
    /// on the topic.
    pub fn schema_version(kind: OrderEventType) -> u32 {
        match kind {
            OrderEventType::OrderCreated => 2,
            _ => 1,
        }
    }

    pub fn kind(&self) -> OrderEventType {
        self.content.kind()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::ContractError;

    /// Other services parse these files, and records like them are on the topic: they never
    /// change, and a new schema version comes with a new one.
    fn frozen(kind: OrderEventType, version: u32) -> String {
        let (dir, kind) = (env!("CARGO_MANIFEST_DIR"), kind.as_str());
        let path = format!("{dir}/frozen/published/{kind}.{version}.json");
        let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
        text.trim_end().to_owned()
    }

    fn created() -> String {
        frozen(OrderEventType::OrderCreated, 2)
    }

    #[test]
    fn every_version_ever_published_can_be_read() {
        for kind in OrderEventType::ALL {
            let newest = PublishedOrderEvent::schema_version(kind);
            for version in 1..=newest {
                let event = PublishedOrderEvent::parse(frozen(kind, version).as_bytes()).unwrap();
                assert_eq!(event.kind(), kind);
                assert_eq!(event.to_json().unwrap(), frozen(kind, newest));
            }
        }
    }

    #[test]
    fn fields_of_tomorrow_are_ignored() {
        let grown = created().replacen('{', r#"{"tip":1.5,"#, 1);
        assert_eq!(
            PublishedOrderEvent::parse(grown.as_bytes()).unwrap(),
            PublishedOrderEvent::parse(created().as_bytes()).unwrap()
        );
    }

    #[test]
    fn amounts_are_never_rounded() {
        for version in [1, 2] {
            let exact = frozen(OrderEventType::OrderCreated, version);
            let finer = exact.replace("45.99", "45.990000000000000001");
            assert!(matches!(
                PublishedOrderEvent::parse(finer.as_bytes()),
                Err(ContractError::Content { .. })
            ));
        }
    }

    #[test]
    fn what_is_no_event_says_why() {
        use ContractError::*;
        let parse = |json: &str| PublishedOrderEvent::parse(json.as_bytes()).unwrap_err();
        assert!(matches!(parse("not json"), Envelope(_)));
        assert!(matches!(parse("{}"), Envelope(_)));
        let unknown = created().replace("OrderCreated", "OrderFrozen");
        assert!(matches!(parse(&unknown), UnknownEventType(t) if t == "OrderFrozen"));
        for kind in OrderEventType::ALL {
            let known = PublishedOrderEvent::schema_version(kind);
            let later = known + 1;
            let json = frozen(kind, known);
            for other in [0, later] {
                let number = format!("\"schemaVersion\":{other},");
                let json = json.replace(&format!("\"schemaVersion\":{known},"), &number);
                let UnknownSchemaVersion {
                    found, known: k, ..
                } = parse(&json)
                else {
                    panic!("{json}");
                };
                assert_eq!((found, k), (other, known));
            }
        }
        let empty = frozen(OrderEventType::OrderConfirmed, 1).replace(r#","paymentId":"p-1""#, "");
        assert!(matches!(parse(&empty), Content { .. }));
        let no_currency = created().replace(r#""currency":"EUR","#, "");
        assert!(matches!(parse(&no_currency), Content { .. }));
    }
}
