use std::io::{ErrorKind, Result, StdoutLock, Write};

/// Standard output. Once nobody reads it any more what is written is dropped: a command that ends
/// by its own status must not fail for want of a reader.
pub struct Out(StdoutLock<'static>);

pub fn out() -> Out {
    Out(std::io::stdout().lock())
}

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        unread(self.0.write(bytes), bytes.len())
    }

    fn flush(&mut self) -> Result<()> {
        unread(self.0.flush(), ())
    }
}

fn unread<T>(written: Result<T>, all: T) -> Result<T> {
    match written {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(all),
        written => written,
    }
}
