use std::num::NonZeroU32;

use crate::http::{Limits, RateLimit};

/// How much the commands' API takes on.
#[derive(Clone, Copy, Debug, clap::Args)]
#[command(next_help_heading = "Limits")]
pub struct LimitArgs {
    /// Requests in hand at once; more are answered 503 before anything of them is read
    #[arg(
        long,
        env = "MAX_CONCURRENT_REQUESTS",
        default_value = "1024",
        value_name = "NUMBER"
    )]
    max_concurrent_requests: NonZeroU32,

    /// Requests a second from one caller in the long run; more are answered 429 [default: any
    /// number]
    #[arg(long, env = "RATE_LIMIT_PER_SECOND", value_name = "NUMBER")]
    rate_limit_per_second: Option<NonZeroU32>,

    /// Requests a caller that was quiet may send at once [default: those of one second]
    #[arg(
        long,
        env = "RATE_LIMIT_BURST",
        value_name = "NUMBER",
        requires = "rate_limit_per_second"
    )]
    rate_limit_burst: Option<NonZeroU32>,
}

impl LimitArgs {
    pub fn limits(&self) -> Limits {
        Limits {
            concurrent: self.max_concurrent_requests.get() as usize,
            rate: RateLimit::of(self.rate_limit_per_second, self.rate_limit_burst),
        }
    }
}
