//! `auth`: whether the credentials for a server are good, and the public half of a key.

use std::time::Instant;

use serde_json::{Value, json};
use url::Url;

use crate::cli::args::{AuthArgs, AuthCheckArgs, AuthCommand, AuthJwksArgs};
use crate::cli::exit::Exit;
use crate::cli::{Failure, auth, print, settings};
use crate::exchange::{Body, Exchange, Headers, Request};
use crate::fhir::{CapabilityStatement, media_type};
use crate::transport::auth::{ClientProof, Granted, OAuth, TokenError, Tokens};
use crate::transport::{Client, Target, Transport, TransportError, probe};

/// Does what is asked of authorization.
///
/// # Errors
/// Settings that cannot be used, and whatever keeps the server from letting us in.
pub fn auth(args: &AuthArgs) -> Result<Exit, Failure> {
    match &args.command {
        AuthCommand::Check(args) => check(args),
        AuthCommand::Jwks(args) => jwks(args),
    }
}

/// Prints the public halves of keys.
fn jwks(args: &AuthJwksArgs) -> Result<Exit, Failure> {
    if args.kid.is_some() && args.keys.len() > 1 {
        let why = "--kid names one key, and there are several; without it each is named after its thumbprint";
        return Err(Failure::new(Exit::Usage, why));
    }
    let keys = auth::keys(&args.keys).map_err(|problems| Failure::new(Exit::Usage, problems.to_string()))?;
    let jwks: Vec<Value> = keys
        .iter()
        .map(|key| key.jwks(args.kid.as_deref())["keys"][0].take())
        .collect();
    print(&format!("{:#}\n", json!({ "keys": jwks })))?;
    Ok(Exit::Success)
}

/// Gets a token where one has to be got, and asks the server for something with it.
fn check(args: &AuthCheckArgs) -> Result<Exit, Failure> {
    let target = &args.target;
    let Some(base) = &target.base else {
        return Err(Failure::new(
            Exit::Usage,
            "a base URL is missing: `fhir-assay auth check BASE_URL` with the options of `run`",
        ));
    };
    let base = probe::base_url(base)?;
    let client = settings::client(target, &base, 1, Instant::now())?;
    if !client.credentials().has_secrets() && target.auth.client_cert.is_none() {
        return Err(Failure::new(
            Exit::Usage,
            "there are no credentials to check; `fhir-assay auth check --help` names the ways under Authorization",
        ));
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Exit::Unjudged, error.to_string()))?;
    runtime.block_on(async {
        let granted = match client.credentials().tokens() {
            Some(tokens) => Some((tokens.oauth(), granted(tokens, &client).await?)),
            None => {
                tell("credentials", "as they were given; nothing has to be fetched")?;
                None
            }
        };
        let capability = match target.assume.as_deref().map(settings::assumed).transpose()? {
            Some(assumed) => assumed,
            None => Target::probe(&client, &base, target.fhir).await?.0.capability,
        };
        tell("metadata", &format!("GET {base}/metadata: 200"))?;
        used(&client, &base, &capability, granted.as_ref()).await
    })
}

/// A line of the report.
fn tell(name: &str, text: &str) -> Result<(), Failure> {
    print(&format!("{name:16}{text}\n"))
}

/// Gets a token, and tells how.
async fn granted(tokens: &Tokens, client: &Client) -> Result<std::sync::Arc<Granted>, Failure> {
    let oauth = tokens.oauth();
    let reach = |url: &Url| client.without_credentials(url);
    let proof = match &oauth.proof {
        ClientProof::Assertion { key, kid } => format!(" with {}, kid {kid}", key.algorithm().name()),
        _ => String::new(),
    };
    tell(
        "client",
        &format!("{}, {}{proof}", oauth.client_id, oauth.proof.method()),
    )?;
    let failed = async |error: TokenError| {
        let smart = tokens.smart_configuration().await;
        let ways = error.ways_out(oauth, smart.as_ref());
        let ways: String = ways.iter().map(|way| format!("\n  - {way}")).collect();
        Failure::new(Exit::Unjudged, format!("there is no access token: {error}{ways}"))
    };
    let endpoint = match tokens.endpoint(&reach).await {
        Ok(endpoint) => endpoint,
        Err(error) => return Err(failed(error).await),
    };
    let found = match oauth.token_url {
        Some(_) => "as it was given",
        None => "from the SMART configuration of the server",
    };
    let mut shown = endpoint.clone();
    shown.set_query(None);
    tell("token endpoint", &format!("{shown}, {found}"))?;
    let granted = match tokens.granted(&reach).await {
        Ok(granted) => granted,
        Err(error) => return Err(failed(error).await),
    };
    let life = granted.lifetime.map_or_else(
        || "granted; the server does not say for how long".to_owned(),
        |life| format!("granted for {} s", life.as_secs()),
    );
    tell("token", &life)?;
    match &granted.scope {
        Some(scope) => tell("scope", scope)?,
        None if oauth.scope.is_empty() => tell("scope", "none was asked for, and the server does not say")?,
        None => tell("scope", &format!("{}, as it was asked for", oauth.scope))?,
    }
    if let Some(missing) = missing_scopes(oauth, &granted) {
        tell("", &format!("not granted: {missing}"))?;
    }
    if let Some(skew) = granted.clock.skew() {
        tell("clock", &skew)?;
    }
    Ok(granted)
}

