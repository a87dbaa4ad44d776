//! What a run may send: everything, everything but writes, some writes, or nothing but GET and HEAD.

/// What a run may send.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Permission {
    /// Everything.
    #[default]
    Everything,
    /// Nothing that may change what the server stores. A search by POST changes nothing.
    NoWrites,
    /// These writes and no others.
    Only(Vec<Write>),
    /// GET and HEAD alone.
    ReadOnly,
}

/// Writes of one kind: a method on a resource type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Write {
    /// POST, PUT, PATCH or DELETE.
    pub method: String,
    /// The first segment after the base; empty for what is sent to the base itself.
    pub resource_type: String,
}

impl Permission {
    /// Why a request may not be sent; `None` where it may. `path` is what follows the base URL, with or without a query.
    #[must_use]
    pub fn forbids(&self, method: &str, path: &str) -> Option<&'static str> {
        match self {
            Self::Everything => None,
            Self::ReadOnly => {
                (!matches!(method, "GET" | "HEAD")).then_some("--read-only lets nothing but GET and HEAD through")
            }
            Self::NoWrites => may_write(method, path)
                .then_some("writing is for servers on this machine, and for others with --allow-writes"),
            Self::Only(allowed) => {
                let is_allowed = |write: &Write| write.method == method && write.resource_type == first_segment(path);
                (may_write(method, path) && !allowed.iter().any(is_allowed))
                    .then_some("the description of the system does not list it among what may be written")
            }
        }
    }
}

/// Whether a request may change what the server stores.
fn may_write(method: &str, path: &str) -> bool {
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let is_search = method == "POST" && path.trim_end_matches('/').rsplit('/').next() == Some("_search");
    !matches!(method, "GET" | "HEAD" | "OPTIONS") && !is_search
}

fn first_segment(path: &str) -> &str {
    let path = path.trim_start_matches('/');
    path.split(['/', '?', '#']).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The requests that are let through.
    fn passing(permission: &Permission) -> Vec<&'static str> {
        let requests = [
            "GET Patient/1",
            "HEAD Patient/1",
            "OPTIONS metadata",
            "POST Patient/_search",
            "POST Patient/_search?x=1",
            "POST Patient",
            "POST Patient?_search",
            "POST ",
            "POST Patient/$match",
            "PUT Patient/1",
            "PUT Observation/1",
            "PATCH Patient/1",
            "DELETE Patient/1/_search",
            "QUERY Patient",
            "get Patient/1",
        ];
        let passes = |request: &&str| {
            let (method, path) = request.split_once(' ').unwrap();
            permission.forbids(method, path).is_none()
        };
        requests.into_iter().filter(passes).collect()
    }

    #[test]
    fn what_may_write_needs_permission() {
        assert_eq!(passing(&Permission::Everything).len(), 15);
        let reads = ["GET Patient/1", "HEAD Patient/1"];
        assert_eq!(passing(&Permission::ReadOnly), reads);
        let harmless = [
            "GET Patient/1",
            "HEAD Patient/1",
            "OPTIONS metadata",
            "POST Patient/_search",
            "POST Patient/_search?x=1",
        ];
        assert_eq!(passing(&Permission::NoWrites), harmless);
        let write = |method: &str, resource_type: &str| Write {
            method: method.into(),
            resource_type: resource_type.into(),
        };
        let some = Permission::Only(vec![write("PUT", "Patient"), write("POST", "")]);
        assert_eq!(passing(&some), [&harmless[..], &["POST ", "PUT Patient/1"]].concat());
    }
}
