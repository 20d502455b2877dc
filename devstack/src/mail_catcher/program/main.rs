//! Catches mail in development: takes every message over SMTP, keeps it in a folder, delivers
//! nothing, and shows what it has on a web page.
//!
//! usage: mail-catcher FOLDER SMTP-ADDRESS PAGE-ADDRESS
//!
//! Compiled by `rustc` alone where it is needed, so it uses nothing but the standard library.

mod mime;
mod page;
mod smtp;
mod store;
mod web;

use std::io;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use store::Store;

/// Of clients that say nothing.
const PATIENCE: Duration = Duration::from_secs(300);

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, smtp, page] = arguments.as_slice() else {
        eprintln!("usage: mail-catcher FOLDER SMTP-ADDRESS PAGE-ADDRESS");
        return ExitCode::FAILURE;
    };
    match run(Path::new(folder), smtp, page) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("mail-catcher: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(folder: &Path, smtp: &str, page: &str) -> io::Result<()> {
    let store = Arc::new(Store::open(folder)?);
    let bind = |address: &str| {
        TcpListener::bind(address)
            .map_err(|error| io::Error::new(error.kind(), format!("{address}: {error}")))
    };
    let (smtp, page) = (bind(smtp)?, bind(page)?);
    let shown = Arc::clone(&store);
    thread::spawn(move || serve(&page, &shown, web::answer));
    let faults = Arc::new(smtp::Faults::default());
    serve(&smtp, &store, move |stream, store| {
        smtp::converse(stream, store, &faults)
    });
    Ok(())
}

/// A thread for each connection. What goes wrong with one is its client's to notice.
fn serve(
    listener: &TcpListener,
    store: &Arc<Store>,
    session: impl Fn(&TcpStream, &Store) -> io::Result<()> + Clone + Send + 'static,
) {
    for stream in listener.incoming() {
        let (store, session) = (Arc::clone(store), session.clone());
        let started = thread::Builder::new().spawn(move || {
            let stream = stream?;
            stream.set_read_timeout(Some(PATIENCE))?;
            stream.set_write_timeout(Some(PATIENCE))?;
            stream.set_nodelay(true)?;
            session(&stream, &store)
        });
        if let Err(error) = started {
            eprintln!("mail-catcher: no thread for a connection: {error}");
        }
    }
}
