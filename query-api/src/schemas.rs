//! What the values of answers look like, for those whose own types know nothing of OpenAPI.

use std::borrow::Cow;

use domain::order::{OrderEventType, OrderStatus};
use domain::saga::Participant;
use domain::saga::track::{SagaStatus, StepStatus};
use serde_json::json;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::parameters::one_of;

/// Of [`OrderStatus`].
pub struct Status;

impl PartialSchema for Status {
    fn schema() -> RefOr<Schema> {
        one_of(OrderStatus::ALL.map(OrderStatus::as_str)).into()
    }
}

impl ToSchema for Status {
    fn name() -> Cow<'static, str> {
        "OrderStatus".into()
    }
}

/// Of [`OrderEventType`].
pub struct EventType;

impl PartialSchema for EventType {
    fn schema() -> RefOr<Schema> {
        one_of(OrderEventType::ALL.map(OrderEventType::as_str)).into()
    }
}

impl ToSchema for EventType {
    fn name() -> Cow<'static, str> {
        "OrderEventType".into()
    }
}

/// Of [`SagaStatus`].
pub struct SagaStatusBody;

impl PartialSchema for SagaStatusBody {
    fn schema() -> RefOr<Schema> {
        one_of(SagaStatus::ALL.map(SagaStatus::as_str)).into()
    }
}

impl ToSchema for SagaStatusBody {
    fn name() -> Cow<'static, str> {
        "SagaStatus".into()
    }
}

/// Of [`StepStatus`].
pub struct StepStatusBody;

impl PartialSchema for StepStatusBody {
    fn schema() -> RefOr<Schema> {
        one_of(StepStatus::ALL.map(StepStatus::as_str)).into()
    }
}

impl ToSchema for StepStatusBody {
    fn name() -> Cow<'static, str> {
        "SagaStepStatus".into()
    }
}

/// Of [`Participant`].
pub struct ParticipantBody;

impl PartialSchema for ParticipantBody {
    fn schema() -> RefOr<Schema> {
        one_of(Participant::ALL.map(Participant::as_str)).into()
    }
}

impl ToSchema for ParticipantBody {
    fn name() -> Cow<'static, str> {
        "SagaParticipant".into()
    }
}

/// Of [`domain::Money`]. No `multipleOf`: validators divide floats, and 45.99 would fail.
pub struct Amount;

impl PartialSchema for Amount {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::Number)
            .minimum(Some(0_usize))
            .description(Some("Exact, with two places. Best not read as a float."))
            .examples([json!(45.99)])
            .into()
    }
}

impl ToSchema for Amount {}

/// Later events of the order wait until this dead letter is resolved
#[derive(ToSchema)]
#[schema(as = HeldBack, rename_all = "camelCase")]
#[expect(dead_code, reason = "it describes what `HeldBack` writes")]
pub struct HeldBackBody {
    #[schema(example = "6e1c1c2e-5e5b-5b0e-9c55-2f4f3b0a7d11")]
    dead_letter_id: String,
    /// The first version that could not be applied
    #[schema(minimum = 1, example = 3)]
    from_version: i64,
    /// The highest version that has arrived
    #[schema(minimum = 1, example = 4)]
    newest_seen: i64,
}

#[derive(ToSchema)]
#[schema(as = Item, rename_all = "camelCase")]
#[expect(dead_code, reason = "it describes what `PublishedItem` writes")]
pub struct ItemBody {
    #[schema(example = "item-1")]
    menu_item_id: String,
    #[schema(example = "Pizza")]
    name: String,
    #[schema(value_type = Amount)]
    price: (),
    #[schema(minimum = 1, example = 2)]
    quantity: u32,
}

/// How many orders have each status
#[derive(ToSchema)]
#[schema(as = OrdersByStatus, rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(dead_code, reason = "it describes what `OrdersByStatus` writes")]
pub struct OrdersByStatusBody {
    #[schema(minimum = 0, example = 1)]
    pending: i64,
    #[schema(minimum = 0, example = 2)]
    confirmed: i64,
    #[schema(minimum = 0, example = 0)]
    cancelled: i64,
}
