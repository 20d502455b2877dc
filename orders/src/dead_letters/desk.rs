use std::io::Write;

use event_store::dead_letters::{BY_MAX_CHARS, DeadLetters};
use runtime::config::PostgresArgs;
use serde::Serialize;

use crate::process::database;

/// Where the items are, and how they are shown.
#[derive(clap::Args)]
pub struct DeskArgs {
    #[command(flatten)]
    postgres: PostgresArgs,

    /// Print JSON
    #[arg(long)]
    pub json: bool,
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
    pub fn open(&self) -> anyhow::Result<DeadLetters> {
        Ok(DeadLetters::new(database(&self.postgres)?))
    }

    /// The value as JSON, or the text.
    pub fn print(&self, value: &impl Serialize, text: &str) -> anyhow::Result<()> {
        let mut out = std::io::stdout().lock();
        if self.json {
            serde_json::to_writer_pretty(&mut out, value)?;
            writeln!(out)?;
        } else {
            writeln!(out, "{text}")?;
        }
        Ok(())
    }
}
