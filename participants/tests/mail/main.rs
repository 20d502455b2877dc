//! Mails as the development stack's mail catcher got them, and mail servers that do not take them.
#![cfg(test)]

mod content;
mod delivery;
mod fixture;
mod refusals;
mod scripted;
mod tls;
