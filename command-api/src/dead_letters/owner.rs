use std::fmt;
use std::str::FromStr;

use axum::extract::FromRequestParts;
use event_store::dead_letters::DeadLetters;
use event_store::{Database, IdempotencyKeys};
use http::request::Parts;
use runtime::http::{ParameterFault, Parameters, Problem, ProblemType};

use super::answer::unread;
use crate::CommandApi;

/// Whose desk it is. Each participant of the sagas has one of its own, beside its streams.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Owner {
    /// The relay of the orders, the projectors, and the order as a participant.
    #[default]
    Orders,
    Inventory,
    Payment,
    Notification,
}

impl Owner {
    pub const ALL: [Self; 4] = [
        Self::Orders,
        Self::Inventory,
        Self::Payment,
        Self::Notification,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Orders => "orders",
            Self::Inventory => "inventory",
            Self::Payment => "payment",
            Self::Notification => "notification",
        }
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Owner {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let owner = Self::ALL.into_iter().find(|owner| owner.as_str() == text);
        owner.ok_or_else(|| format!("is none of {}", Self::ALL.map(Self::as_str).join(", ")))
    }
}

/// A participant's desk. An action's answer is kept by the transaction that acts, and so beside it.
#[derive(Clone)]
pub struct Desk {
    pub dead_letters: DeadLetters,
    pub keys: IdempotencyKeys,
}

impl Desk {
    pub fn new(database: &Database) -> Self {
        Self {
            dead_letters: DeadLetters::new(database.clone()),
            keys: IdempotencyKeys::new(database.clone()),
        }
    }
}

/// The API at the desk that `of` names, in a query that has nothing else.
pub struct At(pub CommandApi);

impl FromRequestParts<CommandApi> for At {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &CommandApi) -> Result<Self, Problem> {
        let mut parameters = Parameters::from_request_parts(parts, api).await?;
        let of = of(&mut parameters);
        parameters.finish()?;
        Ok(Self(api.at(of).await?))
    }
}

/// `of` of a query.
pub fn of(parameters: &mut Parameters) -> Owner {
    let owner = parameters.one("of", |text| {
        text.parse().map_err(|detail| ParameterFault {
            kind: ProblemType::UnknownOwner,
            detail,
        })
    });
    owner.unwrap_or_default()
}

impl CommandApi {
    pub(super) async fn at(&self, owner: Owner) -> Result<Self, Problem> {
        let mut api = self.clone();
        if owner != Owner::Orders {
            let desk = self.desks.get(&owner).ok_or_else(|| not_there(owner))?;
            if !desk.dead_letters.is_there().await.map_err(unread)? {
                return Err(not_there(owner));
            }
            api.dead_letters = desk.dead_letters.clone();
            api.keys = desk.keys.clone();
        }
        Ok(api)
    }
}

fn not_there(owner: Owner) -> Problem {
    let detail = format!("The database has no schema of {owner}: no sagas are carried out here.");
    Problem::new(ProblemType::DeskNotFound, detail)
}
