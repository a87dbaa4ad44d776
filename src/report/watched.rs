//! A writer between a library and the outside, which counts, and remembers why the outside refused.

use std::error::Error;
use std::io::{self, Write};

/// Counts what is written and keeps the first error, which libraries wrap in errors of their own.
pub(super) struct Watched<'a> {
    out: &'a mut dyn Write,
    written: usize,
    error: Option<io::Error>,
}

impl<'a> Watched<'a> {
    pub fn new(out: &'a mut dyn Write) -> Self {
        Self {
            out,
            written: 0,
            error: None,
        }
    }

    /// How many bytes were written.
    pub const fn written(&self) -> usize {
        self.written
    }

    /// What a library returned, with the error of the outside where there was one.
    pub fn unwrap_error<T>(&mut self, result: Result<T, impl Error + Send + Sync + 'static>) -> io::Result<T> {
        result.map_err(|error| self.error.take().unwrap_or_else(|| io::Error::other(error)))
    }
}

impl Write for Watched<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.out.write(bytes) {
            Ok(written) => {
                self.written += written;
                Ok(written)
            }
            Err(error) => {
                let kind = error.kind();
                // An interrupted write is tried again and is no failure.
                if kind != io::ErrorKind::Interrupted {
                    self.error.get_or_insert(error);
                }
                Err(kind.into())
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
