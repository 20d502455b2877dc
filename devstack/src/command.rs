//! Finding programs and running the short-lived ones.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use tokio::process::Command;

use crate::DevstackError;

/// A program this crate may have to run, and what to tell who lacks it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Program {
    pub name: &'static str,
    pub purpose: &'static str,
    pub install: &'static str,
}

impl Program {
    pub fn on_path(&self) -> Option<PathBuf> {
        let path = env::var_os("PATH")?;
        env::split_paths(&path)
            .map(|folder| folder.join(self.name))
            .find(|file| file.is_file())
    }

    pub fn require(&self) -> Result<PathBuf, DevstackError> {
        self.on_path().ok_or_else(|| self.missing())
    }

    pub fn missing(&self) -> DevstackError {
        DevstackError::Missing {
            program: self.name,
            purpose: self.purpose,
            install: self.install,
        }
    }
}

/// Runs the command to its end and returns its standard output; on failure the error has
/// the end of what it wrote.
pub(crate) async fn run(command: &mut Command) -> Result<String, DevstackError> {
    command
        .stdin(std::process::Stdio::null())
        .kill_on_drop(true);
    let shown = shown(command);
    let output = command
        .output()
        .await
        .map_err(|error| DevstackError::Command {
            command: shown.clone(),
            output: error.to_string(),
        })?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if output.status.success() {
        return Ok(text(&output.stdout));
    }
    let written = format!("{}\n{}", text(&output.stdout), text(&output.stderr));
    Err(DevstackError::Command {
        command: shown,
        output: format!("{}\n{}", output.status, last_lines(written.trim(), 20)),
    })
}

fn shown(command: &Command) -> String {
    let command = command.as_std();
    let program = Path::new(command.get_program());
    let name = program.file_name().unwrap_or(program.as_os_str());
    std::iter::once(name)
        .chain(command.get_args())
        .map(OsStr::to_string_lossy)
        .collect::<Vec<_>>()
        .join(" ")
}

pub(crate) fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}
