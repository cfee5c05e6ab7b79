//! Requests and responses of `reqwest` through contracts; behind the feature `reqwest`.
//!
//! Only its types are used: no connection, no TLS and no retry of that client has a part in a call.

use http::Request;
use reqwest::ResponseBuilderExt;

use super::Outwright;
use super::account::Account;
use super::error::Error;
use super::terms::Terms;
use crate::telemetry::TurnedAway;

impl Outwright {
    /// Sends a request of `reqwest` to the provider that its URL leads to, in the place of `reqwest::Client::execute`.
    ///
    /// Its timeout is the caller's; redirects are told and not followed. The [`Account`] is in the extensions.
    ///
    /// # Errors
    ///
    /// As [`Outwright::call`]; a URL that lies below no contract's `base_url` is `provider-unknown`.
    pub async fn execute(&self, request: reqwest::Request) -> Result<reqwest::Response, Error> {
        self.execute_under(Terms::new(), request).await
    }

    /// The same under these terms.
    ///
    /// # Errors
    ///
    /// As [`Outwright::execute`].
    pub async fn execute_under(
        &self,
        mut terms: Terms,
        request: reqwest::Request,
    ) -> Result<reqwest::Response, Error> {
        terms.timeout = terms.timeout.into_iter().chain(request.timeout().copied()).min();
        let url = request.url().clone();
        let request = Request::<reqwest::Body>::try_from(request);
        // What a URL may hold, and a URI may not.
        let mut request = request.map_err(|_| {
            Error::turned_away(TurnedAway::BadRequest, Account::nothing(), Vec::new())
        })?;
        request.extensions_mut().insert(terms);
        let provider = self.provider_of(&request).unwrap_or_default();
        let (head, body) = self.call(&provider, request).await?.into_parts();
        let response = http::Response::builder().url(url).body(reqwest::Body::wrap(body));
        let mut response = response.expect("nothing but a URL cannot be a bad head");
        *response.status_mut() = head.status;
        *response.version_mut() = head.version;
        *response.headers_mut() = head.headers;
        response.extensions_mut().extend(head.extensions);
        Ok(response.into())
    }
}
