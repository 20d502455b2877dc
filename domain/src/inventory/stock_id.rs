use uuid::Uuid;

use crate::{ItemId, StoreId};

/// Namespace of all stocks' ids. Changing it loses every stock.
const NAMESPACE: Uuid = Uuid::from_u128(0x2d1c_9a70_5be4_5f86_a1c3_97e0_44b8_1d25);

/// The id of one item's stock in one store.
///
/// The store's length stands before it, so that no two pairs of texts read the same.
pub fn stock_id(store: &StoreId, item: &ItemId) -> String {
    let (store, item) = (store.as_str(), item.as_str());
    let name = format!("{}/{store}/{item}", store.len());
    Uuid::new_v5(&NAMESPACE, name.as_bytes()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(store: &str, item: &str) -> String {
        stock_id(&StoreId::new(store).unwrap(), &ItemId::new(item).unwrap())
    }

    #[test]
    fn is_frozen() {
        assert_eq!(
            id("store-1", "product-1"),
            "071c410c-1efc-5f6d-b10c-e06a2e2f7112"
        );
    }

    #[test]
    fn no_two_pairs_share_one() {
        assert_ne!(id("a/b", "c"), id("a", "b/c"));
        assert_ne!(id("a", "b"), id("b", "a"));
        assert_ne!(id("1/a", "b"), id("1", "a/b"));
    }
}
