//! What proves to the server who we are: fixed credentials, or access tokens of OAuth 2.0 that are fetched and renewed
//! while a run goes on. Secrets come from the environment and from files, and are shown nowhere.

mod answer;
mod assertion;
mod credentials;
mod discovery;
mod key;
mod oauth;
mod problem;
mod secrets;
mod tokens;

pub use answer::Granted;
pub use credentials::{AuthError, Credentials, SecretPlace};
pub use discovery::{SmartConfiguration, token_url};
pub use key::{Algorithm, KeyError, SigningKey};
pub use oauth::{ClientProof, OAuth};
pub use problem::{Clock, TokenError};
pub use secrets::Secrets;
pub use tokens::{Reach, Tokens};
