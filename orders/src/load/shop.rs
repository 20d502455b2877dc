use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use serde_json::json;

const RESTAURANTS: usize = 200;
const CUSTOMERS: f64 = 5000.0;
const DISHES: [&str; 12] = [
    "Pizza Margherita",
    "Pad Thai",
    "Chicken Tikka",
    "Ramen",
    "Falafel Bowl",
    "Cheeseburger",
    "Caesar Salad",
    "Sushi Set",
    "Lasagne",
    "Pho Bo",
    "Tacos al Pastor",
    "Crème brûlée",
];

/// Restaurants with their menus: dish and price in hundredths.
pub struct Shop(Vec<Vec<(&'static str, u32)>>);

impl Shop {
    pub fn new(seed: u64) -> Self {
        let mut rng = SmallRng::seed_from_u64(seed);
        let menus = (0..RESTAURANTS).map(|_| {
            let dishes = rng.random_range(4..=DISHES.len());
            let from = rng.random_range(0..DISHES.len());
            (0..dishes)
                .map(|i| {
                    (
                        DISHES[(from + i) % DISHES.len()],
                        rng.random_range(450..3200),
                    )
                })
                .collect()
        });
        Self(menus.collect())
    }

    /// The body of a `POST /api/orders`. A few customers and restaurants have most of the orders.
    pub fn order(&self, rng: &mut SmallRng) -> String {
        let customer = long_tail(rng, CUSTOMERS);
        let restaurant = long_tail(rng, RESTAURANTS as f64);
        let menu = &self.0[restaurant];
        let lines = 1 + (rng.random::<f64>().powi(2) * 6.0) as usize;
        let mut sum = 0;
        let items: Vec<_> = (0..lines)
            .map(|_| {
                let dish = rng.random_range(0..menu.len());
                let (name, price) = menu[dish];
                let quantity = rng.random_range(1..=3);
                sum += price * quantity;
                json!({
                    "menuItemId": format!("item-{dish}"),
                    "name": name,
                    "price": number(price),
                    "quantity": quantity,
                })
            })
            .collect();
        let tip = rng.random_range(0..500);
        json!({
            "customerId": format!("customer-{customer}"),
            "restaurantId": format!("restaurant-{restaurant}"),
            "totalAmount": number(sum + tip),
            "items": items,
        })
        .to_string()
    }
}

/// 0 to below `n`, small numbers far more often.
fn long_tail(rng: &mut SmallRng, n: f64) -> usize {
    (n * rng.random::<f64>().powi(4)) as usize
}

/// Hundredths as the shortest JSON number; at these sizes a float shows two places exactly.
fn number(hundredths: u32) -> f64 {
    f64::from(hundredths) / 100.0
}
