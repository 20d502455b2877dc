//! The native mail catcher. Of those that exist, none that the package registries offer keeps its
//! mails over a kill and can be told to refuse a recipient; and taking mails is little work.
//! Cargo builds only what the program at hand depends on, so the compiler is called by itself.

use std::env::consts::ARCH;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use sha2::{Digest, Sha256};
use tokio::process::Command;

use crate::DevstackError;
use crate::cache;
use crate::command::{Program, run};

const BINARY: &str = "mail-catcher";
const MAIN: &str = "main.rs";

const SOURCES: [(&str, &str); 6] = [
    (MAIN, include_str!("program/main.rs")),
    ("mime.rs", include_str!("program/mime.rs")),
    ("page.rs", include_str!("program/page.rs")),
    ("smtp.rs", include_str!("program/smtp.rs")),
    ("store.rs", include_str!("program/store.rs")),
    ("web.rs", include_str!("program/web.rs")),
];

const RUSTC: Program = Program {
    name: "rustc",
    purpose: "to build the mail catcher",
    install: "install Rust with rustup; or set SMTP_URL or start Docker",
};

pub(super) async fn program() -> Result<PathBuf, DevstackError> {
    let mut digest = Sha256::new();
    for (name, source) in SOURCES {
        digest.update(name);
        digest.update(source);
    }
    let mut name = format!("{BINARY}-{ARCH}-");
    for byte in &digest.finalize()[..8] {
        // Writing to a string does not fail.
        let _ = write!(name, "{byte:02x}");
    }
    let what = "Mail catcher: building it once for this machine (some seconds)";
    let folder = cache::folder(&name, BINARY, what, async |folder| {
        RUSTC.require()?;
        for (name, source) in SOURCES {
            let file = folder.join(name);
            fs::write(&file, source).map_err(DevstackError::io(&file))?;
        }
        let mut rustc = Command::new(RUSTC.name);
        let rustc = rustc
            .args(["--edition", "2024", "-C", "opt-level=2", MAIN, "-o", BINARY])
            .current_dir(folder);
        run(rustc).await.map(|_| ())
    })
    .await?;
    Ok(folder.join(BINARY))
}
