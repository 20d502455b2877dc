use domain::checked_text;
use runtime::http::{Problem, ProblemType, Violation};
use serde::Deserialize;

use crate::payment::provider::{Facts, Said};

/// What the provider tells of an order's payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentWebhook {
    /// The same each time this one is sent.
    pub webhook_id: String,
    pub order_id: String,
    pub said: Said,
    /// As it was sent.
    pub body: Vec<u8>,
}

/// `{"type": "payment.captured", "timestamp": …, "data": {…}}`
#[derive(Deserialize)]
struct Body {
    #[serde(rename = "type")]
    kind: String,
    data: Facts,
}

impl PaymentWebhook {
    pub(super) fn read(webhook_id: &str, body: &[u8]) -> Result<Self, Problem> {
        let Body { kind, data } = serde_json::from_slice(body).map_err(|fault| {
            if fault.is_data() {
                return wrong(None, fault.to_string());
            }
            let detail = format!("The body is not JSON: {fault}.");
            Problem::new(ProblemType::MalformedJson, detail)
        })?;
        let order_id = checked_text(data.order_id.clone(), MAX_CHARS)
            .map_err(|fault| wrong(Some("/data/orderId"), fault.to_string()))?;
        let status = kind
            .strip_prefix("payment.")
            .ok_or_else(|| wrong(Some("/type"), "is not about a payment".to_owned()))?;
        let said = data
            .said(status)
            .map_err(|fault| wrong(None, fault.to_string()))?;
        Ok(Self {
            webhook_id: webhook_id.to_owned(),
            order_id,
            said,
            body: body.to_vec(),
        })
    }
}

const MAX_CHARS: usize = 128;

fn wrong(pointer: Option<&str>, detail: String) -> Problem {
    Problem::validation(vec![Violation {
        kind: ProblemType::WrongType,
        pointer: pointer.map(str::to_owned),
        parameter: None,
        detail,
    }])
}

#[cfg(test)]
mod tests {
    use domain::payment::ProviderSays;
    use domain::{Currency, Money};

    use super::*;

    fn read(body: &str) -> Result<PaymentWebhook, String> {
        PaymentWebhook::read("msg_1", body.as_bytes()).map_err(|problem| problem.json())
    }

    fn body(kind: &str, more: &str) -> String {
        format!(
            r#"{{"type":"{kind}","timestamp":"2026-11-21T10:00:00Z",
                "data":{{"orderId":"o-1","intentId":"pi_1"{more}}}}}"#
        )
    }

    #[test]
    fn reads_amounts_exactly() {
        let captured = body("payment.captured", r#","amount":"299.99","currency":"USD""#);
        let webhook = read(&captured).unwrap();
        assert_eq!(webhook.order_id, "o-1");
        let amount = Money::from_json_number("299.99").unwrap();
        let currency = Currency::new("USD").unwrap();
        assert_eq!(
            webhook.said.says,
            ProviderSays::Captured { amount, currency }
        );
        for amount in [r#""299.999""#, "299.99", r#""-1""#] {
            let more = format!(r#","amount":{amount},"currency":"USD""#);
            let refused = read(&body("payment.captured", &more)).unwrap_err();
            assert!(refused.contains("validation-failed"), "{refused}");
        }
    }

    #[test]
    fn takes_every_type_and_no_other() {
        let money = r#","amount":"1.00","currency":"USD""#;
        for kind in [
            "pending",
            "authorized",
            "captured",
            "failed",
            "cancelled",
            "refunded",
        ] {
            assert!(read(&body(&format!("payment.{kind}"), money)).is_ok());
        }
        for kind in ["payment.disputed", "payout.captured", "", "captured"] {
            assert!(read(&body(kind, money)).is_err(), "{kind}");
        }
        for needed in ["payment.captured", "payment.refunded"] {
            assert!(read(&body(needed, "")).is_err(), "{needed}");
        }
    }

    #[test]
    fn says_what_cannot_be_read() {
        for (body, kind) in [
            ("", "malformed-json"),
            ("{", "malformed-json"),
            ("[]", "validation-failed"),
            (r#"{"type":"payment.pending"}"#, "validation-failed"),
        ] {
            let refused = read(body).unwrap_err();
            assert!(refused.contains(kind), "{body}: {refused}");
        }
        let blank = body("payment.pending", "").replace("o-1", " ");
        assert!(read(&blank).unwrap_err().contains("/data/orderId"));
    }
}