/// What was asked for and not granted.
fn missing_scopes(oauth: &OAuth, granted: &Granted) -> Option<String> {
    let scope = granted.scope.as_ref()?;
    let missing: Vec<&str> = oauth
        .scope
        .split_whitespace()
        .filter(|asked| !scope.split_whitespace().any(|known| known == *asked))
        .collect();
    (!missing.is_empty()).then(|| missing.join(" "))
}

/// Asks for something that is not open to everybody, with the credentials and without.
async fn used(
    client: &Client,
    base: &Url,
    capability: &CapabilityStatement,
    granted: Option<&(&OAuth, std::sync::Arc<Granted>)>,
) -> Result<Exit, Failure> {
    let searched = |name: &str| {
        let claims = capability.resources.get(name)?;
        let code = crate::fhir::Interaction::SearchType.code();
        claims
            .interactions
            .iter()
            .any(|known| known == code)
            .then(|| name.to_owned())
    };
    let mut names = std::iter::once("Patient").chain(capability.resources.keys().map(|name| &**name));
    let Some(name) = names.find_map(searched) else {
        tell("use", "not tried: the server claims no search")?;
        return Ok(Exit::Success);
    };
    let url = format!("{base}/{name}?_count=1");
    let with = ask(client, &url, false).await?;
    let status = with.response.status;
    tell("use", &format!("GET {url}: {status}"))?;
    match status {
        401 => {
            let challenge = with.response.headers.get("www-authenticate");
            let said = challenge.map_or_else(String::new, |text| format!(" ({text})"));
            let way = match granted {
                Some(_) => {
                    "\n  - is the token meant for this server? Some authorization servers want to know which: \
                     --oauth-param resource=URL or audience=URL\n  - does the server trust this authorization server?"
                }
                None => "\n  - are they credentials of this server, and do they still hold?",
            };
            Err(Failure::new(
                Exit::Unjudged,
                format!("the server does not take the credentials{said}{way}"),
            ))
        }
        403 => {
            let missing = granted.and_then(|(oauth, granted)| missing_scopes(oauth, granted));
            let way = match (granted, missing) {
                (_, Some(missing)) => format!("; {missing} was asked for and not granted"),
                (Some(_), None) => "; --oauth-scope asks for more, such as 'system/*.read'".to_owned(),
                (None, None) => String::new(),
            };
            Err(Failure::new(
                Exit::Unjudged,
                format!("the server takes the credentials, but they do not allow this{way}"),
            ))
        }
        _ => {
            let without = ask(client, &url, true).await?.response.status;
            let meaning = match without {
                401 | 403 => "the server asks for credentials",
                200..=299 => "the server answers without credentials too",
                _ => "whether the server asks for credentials is not clear",
            };
            tell("without", &format!("GET {url}: {without}; {meaning}"))?;
            Ok(Exit::Success)
        }
    }
}

/// A GET, with the credentials or without.
async fn ask(client: &Client, url: &str, anonymous: bool) -> Result<Exchange, Failure> {
    let mut headers = Headers::from_iter([("Accept", media_type::FHIR_JSON)]);
    if anonymous {
        // An empty header holds the credentials back, and is not sent itself.
        headers.push("Authorization", "");
    }
    let request = Request {
        method: "GET".into(),
        url: url.to_owned(),
        headers,
        body: Body::Empty,
    };
    client
        .perform(&request)
        .await
        .map_err(|error: TransportError| Failure::new(Exit::Unjudged, format!("GET {url}: {error}")))
}
