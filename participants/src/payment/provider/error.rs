use std::time::Duration;

use http::StatusCode;

use super::Unreadable;

/// Why a call to the provider has no answer that counts.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// Nothing is wrong with the payment: ask again, for as long as it takes. Whether the call was
    /// carried out is not known.
    #[error(transparent)]
    NotNow(#[from] NotNow),
    /// The same call would fail the same way again: somebody has to look at it.
    #[error(transparent)]
    Refused(#[from] Refused),
}

/// It will pass, or somebody will make it pass for all calls alike.
#[derive(Debug, thiserror::Error)]
pub enum NotNow {
    #[error("no answer within {0:?}")]
    Late(Duration),
    #[error("{0}")]
    Unreachable(String),
    /// 5xx, 408, 425 or 429.
    #[error("the provider answered {status}")]
    Busy {
        status: StatusCode,
        retry_after: Option<Duration>,
    },
    /// 401 or 403: no fault of this payment, and every other would meet it.
    #[error("the provider does not accept the API key: it answered {0}")]
    WrongKey(StatusCode),
    /// It was not called at all.
    #[error("the provider is away, and will be tried again in {0:?}")]
    Away(Duration),
}

#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// With the problem's type and detail, where there is one.
    #[error("the provider refuses: {status} {kind} {detail}")]
    Problem {
        status: StatusCode,
        kind: String,
        detail: String,
    },
    #[error("the provider's answer {status} cannot be read: {fault}")]
    Unreadable {
        status: StatusCode,
        fault: Unreadable,
    },
}

impl NotNow {
    /// Sooner there is no use in asking again, where that is known.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Away(wait) => Some(*wait),
            Self::Busy { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// For metrics.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Late(_) => "late",
            Self::Unreachable(_) => "unreachable",
            Self::Busy { .. } => "busy",
            Self::WrongKey(_) => "wrong_key",
            Self::Away(_) => "away",
        }
    }
}
