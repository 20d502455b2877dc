use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Lets this process have as many files and sockets open as it may, and limits `connections` to
/// half of that: with the other half servers are reached, logs written and files read.
pub fn connections_within_limit(connections: usize) -> usize {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        tracing::warn!(%error, "the limit of open files stays as it is");
    }
    let half = getrlimit(Resource::Nofile).current.map(|files| files / 2);
    let half = half.and_then(|files| usize::try_from(files).ok());
    match half {
        Some(half) if half < connections => {
            tracing::warn!(
                wanted = connections,
                allowed = half,
                "connections are limited by the limit of open files"
            );
            half
        }
        _ => connections,
    }
}
