//! How a tester proves to the server who they are, and the command lines of `auth`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::{ConfigFileArgs, TargetArgs};

/// How a tester proves to the server who they are, from the command line or from a file: plain values, and no secret among
/// them. What they come to is settled in [`cli::auth`](crate::cli::auth).
#[derive(Clone, Debug, Default, PartialEq, Eq, Args)]
#[command(next_help_heading = "Authorization (secrets come from the environment or from files)")]
pub struct AuthSettings {
    /// The environment variable that holds a bearer token
    #[arg(long, value_name = "NAME")]
    pub bearer_env: Option<String>,
    /// The file that holds a bearer token
    #[arg(long, value_name = "FILE")]
    pub bearer_file: Option<PathBuf>,
    /// The environment variable that holds 'user:password'
    #[arg(long, value_name = "NAME")]
    pub basic_env: Option<String>,
    /// The file that holds 'user:password'
    #[arg(long, value_name = "FILE")]
    pub basic_file: Option<PathBuf>,
    /// A header whose value an environment variable holds, as HEADER=NAME (may be repeated), such as X-Api-Key=MY_KEY
    #[arg(long = "header-env", value_name = "HEADER=NAME")]
    pub header_envs: Vec<String>,
    /// The client id for OAuth 2.0 client credentials or SMART Backend Services; with a secret, a key or a certificate
    #[arg(long, value_name = "CLIENT_ID")]
    pub oauth_client: Option<String>,
    /// The environment variable that holds the client's secret
    #[arg(long, value_name = "NAME")]
    pub oauth_secret_env: Option<String>,
    /// The file that holds the client's secret
    #[arg(long, value_name = "FILE")]
    pub oauth_secret_file: Option<PathBuf>,
    /// Where the client's secret goes in the token request; in the header by default
    #[arg(long, value_enum, value_name = "PLACE")]
    pub oauth_secret_in: Option<SecretIn>,
    /// The file of the client's private key, in PEM: RSA signs with RS384, P-384 with ES384
    #[arg(long, value_name = "FILE")]
    pub oauth_key: Option<PathBuf>,
    /// The environment variable that holds the client's private key, in PEM
    #[arg(long, value_name = "NAME")]
    pub oauth_key_env: Option<String>,
    /// The kid under which the key is registered; by default its thumbprint, as `auth jwks` prints it
    #[arg(long, value_name = "KID")]
    pub oauth_kid: Option<String>,
    /// The scopes to ask for, parted by spaces (may be repeated), such as 'system/*.read'
    #[arg(long = "oauth-scope", value_name = "SCOPES")]
    pub oauth_scopes: Vec<String>,
    /// The audience of client assertions, where it is not the token URL
    #[arg(long, value_name = "URL")]
    pub oauth_audience: Option<String>,
    /// A further parameter of the token request, as NAME=VALUE (may be repeated), such as resource=URL
    #[arg(long = "oauth-param", value_name = "NAME=VALUE")]
    pub oauth_params: Vec<String>,
    /// The token endpoint; by default what BASE_URL/.well-known/smart-configuration names
    #[arg(long, value_name = "URL")]
    pub token_url: Option<String>,
    /// The certificate to show to a server that asks for one (mutual TLS), in PEM, with its chain
    #[arg(long, value_name = "FILE")]
    pub client_cert: Option<PathBuf>,
    /// The private key of --client-cert, where it is not in the same file
    #[arg(long, value_name = "FILE")]
    pub client_key: Option<PathBuf>,
    /// Send credentials over plain HTTP to other machines too, where everybody on the way can read them
    #[arg(long)]
    pub credentials_over_http: bool,
}

/// Where a client's secret goes: into the Authorization header (client_secret_basic) or the body (client_secret_post). Said here
/// and not of each value: a value with words of its own makes the help of all options twice as long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs)]
pub enum SecretIn {
    Header,
    Body,
}

/// `auth`
#[derive(Debug, Args)]
pub struct AuthArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: AuthCommand,
}

/// What to do about authorization.
#[derive(Debug, Subcommand)]
pub enum AuthCommand {
    /// Get a token, use it, and say what is wrong where that fails
    Check(Box<AuthCheckArgs>),
    /// Print the public half of a private key as a JWKS, to be registered with the authorization server
    Jwks(AuthJwksArgs),
}

/// `auth check`
#[derive(Debug, Args)]
pub struct AuthCheckArgs {
    /// The server.
    #[command(flatten)]
    pub target: TargetArgs,
    /// Which configuration.
    #[command(flatten)]
    pub configuration: ConfigFileArgs,
}

/// `auth jwks`
#[derive(Debug, Args)]
pub struct AuthJwksArgs {
    /// The private key, in PEM (may be repeated: old and new while a key is replaced)
    #[arg(long = "key", required = true, value_name = "FILE")]
    pub keys: Vec<PathBuf>,
    /// The kid, where it is not to be the thumbprint
    #[arg(long, value_name = "KID")]
    pub kid: Option<String>,
}
