//! Whether a case sends only what may be sent.

use super::PlannedCase;
use crate::exchange::Permission;
use crate::suite::{Action, Step};
use crate::verdict::{Reason, ReasonKind};

/// Why a case is left out; `None` where all its requests may be sent. The first step that may not decides.
pub(super) fn why_not(planned: &PlannedCase, permission: &Permission) -> Option<Reason> {
    let case = &planned.case;
    let lists = [
        ("setup step", &case.setup),
        ("step", &case.steps),
        ("clean-up step", &case.cleanup),
    ];
    for (word, list) in lists {
        for (number, step) in (1..).zip(list) {
            let Some((method, path)) = asked(planned, step) else {
                continue;
            };
            if let Some(why) = permission.forbids(method, &path) {
                let shown = if path.is_empty() { "[base]" } else { &path };
                return Some(Reason {
                    kind: ReasonKind::NotAllowed,
                    text: format!("{word} {number} sends {method} {shown}: {why}"),
                });
            }
        }
    }
    None
}

/// The method and the path of a step, as far as they are known before it is performed.
fn asked<'a>(planned: &PlannedCase, step: &'a Step) -> Option<(&'a str, String)> {
    let method = step.method()?;
    let url = match &step.action {
        Action::Interaction { url, .. } | Action::Request { url, .. } => url,
        Action::Assert => return None,
    };
    let written = planned.case.source.slice(url.span).trim_matches(['\'', '"']);
    let mut path = match &planned.resource_type {
        Some(resource_type) => written.replace("${type}", resource_type),
        None => written.to_owned(),
    };
    if step.form.is_some() && !path.contains("_search") && !path.contains('$') {
        let at = path.find('?').unwrap_or(path.len());
        path.insert_str(at, "/_search");
    }
    Some((method, path))
}
