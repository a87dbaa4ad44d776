//! Source texts that people write: files, spans in them, and what is wrong with them.

pub mod diagnostic;
pub mod file;
pub mod json;
pub mod snippet;
pub mod span;

pub use diagnostic::{Diagnostic, Diagnostics, Severity};
pub use file::{Line, SourceFile};
pub use snippet::Paint;
pub use span::{Site, Span, Spanned};
