use std::collections::BTreeMap;

use bson::{Bson, DateTime, Document, RawDocument, doc};
use mongodb::IndexModel;
use read_models::{Generation, RestaurantDayDocument, RevenueDocument};

use super::part::{by_status, confirmed};
use super::{Selection, Tally, Total};

const DAY: i64 = 24 * 60 * 60 * 1000;

/// All orders that a restaurant was sent on one day.
pub(crate) struct RestaurantDay;

impl Total for RestaurantDay {
    fn name(&self) -> &'static str {
        RestaurantDayDocument::NAME
    }

    fn collection(&self, generation: &Generation) -> String {
        RestaurantDayDocument::collection(generation)
    }

    fn indexes(&self) -> Vec<IndexModel> {
        RestaurantDayDocument::indexes()
    }

    fn key(&self, order: &RawDocument) -> Option<String> {
        let day = day_of(order.get_datetime("createdAt").ok()?)?;
        Some(format!("{day}/{}", order.get_str("restaurantId").ok()?))
    }

    fn key_fields(&self) -> &'static [&'static str] {
        &["restaurantId", "createdAt"]
    }

    /// One for each day: together with the restaurants, that is a range of an index.
    fn selections(&self, keys: &[String]) -> Vec<Selection> {
        let mut days: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (day, restaurant) in keys.iter().filter_map(|key| key.split_once('/')) {
            days.entry(day).or_default().push(restaurant);
        }
        let selection = |(day, restaurants): (&str, Vec<&str>)| {
            let start = DateTime::parse_rfc3339_str(format!("{day}T00:00:00Z")).ok()?;
            let end = DateTime::from_millis(start.timestamp_millis() + DAY);
            Some(Selection {
                filter: doc! {
                    "restaurantId": { "$in": restaurants },
                    "createdAt": { "$gte": start, "$lt": end },
                },
                field: "restaurantId",
                prefix: format!("{day}/"),
            })
        };
        days.into_iter().filter_map(selection).collect()
    }

    fn document(&self, key: &str, revision: i64, tally: &Tally) -> bson::error::Result<Document> {
        let (day, restaurant) = key.split_once('/').unwrap_or(("", key));
        let revenue = confirmed(&tally.parts).into_iter();
        bson::serialize_to_document(&RestaurantDayDocument {
            id: key.to_owned(),
            restaurant_id: bson::deserialize_from_bson(Bson::from(restaurant))?,
            day: day.to_owned(),
            revision,
            orders: by_status(&tally.parts),
            revenue: revenue
                .map(|(currency, orders, amount)| RevenueDocument {
                    currency,
                    orders,
                    amount,
                    average: amount.shared_by(orders.unsigned_abs()),
                })
                .collect(),
        })
    }
}

/// In UTC. `None` beyond the calendar of four-digit years, which no event reaches.
fn day_of(at: DateTime) -> Option<String> {
    let text = at.try_to_rfc3339_string().ok()?;
    let (day, _) = text.split_once('T')?;
    Some(day.to_owned())
}
