use serde::{Deserialize, Serialize};

use super::content;
use crate::{CustomerId, FailureReason, OccurredOn};

content! {
    /// What `saga-events` tells of one order's saga as who watches it has found, with the order's
    /// id as key. Each has a version of its own, so that not all of 1, 2, 3 … are there; the same
    /// may come again, with the same eventId.
    SagaContent {
        SagaStarted(PublishedSagaStarted),
        SagaCompleted(PublishedSagaCompleted),
        SagaFailed(PublishedSagaFailed),
        SagaCompensationStarted(PublishedSagaCompensating),
        SagaCompensationCompleted(PublishedSagaCompensated),
    }
}

/// An order is placed that a saga carries out.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct PublishedSagaStarted {
    /// `order/` and the saga's flow.
    pub business_process: String,
    /// The customer, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "CustomerId"))]
    pub initiator_id: Option<CustomerId>,
}

/// The order is confirmed, its stock sold, its money taken and its customer told.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct PublishedSagaCompleted {
    pub business_process: String,
    #[cfg_attr(test, schemars(schema_with = "super::schema::time"))]
    pub started_at: OccurredOn,
}

/// The order has failed before there was anything to take back, and its customer is told.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct PublishedSagaFailed {
    pub business_process: String,
    #[cfg_attr(test, schemars(schema_with = "super::schema::time"))]
    pub started_at: OccurredOn,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "FailureReason"))]
    pub reason: Option<FailureReason>,
}

/// What was done for the order is to be undone.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct PublishedSagaCompensating {
    pub business_process: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "FailureReason"))]
    pub reason: Option<FailureReason>,
}

/// Stock and money are back where they were, and the customer is told.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct PublishedSagaCompensated {
    pub business_process: String,
    #[cfg_attr(test, schemars(schema_with = "super::schema::time"))]
    pub started_at: OccurredOn,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "FailureReason"))]
    pub reason: Option<FailureReason>,
}
