use std::io::Write;

use anyhow::bail;
use command_api::Owner;
use event_store::dead_letters::{BY_MAX_CHARS, DeadLetters};
use participants::{inventory, notification, payment};
use runtime::config::PostgresArgs;
use serde::Serialize;

use crate::out::out;
use crate::process::database_of;

/// Where the items are, and how they are shown.
#[derive(clap::Args)]
pub struct DeskArgs {
    #[command(flatten)]
    postgres: PostgresArgs,

    /// Whose desk: orders, inventory, payment or notification
    #[arg(long, default_value_t, value_name = "WHOSE")]
    of: Owner,

    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Where the tables are; `None` is the connection's default.
pub fn schema(of: Owner) -> Option<&'static str> {
    match of {
        Owner::Orders => None,
        Owner::Inventory => Some(inventory::SCHEMA),
        Owner::Payment => Some(payment::SCHEMA),
        Owner::Notification => Some(notification::SCHEMA),
    }
}

/// Who acts.
#[derive(clap::Args)]
pub struct ByArgs {
    /// Who acts; kept with the item
    #[arg(long, env = "USER", default_value = "unknown", value_parser = by, value_name = "NAME")]
    pub by: String,
}

fn by(text: &str) -> Result<String, domain::TextError> {
    domain::checked_text(text.to_owned(), BY_MAX_CHARS)
}

impl DeskArgs {
    pub async fn open(&self) -> anyhow::Result<DeadLetters> {
        let letters = DeadLetters::new(database_of(&self.postgres, schema(self.of))?);
        if self.of != Owner::Orders && !letters.is_there().await? {
            bail!(
                "{} has no desk in this database: no sagas are carried out",
                self.of
            );
        }
        Ok(letters)
    }

    /// The value as JSON, or the text.
    pub fn print(&self, value: &impl Serialize, text: &str) -> anyhow::Result<()> {
        let mut out = out();
        if self.json {
            serde_json::to_writer_pretty(&mut out, value)?;
            writeln!(out)?;
        } else {
            writeln!(out, "{text}")?;
        }
        Ok(())
    }
}
