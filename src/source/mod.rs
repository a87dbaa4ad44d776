//! Source texts that people write: files, spans in them, and what is wrong with them.

pub mod file;
pub mod snippet;
pub mod span;

pub use file::{Line, SourceFile};
pub use span::{Site, Span, Spanned};
