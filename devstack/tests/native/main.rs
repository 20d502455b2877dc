//! Native servers, really started: none of these tests uses a server named by the environment
//! or one in a container.

mod clients;
mod faults;
mod mail_catcher;
mod owner;
mod rerun;
mod sharing;
mod stack;
