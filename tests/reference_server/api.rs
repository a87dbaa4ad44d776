//! A client for the tests of the reference server: over a real socket, and as short to write as a request is to say.

#![allow(dead_code, missing_docs)]

use fhir_assay::fhir::FhirVersion;
use fhir_assay::server::{Options, Running, Server};
use serde_json::{Value, json};

/// One running server and a client for it.
pub struct Api {
    client: reqwest::Client,
    server: Running,
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    headers: reqwest::header::HeaderMap,
    pub text: String,
    pub body: Value,
}

impl Answer {
    /// A header, or nothing.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map(|value| value.to_str().unwrap())
            .unwrap_or_default()
    }

    /// The media type without its parameters.
    pub fn media_type(&self) -> &str {
        self.header("content-type").split(';').next().unwrap()
    }

    /// Panics unless this is an error of that status with an OperationOutcome that tells its reason.
    #[track_caller]
    pub fn refused(&self, status: u16) {
        assert_eq!(self.status, status, "{}", self.text);
        assert_eq!(self.body["resourceType"], "OperationOutcome", "{}", self.text);
        let issue = &self.body["issue"][0];
        assert_eq!(issue["severity"], "error");
        assert!(
            issue["code"].is_string() && !issue["diagnostics"].as_str().unwrap().is_empty(),
            "{issue}"
        );
        assert!(self.media_type().ends_with("json"), "{}", self.media_type());
    }

    /// The id of the resource in the body.
    pub fn id(&self) -> String {
        self.body["id"]
            .as_str()
            .unwrap_or_else(|| panic!("no id in {}", self.text))
            .to_owned()
    }

    /// The URL of a link of a Bundle.
    pub fn link(&self, relation: &str) -> Option<String> {
        let links = self.body["link"].as_array()?;
        let found: Vec<_> = links.iter().filter(|link| link["relation"] == relation).collect();
        assert!(found.len() <= 1, "{relation} stands once");
        Some(found.first()?["url"].as_str()?.to_owned())
    }

    /// The ids of the matches of a searchset, in their order.
    pub fn ids(&self) -> Vec<String> {
        assert_eq!(
            (self.status, &self.body["type"]),
            (200, &json!("searchset")),
            "{}",
            self.text
        );
        let entries = self.body["entry"].as_array().cloned().unwrap_or_default();
        let matches = entries.iter().filter(|entry| entry["search"]["mode"] == "match");
        matches
            .map(|entry| entry["resource"]["id"].as_str().unwrap().to_owned())
            .collect()
    }
}

impl Api {
    pub async fn start() -> Self {
        Self::start_with(Options::default()).await
    }

    /// A server of that release.
    pub async fn of_release(release: FhirVersion) -> Self {
        Self::start_with(Options {
            release,
            ..Options::default()
        })
        .await
    }

    pub async fn start_with(options: Options) -> Self {
        Self {
            client: reqwest::Client::new(),
            server: Server::start(options).await.unwrap(),
        }
    }

    pub fn base(&self) -> &str {
        self.server.base_url()
    }

    pub fn server(&self) -> &Running {
        &self.server
    }

    pub async fn stop(self) {
        self.server.stop().await;
    }

    /// Sends a request. A path without `http` is below the base; headers are written `Name: value`.
    pub async fn send(&self, method: &str, path: &str, headers: &[&str], body: Option<String>) -> Answer {
        let url = if path.starts_with("http") {
            path.to_owned()
        } else {
            format!("{}{path}", self.base())
        };
        let mut request = self.client.request(method.parse().unwrap(), url);
        for header in headers {
            let (name, value) = header.split_once(": ").unwrap();
            request = request.header(name, value);
        }
        if let Some(body) = body {
            request = request.body(body);
        }
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.unwrap();
        let body = serde_json::from_str(&text).unwrap_or_default();
        Answer {
            status,
            headers,
            text,
            body,
        }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], None).await
    }

    pub async fn get_with(&self, path: &str, headers: &[&str]) -> Answer {
        self.send("GET", path, headers, None).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, &[], None).await
    }

    pub async fn post(&self, path: &str, body: &Value, headers: &[&str]) -> Answer {
        self.write("POST", path, body, headers).await
    }

    pub async fn put(&self, path: &str, body: &Value, headers: &[&str]) -> Answer {
        self.write("PUT", path, body, headers).await
    }

    pub async fn search_by_post(&self, path: &str, form: &str, headers: &[&str]) -> Answer {
        let headers = [&["Content-Type: application/x-www-form-urlencoded"], headers].concat();
        self.send("POST", path, &headers, Some(form.to_owned())).await
    }

    /// Creates a resource, which has to succeed, and returns its id.
    pub async fn create(&self, resource: &Value) -> String {
        let path = format!("/{}", resource["resourceType"].as_str().unwrap());
        let answer = self.post(&path, resource, &[]).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        answer.id()
    }

    async fn write(&self, method: &str, path: &str, body: &Value, headers: &[&str]) -> Answer {
        let headers = [&["Content-Type: application/fhir+json"], headers].concat();
        self.send(method, path, &headers, Some(body.to_string())).await
    }
}
