use domain::OccurredOn;
use domain::contract::Envelope;
use domain::inventory::ReservationState;
use domain::notification::{NotificationKind, Telling};
use domain::order::OrderStatus;
use domain::saga::Participant;
use domain::saga::track::{Milestone, SagaStatus, Sighting, Track};
use jiff::Timestamp;
use uuid::Uuid;

use crate::given::ORDER;
use crate::world::World;

/// As who reads all topics sees it, up to here.
fn track(world: &World) -> Track {
    let (order, reservation) = (&world.order.told, &world.reservation.told);
    let (payment, notification) = (&world.payment.told, &world.notification.told);
    let of = |participant, at: usize, event_type: &str| {
        let envelope = Envelope {
            event_id: Uuid::nil(),
            event_type: event_type.to_owned(),
            aggregate_type: String::new(),
            aggregate_id: String::new(),
            version: at as u64 + 1,
            schema_version: 1,
            occurred_on: OccurredOn::new(Timestamp::UNIX_EPOCH),
            correlation_id: String::new(),
            causation_id: String::new(),
        };
        Sighting::of(participant, &envelope)
    };
    let order = order.iter().enumerate().map(|(at, content)| {
        of(Participant::Order, at, content.kind().as_str()).add_order(content)
    });
    let reservation = reservation.iter().enumerate().map(|(at, content)| {
        of(Participant::Inventory, at, content.event_type()).add_inventory(content)
    });
    let payment = payment.iter().enumerate().map(|(at, content)| {
        of(Participant::Payment, at, content.event_type()).add_payment(content)
    });
    let notification = notification.iter().enumerate().map(|(at, content)| {
        of(Participant::Notification, at, content.event_type()).add_notification(content)
    });
    let all = order.chain(reservation).chain(payment).chain(notification);
    all.flatten().collect()
}

/// A saga that is said to have ended has ended for everybody.
pub fn never_too_early(world: &World) -> Result<(), String> {
    let track = track(world);
    let state = track.state(ORDER).ok_or("it is not seen")?;
    if !state.status.has_ended() {
        return Ok(());
    }
    let ended = world.status();
    let fits = match state.status {
        SagaStatus::Completed => ended == OrderStatus::Confirmed,
        SagaStatus::Failed => ended == OrderStatus::Failed,
        _ => matches!(ended, OrderStatus::Cancelled | OrderStatus::Failed),
    };
    let confirmed = ended == OrderStatus::Confirmed;
    let stock = match world.reservation.aggregate.state() {
        Some(ReservationState::Sold { .. }) => confirmed,
        Some(ReservationState::Reserved { .. }) => false,
        _ => !confirmed,
    };
    let payment = world.payment.aggregate.state();
    let money = match payment.is_some_and(|payment| payment.captured && !payment.refunded) {
        true => confirmed,
        false => !confirmed,
    };
    let kind = match ended {
        OrderStatus::Confirmed => NotificationKind::Confirmed,
        OrderStatus::Cancelled => NotificationKind::Cancelled,
        _ => NotificationKind::Failed,
    };
    let told = &world.notification.aggregate.state().told;
    let told = matches!(
        told.get(&kind),
        Some(Telling::Sent { .. } | Telling::Skipped)
    );
    let steps = state.steps.iter().all(|step| step.ended.is_some());
    if fits && stock && money && told && steps {
        return Ok(());
    }
    Err(format!(
        "{}, and the order is {ended}, {:?}, {payment:?}, {:?}",
        state.status,
        world.reservation.aggregate.state(),
        state.steps
    ))
}

/// Where nothing is left to do, the saga has ended, and what there is to tell of it says so.
pub fn ended(world: &World) -> Result<(), String> {
    use Milestone::*;
    let track = track(world);
    let status = track.state(ORDER).map(|state| state.status);
    let reached: Vec<Milestone> = track.milestones().into_iter().map(|(m, _)| m).collect();
    let known: &[&[Milestone]] = match status {
        Some(SagaStatus::Completed) => &[&[SagaStarted, SagaCompleted]],
        Some(SagaStatus::Failed) => &[&[SagaStarted, SagaFailed]],
        Some(SagaStatus::Compensated) => &[
            &[
                SagaStarted,
                SagaCompensationStarted,
                SagaCompensationCompleted,
            ],
            // The customer has taken back what was done.
            &[
                SagaStarted,
                SagaCompleted,
                SagaCompensationStarted,
                SagaCompensationCompleted,
            ],
        ],
        _ => &[],
    };
    if known.contains(&&reached[..]) {
        return Ok(());
    }
    Err(format!("watched, it rests {status:?} with {reached:?}"))
}
