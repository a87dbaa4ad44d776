//! Secrets in headers: what must never reach a report, a journal or a recording.

use super::Headers;

/// What stands in the place of a secret.
pub const REDACTED: &str = "***";

/// Headers whose values are secrets, in lower case.
pub const SECRET_HEADERS: [&str; 12] = [
    "authorization",
    "proxy-authorization",
    "cookie",
    "set-cookie",
    "x-api-key",
    "api-key",
    "apikey",
    "x-auth-token",
    "x-access-token",
    "x-amz-security-token",
    "x-csrf-token",
    "ocp-apim-subscription-key",
];

/// Whether the values of a header are secrets.
#[must_use]
pub fn is_secret(name: &str) -> bool {
    SECRET_HEADERS.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// Puts `***` in the place of every secret. `also` names further secret headers, such as those that the person who runs
/// the harness gave on the command line.
pub fn redact(headers: &mut Headers, also: &[String]) {
    let hides = |name: &str| is_secret(name) || also.iter().any(|other| other.eq_ignore_ascii_case(name));
    headers.overwrite(hides, REDACTED);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_go_and_all_else_stays() {
        let mut headers: Headers = [
            ("AUTHORIZATION", "Bearer abc"),
            ("X-Tenant-Key", "k"),
            ("Accept", "*/*"),
        ]
        .into_iter()
        .collect();
        redact(&mut headers, &["x-tenant-key".to_owned()]);
        let lines: Vec<_> = headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        assert_eq!(lines, ["AUTHORIZATION: ***", "X-Tenant-Key: ***", "Accept: */*"]);
    }
}
