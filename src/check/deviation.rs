//! Documented deviations: where a system's document contradicts the specification, the document judges.

use super::{Context, Reading, assume};
use crate::verdict::{Documented, Finding, Outcome};

/// Turns findings that a documented deviation explains into notes that tell it. One explains a broken rule only where the
/// response is as the document says; any other break stays what it is.
pub fn settle(findings: &mut [Finding], reading: &Reading<'_>, cx: &Context<'_>) {
    for finding in findings {
        if matches!(finding.outcome, Outcome::Pass | Outcome::Unjudged) {
            continue;
        }
        let mut of_rule = cx
            .deviations
            .iter()
            .filter(|deviation| deviation.requirement.value == finding.rule.id);
        let documented = of_rule.find(|deviation| assume(&deviation.response, reading, cx).is_ok());
        if let (Some(deviation), Some(mismatch)) = (documented, &mut finding.mismatch) {
            finding.outcome = Outcome::Note;
            mismatch.judgement = Some(format!(
                "a documented deviation: {} ({})",
                deviation.says, deviation.source
            ));
            mismatch.deviation = Some(Documented {
                says: deviation.says.clone(),
                source: deviation.source.clone(),
            });
        }
    }
}
