//! The callers of a deployment: their tokens, and who of them is asked for one.

use std::sync::Arc;

use outwright::Caller;
use outwright::wallet::{TokenFault, Tokens, watch_tokens};

use crate::config::{Config, StartError};
use crate::door::{Access, Ask, Reach};
use crate::token::{SALT_FILE, Token};

/// The callers of a deployment.
#[derive(Clone, Debug)]
pub(crate) struct Callers {
    /// None where the deployment names nobody.
    tokens: Option<Arc<Tokens>>,
    ask: Ask,
}

impl Callers {
    /// The callers that a setup names. Reads their tokens, and makes what their keys are made with.
    ///
    /// # Errors
    ///
    /// That cannot be read or made.
    pub(crate) fn of(config: &Config) -> Result<Self, StartError> {
        let ask = if config.tokens_required { Ask::Everywhere } else { Ask::Elsewhere };
        if config.callers.is_empty() {
            return Ok(Self { tokens: None, ask });
        }
        let (salt, _) = Token::of(config.state.as_deref(), SALT_FILE)
            .map_err(|(path, cause)| StartError::Token(path, cause))?;
        let known = |(name, source): &(String, _)| {
            (Arc::new(Caller::new(name, salt.reveal().as_bytes())), Clone::clone(source))
        };
        let tokens = Tokens::open(config.callers.iter().map(known).collect(), config.dev);
        Ok(Self { tokens: Some(Arc::new(tokens)), ask })
    }

    /// Who comes in through a listener.
    pub(crate) fn access(&self, reach: Reach) -> Access {
        Access::of(self.tokens.as_ref(), reach, self.ask)
    }

    /// The callers whose tokens name nobody now.
    pub(crate) fn faults(&self) -> Vec<(String, TokenFault)> {
        let faults = self.tokens.iter().flat_map(|tokens| tokens.faults());
        faults.map(|(name, fault)| (name.to_owned(), fault)).collect()
    }

    /// Reads tokens again when they change, as long as the runtime of this core lives.
    pub(crate) fn watch(&self) {
        if let Some(tokens) = &self.tokens {
            drop(tokio::task::spawn_local(watch_tokens(Arc::clone(tokens))));
        }
    }
}
