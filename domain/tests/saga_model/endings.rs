use domain::inventory::ReservationState;
use domain::notification::{NotificationKind, Telling};
use domain::order::OrderStatus;

use crate::circumstances::{Circumstances, Stocked};
use crate::given::{PLENTY, WANTED};
use crate::world::World;

/// What must hold at every step.
pub fn always(world: &World, circumstances: &Circumstances) -> Result<(), String> {
    let provider = &world.provider;
    if provider.captures > 1 || provider.refunds > provider.captures {
        return Err(format!(
            "captured {} times, refunded {} times",
            provider.captures, provider.refunds
        ));
    }
    let mut set = match circumstances.stocked {
        Stocked::Enough => [PLENTY, PLENTY],
        Stocked::Short => [PLENTY, 1],
    }
    .into_iter();
    for (item, stock) in world.stocks.iter() {
        let level = stock.level().unwrap();
        let counted = level.available + level.reserved + level.sold;
        if Some(counted) != set.next() {
            return Err(format!("{item} is {level:?}"));
        }
    }
    Ok(())
}

/// What must hold where nothing is left to do: one of the two good endings.
pub fn at_rest(world: &World) -> Result<OrderStatus, String> {
    let ended = world.status();
    let kind = match ended {
        OrderStatus::Confirmed => NotificationKind::Confirmed,
        OrderStatus::Cancelled => NotificationKind::Cancelled,
        OrderStatus::Failed => NotificationKind::Failed,
        between => return Err(format!("rests at {between}")),
    };
    let confirmed = ended == OrderStatus::Confirmed;

    let reservation = world.reservation.aggregate.state();
    let sold = if confirmed { u64::from(WANTED) } else { 0 };
    for (item, stock) in world.stocks.iter() {
        let level = stock.level().unwrap();
        if (level.reserved, level.sold) != (0, sold) {
            return Err(format!("{ended}, and {item} is {level:?}"));
        }
    }
    if matches!(reservation, Some(ReservationState::Reserved { .. })) {
        return Err(format!("{ended}, and {reservation:?}"));
    }

    let (captures, refunds) = (world.provider.captures, world.provider.refunds);
    if captures - refunds != u8::from(confirmed) {
        return Err(format!("{ended}, captured {captures}, refunded {refunds}"));
    }

    // One mail of the end, and before a cancellation one of the confirmation, if there was one.
    let order = world.order.aggregate.placed().unwrap();
    let told = &world.notification.aggregate.state().told;
    for one in NotificationKind::ALL {
        let was_so =
            one == kind || one == NotificationKind::Confirmed && order.payment_id.is_some();
        let sent = matches!(told.get(&one), Some(Telling::Sent { .. }));
        if sent != was_so || told.contains_key(&one) != was_so {
            return Err(format!("{ended}, and told {told:?}"));
        }
    }
    Ok(ended)
}
