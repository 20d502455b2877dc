//! `secantusd-rs`, which speaks MongoDB's protocol over WiredTiger, for machines without a
//! `mongod`.

use std::env;
use std::path::{Path, PathBuf};

use tokio::process::Command;

use crate::DevstackError;
use crate::cache;
use crate::command::{Program, run};
use crate::home;
use crate::launch::Launch;

const PACKAGE: &str = "secantus-mdb";
const VERSION: &str = "0.5.3-beta.196";
const BINARY: &str = "bin/secantusd-rs";

/// Without it an acknowledged write is lost when the process is killed.
const LOG_EVERY_COMMIT: (&str, &str) = (
    "SECANTUS_WT_CONFIG_EXTRA",
    "transaction_sync=(enabled=true,method=none)",
);

const TO_BUILD: [Program; 3] = [
    Program {
        name: "cargo",
        purpose: "to build the MongoDB stand-in",
        install: "install Rust with rustup; or install mongod, set MONGODB_URI or start Docker",
    },
    Program {
        name: "cmake",
        purpose: "to build the MongoDB stand-in",
        install: "apt-get install cmake; or install mongod, set MONGODB_URI or start Docker",
    },
    Program {
        name: "c++",
        purpose: "to build the MongoDB stand-in",
        install: "apt-get install g++; or install mongod, set MONGODB_URI or start Docker",
    },
];

pub(super) async fn launch(home: &Path, port: u16) -> Result<Launch, DevstackError> {
    let program = program().await?;
    let data = home::create(&home.join("secantus"))?;
    let port_text = port.to_string();
    let mut command = vec![program.into(), "--storage-path".into(), data.clone().into()];
    command.extend(
        [
            "--host",
            "127.0.0.1",
            "--port",
            &port_text,
            "--cache-size",
            "512M",
            "--log-level",
            "WARNING",
            "--log-file-max",
            "16MB",
        ]
        .map(Into::into),
    );
    Ok(Launch {
        command,
        port,
        variables: vec![LOG_EVERY_COMMIT],
        data,
    })
}

async fn program() -> Result<PathBuf, DevstackError> {
    let what = "MongoDB stand-in: building secantusd-rs once for this machine (about 6 minutes)";
    let name = format!("{PACKAGE}-{VERSION}");
    let folder = cache::folder(&name, BINARY, what, async |folder| {
        for program in TO_BUILD {
            program.require()?;
        }
        let mut cargo = Command::new("cargo");
        for (name, _) in env::vars_os() {
            if name.to_str().is_some_and(belongs_to_another_build) {
                cargo.env_remove(name);
            }
        }
        let build = folder.join("build");
        run(cargo
            .args(["install", "--quiet", "--locked", "--ignore-rust-version"])
            .args([PACKAGE, "--version", VERSION, "--root"])
            .arg(folder)
            .env("CARGO_TARGET_DIR", &build)
            .current_dir(folder))
        .await?;
        cache::remove(&build)
    })
    .await?;
    Ok(folder.join(BINARY))
}

/// `cargo run` and `cargo test` describe their own build to what they start.
fn belongs_to_another_build(variable: &str) -> bool {
    let of_the_user = ["CARGO_HOME", "CARGO_NET_", "CARGO_HTTP_", "CARGO_REGISTR"];
    let of_cargo = ["CARGO", "RUSTFLAGS", "RUSTC", "LD_LIBRARY_PATH"];
    of_cargo.iter().any(|start| variable.starts_with(start))
        && !of_the_user.iter().any(|start| variable.starts_with(start))
}
