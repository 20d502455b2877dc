use serde::Serialize;

/// What can be wrong with the books.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Class {
    /// An event that this code cannot read, or that cannot follow the one before it.
    Unreadable,
    /// Stock, money or a mail of an order that is not in the store.
    UnknownOrder,
    /// Pieces of an item do not add up.
    StockBroken,
    /// More was taken than the order costs, or more given back than was taken.
    TooMuchMoved,
    /// The customer was told a thing twice, or one that did not happen.
    ToldWrong,
    /// The order has neither been confirmed nor cancelled.
    BetweenEnds,
    /// A confirmed order has not all of its pieces, or another one still has some.
    StockMisplaced,
    /// What was kept of the money is not what was confirmed.
    MoneyMisplaced,
    /// The provider's own books say something else than its customer's.
    ProviderDiffers,
    /// The customer was not told how it ended.
    NotTold,
}

impl Class {
    pub const ALL: [Self; 10] = [
        Self::Unreadable,
        Self::UnknownOrder,
        Self::StockBroken,
        Self::TooMuchMoved,
        Self::ToldWrong,
        Self::BetweenEnds,
        Self::StockMisplaced,
        Self::MoneyMisplaced,
        Self::ProviderDiffers,
        Self::NotTold,
    ];

    /// What is only on its way is no fault, unless everything is `settled`.
    pub fn is_fault(self, settled: bool) -> bool {
        match self {
            Self::Unreadable
            | Self::UnknownOrder
            | Self::StockBroken
            | Self::TooMuchMoved
            | Self::ToldWrong => true,
            Self::BetweenEnds
            | Self::StockMisplaced
            | Self::MoneyMisplaced
            | Self::ProviderDiffers
            | Self::NotTold => settled,
        }
    }

    /// For people.
    pub fn title(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable events of sagas",
            Self::UnknownOrder => "accounts of unknown orders",
            Self::StockBroken => "items that do not add up",
            Self::TooMuchMoved => "orders with too much money moved",
            Self::ToldWrong => "orders told wrongly, or twice",
            Self::BetweenEnds => "orders between endings",
            Self::StockMisplaced => "orders with stock misplaced",
            Self::MoneyMisplaced => "orders with money misplaced",
            Self::ProviderDiffers => "orders the provider knows otherwise",
            Self::NotTold => "orders not told of",
        }
    }
}
