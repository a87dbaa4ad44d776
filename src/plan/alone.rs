//! Resource types of which a server need not keep an instance as it keeps others, though it claims to create them.

/// Why a case about any type says nothing of this one; `None` where it does.
pub(super) fn why_not(resource_type: &str) -> Option<&'static str> {
    Some(match resource_type {
        "Binary" => {
            "a Binary is its content: a server may keep that alone, and answer a read with it (binary.html#rest)"
        }
        "OperationOutcome" => {
            "an OperationOutcome is part of an answer: nobody could tell what was stored from what went wrong"
        }
        "Parameters" => {
            "Parameters are sent to operations and by them; there is no endpoint for them (parameters.html)"
        }
        "Subscription" => "a Subscription sets the server to work: it changes by itself, and sends notifications",
        "SubscriptionStatus" => "a SubscriptionStatus is part of a notification and is not kept by itself",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn most_types_stand_alone() {
        assert!(why_not("Patient").is_none() && why_not("Bundle").is_none());
        assert!(why_not("Subscription").is_some_and(|text| text.contains("notifications")));
    }
}
