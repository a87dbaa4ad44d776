//! The drawer of carets.

use super::span::Site;

/// The place of a finding: file, line, and the text under a caret with a remark. No colours; ends with a line end.
#[must_use]
pub fn draw_site(site: &Site, label: &str) -> String {
    let number = site.line.to_string();
    let gutter = " ".repeat(number.len());
    let before = " ".repeat(site.column.saturating_sub(1) as usize);
    let caret = "^".repeat((site.width as usize).min(site.text.len().max(1)));
    format!(
        "{gutter}--> {}:{}:{}\n{number} | {}\n{gutter} | {before}{caret} {label}\n",
        site.file, site.line, site.column, site.text
    )
}
