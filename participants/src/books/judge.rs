use std::collections::BTreeMap;

use domain::ItemId;
use domain::order::OrderStatus;

use super::account::{Account, Held, Placed};
use super::{Books, Class, Ends, Pieces, Report, Sums};

impl Books {
    /// The verdict, once everything has been read. `settled`: nothing may be on its way any more.
    pub fn close(mut self, settled: bool) -> Report {
        let mut pieces = Pieces::default();
        for ((store, item), stock) in &self.items {
            pieces.set += stock.set;
            pieces.available += stock.available();
            pieces.reserved += stock.reserved;
            pieces.sold += stock.sold;
            if let Some(fault) = stock.fault(settled) {
                let of = format!("{} in {}", item.as_str(), store.as_str());
                self.findings.add(Class::StockBroken, &of, fault);
            }
        }
        let mut ends = Ends::default();
        let mut money: BTreeMap<String, Sums> = BTreeMap::new();
        for (id, account) in &self.accounts {
            let Some(placed) = &account.order else {
                let detail = "somebody took part in what was never ordered";
                self.findings.add(Class::UnknownOrder, id, detail);
                continue;
            };
            ends.add(placed);
            if placed.by_saga {
                let sums = money.entry(placed.currency.to_string()).or_default();
                sums.add(account, placed, self.has_ledger);
            }
            let found = [
                misplaced_stock(account, placed).map(|it| (Class::StockMisplaced, it)),
                money_of(account, placed),
                told(account, placed),
                unfinished(placed).map(|it| (Class::BetweenEnds, it)),
                self.has_ledger
                    .then(|| of_provider(account))
                    .flatten()
                    .map(|it| (Class::ProviderDiffers, it)),
            ];
            for (class, detail) in found.into_iter().flatten() {
                self.findings.add(class, id, detail);
            }
        }
        let findings = self.findings.judged(settled);
        Report {
            ends,
            items: self.items.len() as u64,
            pieces,
            money,
            mails: self.mails,
            settled,
            faults: findings.values().filter(|f| f.fault).map(|f| f.count).sum(),
            findings,
        }
    }
}

/// A confirmed order has what it wanted, and any other one that has ended has nothing.
fn misplaced_stock(account: &Account, placed: &Placed) -> Option<String> {
    if !placed.has_ended() {
        return None;
    }
    let mut sold: BTreeMap<&ItemId, i128> = BTreeMap::new();
    for ((_, item), Held { reserved, sold: it }) in &account.pieces {
        if *reserved != 0 {
            return Some(format!("{reserved} of {} reserved", item.as_str()));
        }
        if *it != 0 {
            *sold.entry(item).or_default() += it;
        }
    }
    if !(placed.by_saga && placed.status == OrderStatus::Confirmed) {
        let (item, sold) = sold.into_iter().next()?;
        return Some(format!("{sold} of {} sold", item.as_str()));
    }
    let mut reserved: BTreeMap<&ItemId, i128> = BTreeMap::new();
    for line in &account.lines {
        *reserved.entry(&line.item_id).or_default() += i128::from(line.quantity);
        if !line.counted {
            // Nobody counts these: they are taken to be there.
            *sold.entry(&line.item_id).or_default() += i128::from(line.quantity);
        }
    }
    let wanted: BTreeMap<&ItemId, i128> = placed
        .wanted
        .iter()
        .map(|(item, quantity)| (item, i128::from(*quantity)))
        .collect();
    let pieces = |of: &BTreeMap<&ItemId, i128>| of.values().sum::<i128>();
    (reserved != wanted || sold != wanted).then(|| {
        format!(
            "{} pieces wanted, {} promised, {} sold",
            pieces(&wanted),
            pieces(&reserved),
            pieces(&sold)
        )
    })
}

fn money_of(account: &Account, placed: &Placed) -> Option<(Class, String)> {
    let (captured, refunded) = (account.captured, account.refunded);
    let most = if placed.by_saga { placed.total } else { 0 };
    let said = format!("{captured} taken and {refunded} given back, of {most}");
    if captured > most || refunded > captured {
        return Some((Class::TooMuchMoved, said));
    }
    let due = match placed.status {
        OrderStatus::Confirmed => most,
        _ => 0,
    };
    (placed.has_ended() && captured - refunded != due).then_some((Class::MoneyMisplaced, said))
}

fn told(account: &Account, placed: &Placed) -> Option<(Class, String)> {
    let to_tell = placed.to_tell();
    for (kind, times) in &account.told {
        if *times > 1 || !to_tell.contains(kind) {
            let status = placed.status;
            let said = format!("told {times} times that it is {}: {status}", kind.as_str());
            return Some((Class::ToldWrong, said));
        }
    }
    let missing = to_tell
        .iter()
        .find(|kind| !account.told.contains_key(kind))?;
    Some((Class::NotTold, format!("that it is {}", missing.as_str())))
}

fn unfinished(placed: &Placed) -> Option<String> {
    (!placed.has_ended()).then(|| placed.status.to_string())
}

fn of_provider(account: &Account) -> Option<String> {
    let kept = account.captured - account.refunded;
    let provider = account.provider;
    (provider != kept).then(|| format!("it has {provider}, and {kept} is written down here"))
}

impl Ends {
    fn add(&mut self, placed: &Placed) {
        if !placed.by_saga {
            return;
        }
        *match placed.status {
            OrderStatus::Confirmed => &mut self.confirmed,
            OrderStatus::Cancelled => &mut self.cancelled,
            OrderStatus::Failed => &mut self.failed,
            _ => &mut self.under_way,
        } += 1;
    }
}

impl Sums {
    fn add(&mut self, account: &Account, placed: &Placed, has_ledger: bool) {
        self.captured += account.captured;
        self.refunded += account.refunded;
        if placed.status == OrderStatus::Confirmed {
            self.confirmed += placed.total;
        }
        if has_ledger {
            *self.kept_by_provider.get_or_insert_default() += account.provider;
        }
    }
}
