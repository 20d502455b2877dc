use std::fmt;

use serde::{Deserialize, Serialize};

/// The currency of an order's amounts: an ISO 4217 code.
///
/// [`Money`](crate::Money) has two places, so only currencies with hundredths are taken: of yen
/// there is no hundredth, and of Kuwaiti dinars there are thousandths. As with the texts, the rule
/// guards what comes in; reading back what is stored checks nothing.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(
    test,
    derive(schemars::JsonSchema),
    schemars(description = "ISO 4217, of the total and of all prices")
)]
#[serde(transparent)]
pub struct Currency(#[cfg_attr(test, schemars(regex(pattern = "^[A-Z]{3}$")))] String);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CurrencyError {
    #[error("is not three capital letters")]
    NotACode,
    #[error("is not an ISO 4217 currency with hundredths")]
    Unknown,
}

impl Currency {
    /// Those that are taken, sorted.
    pub const CODES: &[&str] = WITH_HUNDREDTHS;

    pub fn new(code: &str) -> Result<Self, CurrencyError> {
        if code.len() != 3 || !code.bytes().all(|b| b.is_ascii_uppercase()) {
            Err(CurrencyError::NotACode)
        } else if WITH_HUNDREDTHS.binary_search(&code).is_err() {
            Err(CurrencyError::Unknown)
        } else {
            Ok(Self(code.to_owned()))
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// EUR: the currency of every order that names none. Those are the requests without `currency`,
/// and all orders from before events had one. The second makes this history: it never changes.
impl Default for Currency {
    fn default() -> Self {
        Self("EUR".to_owned())
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Those of ISO 4217's list one whose minor unit is 2, sorted.
const WITH_HUNDREDTHS: &[&str] = &[
    "AED", "AFN", "ALL", "AMD", "AOA", "ARS", "AUD", "AWG", "AZN", "BAM", "BBD", "BDT", "BMD",
    "BND", "BOB", "BRL", "BSD", "BTN", "BWP", "BYN", "BZD", "CAD", "CDF", "CHF", "CNY", "COP",
    "CRC", "CUP", "CVE", "CZK", "DKK", "DOP", "DZD", "EGP", "ERN", "ETB", "EUR", "FJD", "FKP",
    "GBP", "GEL", "GHS", "GIP", "GMD", "GTQ", "GYD", "HKD", "HNL", "HTG", "HUF", "IDR", "ILS",
    "INR", "IRR", "JMD", "KES", "KGS", "KHR", "KPW", "KYD", "KZT", "LAK", "LBP", "LKR", "LRD",
    "LSL", "MAD", "MDL", "MGA", "MKD", "MMK", "MNT", "MOP", "MRU", "MUR", "MVR", "MWK", "MXN",
    "MYR", "MZN", "NAD", "NGN", "NIO", "NOK", "NPR", "NZD", "PAB", "PEN", "PGK", "PHP", "PKR",
    "PLN", "QAR", "RON", "RSD", "RUB", "SAR", "SBD", "SCR", "SDG", "SEK", "SGD", "SHP", "SLE",
    "SOS", "SRD", "SSP", "STN", "SVC", "SYP", "SZL", "THB", "TJS", "TMT", "TOP", "TRY", "TTD",
    "TWD", "TZS", "UAH", "USD", "UYU", "UZS", "VED", "VES", "WST", "XCD", "XCG", "YER", "ZAR",
    "ZMW", "ZWG",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_currencies_with_hundredths() {
        assert!(WITH_HUNDREDTHS.is_sorted());
        for code in ["EUR", "USD", "GBP", "CHF", "AED", "ZWG"] {
            assert_eq!(Currency::new(code).unwrap().as_str(), code);
        }
        for code in ["JPY", "KWD", "XXX", "ABC"] {
            assert_eq!(Currency::new(code), Err(CurrencyError::Unknown), "{code}");
        }
        for code in ["", "eur", "EU", "EURO", "€UR", "E R", "ÄÖ"] {
            assert_eq!(Currency::new(code), Err(CurrencyError::NotACode), "{code}");
        }
    }

    /// Orders without a currency were placed in this one.
    #[test]
    fn the_default_is_frozen() {
        assert_eq!(Currency::default(), Currency::new("EUR").unwrap());
    }
}
