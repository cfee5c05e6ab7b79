//! Which operation a request is, and whether it may be sent at all.
//!
//! # Guards against
//!
//! Calls that nobody decided about: a path that no operation names, or one that we and the provider could read differently.
//!
//! # Rule
//!
//! A method and a path are exactly one operation, or the call is not sent.
//! Segment by segment from the left, a literal beats a parameter, a parameter with more literal text around it beats one with less, and every parameter beats `**`.
//! HEAD is not GET.
//! Where the contract lists callers, nobody else calls, and each of them only what its entry names.
//! A path with two readings is not sent: dot segments, empty segments inside, encoded slashes and backslashes, control bytes, broken percent-encoding.
//!
//! # States
//!
//! [`Routes`], built once from the contract.
//!
//! # Units and bounds
//!
//! One pass over the path and at most one visit per node of the tree; nothing is allocated.
//!
//! # Says
//!
//! The operation's index, or [`Unmatched`]; for the request itself a [`Refusal`].
//!
//! # Sources
//!
//! RFC 3986 sections 2.1, 3.3 and 6.2.2; OWASP Server-Side Request Forgery Prevention Cheat Sheet.

use http::Method;

use crate::provider::{CallerIndex, Key, KeyOrigin, OpIndex, Operation, Priority, Provider};
use crate::refusal::{Reason, Refusal};
use crate::step::Request;

mod path;

pub use path::Ambiguity;

/// Finds the operation of a method and path.
#[derive(Clone, Debug, Default)]
pub struct Routes {
    /// One tree per method; few, so a list.
    trees: Vec<(Method, usize)>,
    nodes: Vec<Node>,
}

/// Why a request is no operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unmatched {
    /// The path has more than one reading.
    Ambiguous(Ambiguity),
    /// No operation has this method and path.
    Unknown,
}

/// Why templates do not make routes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RouteError {
    /// Two operations are the same method and path.
    Duplicate {
        /// The earlier.
        first: OpIndex,
        /// The later.
        second: OpIndex,
    },
    /// A template is not a path, or has two readings.
    Template {
        /// Whose.
        operation: OpIndex,
        /// What is wrong with it.
        fault: TemplateFault,
    },
}

/// What is wrong with a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TemplateFault {
    /// It does not begin with a slash.
    NoSlash,
    /// Its literal text has more than one reading.
    Ambiguous(Ambiguity),
    /// A brace without its partner, or an empty name.
    Brace,
    /// Two parameters in one segment.
    TwoParameters,
    /// `**` that is not the last segment, or a star elsewhere.
    Star,
}

impl Routes {
    /// Routes of these operations; templates such as `/v1/charges/{charge}`, `/v1/models/{model}:run`, `/v1/**`.
    ///
    /// # Errors
    ///
    /// A template that is not a path, or two operations with the same method and path.
    pub fn build(operations: &[(Method, &str, OpIndex)]) -> Result<Self, RouteError> {
        let mut routes = Self::default();
        for (method, template, operation) in operations {
            routes.add(method, template, *operation)?;
        }
        Ok(routes)
    }

    /// The operation of a method and a path (without its query).
    ///
    /// # Errors
    ///
    /// A path with more than one reading, or one that no operation has.
    pub fn find(&self, method: &Method, path: &str) -> Result<OpIndex, Unmatched> {
        path::unambiguous(path.as_bytes()).map_err(Unmatched::Ambiguous)?;
        let rest = path.strip_prefix('/').ok_or(Unmatched::Unknown)?;
        self.trees
            .iter()
            .find(|(ours, _)| ours == method)
            .and_then(|(_, root)| self.descend(*root, rest))
            .ok_or(Unmatched::Unknown)
    }

    /// The methods that have an operation at a path; none where the path has more than one reading.
    pub fn methods(&self, path: &str) -> impl Iterator<Item = &Method> {
        let rest = path::unambiguous(path.as_bytes()).ok().and_then(|()| path.strip_prefix('/'));
        let here = move |root| rest.and_then(|rest| self.descend(root, rest)).is_some();
        self.trees.iter().filter(move |(_, root)| here(*root)).map(|(method, _)| method)
    }

    /// The best match below a node; `rest` is the path after the slash that led here.
    fn descend(&self, node: usize, rest: &str) -> Option<OpIndex> {
        let node = self.nodes.get(node)?;
        // Segments are short: a plain look at their bytes costs less than a search.
        let (segment, after) = match rest.bytes().position(|byte| byte == b'/') {
            Some(end) => (rest.get(..end)?, rest.get(end + 1..)),
            None => (rest, None),
        };
        let descend = |next: usize| match after {
            Some(after) => self.descend(next, after),
            None => self.nodes.get(next)?.here,
        };
        node.literal(segment)
            .and_then(descend)
            .or_else(|| {
                let fits = |parameter: &&Parameter| parameter.takes(segment);
                node.parameters.iter().filter(fits).find_map(|parameter| descend(parameter.next))
            })
            .or(node.below)
    }

    fn add(
        &mut self,
        method: &Method,
        template: &str,
        operation: OpIndex,
    ) -> Result<(), RouteError> {
        let fault = |fault| RouteError::Template { operation, fault };
        let path = template.strip_prefix('/').ok_or(fault(TemplateFault::NoSlash))?;
        let mut node = self.root(method);
        let mut segments = path.split('/').peekable();
        while let Some(segment) = segments.next() {
            if segment == "**" {
                if segments.peek().is_some() {
                    return Err(fault(TemplateFault::Star));
                }
                let place = self.nodes.get_mut(node).map(|node| &mut node.below);
                return claim(place, operation);
            }
            let pattern = Pattern::parse(segment).map_err(fault)?;
            node = self.child(node, &pattern);
        }
        path::unambiguous(template.as_bytes())
            .map_err(|ambiguity| fault(TemplateFault::Ambiguous(ambiguity)))?;
        claim(self.nodes.get_mut(node).map(|node| &mut node.here), operation)
    }

    fn root(&mut self, method: &Method) -> usize {
        if let Some((_, root)) = self.trees.iter().find(|(ours, _)| ours == method) {
            return *root;
        }
        let root = self.grow();
        self.trees.push((method.clone(), root));
        root
    }

    /// The child of a node for a pattern, made where it is missing.
    fn child(&mut self, node: usize, pattern: &Pattern<'_>) -> usize {
        let next = self.nodes.len();
        let Some(parent) = self.nodes.get_mut(node) else { return node };
        match *pattern {
            Pattern::Literal(literal) => {
                match parent.literals.binary_search_by(|(ours, _)| (**ours).cmp(literal)) {
                    Ok(known) => return parent.literals.get(known).map_or(node, |(_, next)| *next),
                    Err(place) => parent.literals.insert(place, (literal.into(), next)),
                }
            }
            Pattern::Parameter { before, after } => {
                let same = |ours: &&Parameter| *ours.before == *before && *ours.after == *after;
                if let Some(known) = parent.parameters.iter().find(same) {
                    return known.next;
                }
                let parameter = Parameter { before: before.into(), after: after.into(), next };
                let place =
                    parent.parameters.partition_point(|ours| ours.weight() >= parameter.weight());
                parent.parameters.insert(place, parameter);
            }
        }
        self.grow()
    }

    fn grow(&mut self) -> usize {
        self.nodes.push(Node::default());
        self.nodes.len() - 1
    }
}

/// A place in a tree: what may follow, and what ends here.
#[derive(Clone, Debug, Default)]
struct Node {
    /// Sorted.
    literals: Vec<(Box<str>, usize)>,
    /// Those with more literal text first.
    parameters: Vec<Parameter>,
    /// The operation whose path ends here.
    here: Option<OpIndex>,
    /// The operation of everything below (`**`).
    below: Option<OpIndex>,
}

impl Node {
    /// The child whose literal a segment spells.
    fn literal(&self, segment: &str) -> Option<usize> {
        let spelled = if self.literals.len() <= FEW {
            self.literals.iter().find(|(ours, _)| **ours == *segment)
        } else {
            let place = self.literals.binary_search_by(|(ours, _)| (**ours).cmp(segment)).ok();
            place.and_then(|place| self.literals.get(place))
        };
        // Only a segment with percent-encoding can spell a literal in another way.
        let found = match spelled {
            None if segment.contains('%') => {
                self.literals.iter().find(|(ours, _)| path::same(segment, ours))
            }
            found => found,
        };
        found.map(|(_, next)| *next)
    }
}

/// So many literals are compared one by one: lengths tell most of them apart.
const FEW: usize = 8;

#[derive(Clone, Debug)]
struct Parameter {
    before: Box<str>,
    after: Box<str>,
    next: usize,
}

impl Parameter {
    fn weight(&self) -> usize {
        self.before.len() + self.after.len()
    }

    /// Whether a segment fits; a parameter is never empty.
    fn takes(&self, segment: &str) -> bool {
        segment.len() > self.weight()
            && segment.starts_with(&*self.before)
            && segment.ends_with(&*self.after)
    }
}

/// One segment of a template.
enum Pattern<'a> {
    Literal(&'a str),
    Parameter { before: &'a str, after: &'a str },
}

impl<'a> Pattern<'a> {
    fn parse(segment: &'a str) -> Result<Self, TemplateFault> {
        if segment.contains('*') {
            return Err(TemplateFault::Star);
        }
        let Some((before, rest)) = segment.split_once('{') else {
            let lone = segment.contains('}');
            return if lone { Err(TemplateFault::Brace) } else { Ok(Self::Literal(segment)) };
        };
        let (name, after) = rest.split_once('}').ok_or(TemplateFault::Brace)?;
        if after.contains('{') {
            return Err(TemplateFault::TwoParameters);
        }
        if name.is_empty() || name.contains('{') || before.contains('}') || after.contains('}') {
            return Err(TemplateFault::Brace);
        }
        Ok(Self::Parameter { before, after })
    }
}

fn claim(place: Option<&mut Option<OpIndex>>, operation: OpIndex) -> Result<(), RouteError> {
    match place {
        Some(Some(first)) => Err(RouteError::Duplicate { first: *first, second: operation }),
        Some(free) => {
            *free = Some(operation);
            Ok(())
        }
        None => Ok(()),
    }
}

/// Whether a request of a known operation may be sent at all.
///
/// # Errors
///
/// A caller that may not do this, a body that is known to be larger than the operation allows, or a required key
/// that is missing.
pub fn look(provider: &Provider, operation: &Operation, request: &Request) -> Result<(), Refusal> {
    look_at_caller(provider, request.operation, request.caller)?;
    if request.body.bytes.is_some_and(|bytes| bytes > operation.bodies.request_max) {
        return Err(Refusal::now(Reason::BodyTooLarge));
    }
    if requires_key(&operation.key) && !request.keyed {
        return Err(Refusal::now(Reason::KeyMissing));
    }
    Ok(())
}

/// Whether this caller may call at all: worth asking before a body is read.
///
/// # Errors
///
/// The contract lists callers, and not this one for this operation.
pub fn look_at_caller(
    provider: &Provider,
    operation: OpIndex,
    caller: Option<CallerIndex>,
) -> Result<(), Refusal> {
    if provider.callers.is_empty() || provider.callers_listed() == 0 {
        return Ok(());
    }
    let caller = caller.and_then(|at| provider.callers.get(usize::from(at.0)));
    if caller.is_some_and(|caller| caller.may(operation)) {
        return Ok(());
    }
    Err(Refusal::now(Reason::NotAllowed))
}

/// How urgent a call is: what was asked for, as far as operation and caller allow it.
#[must_use]
pub fn priority(
    provider: &Provider,
    operation: &Operation,
    caller: Option<CallerIndex>,
    asked: Priority,
) -> Priority {
    let caller = caller.and_then(|at| provider.callers.get(usize::from(at.0)));
    let ceiling = caller.map_or(Priority::Critical, |caller| caller.priority);
    // Most urgent first: the latest of the three is what operation and caller allow at most.
    asked.max(operation.priority).max(ceiling)
}

/// Whether the caller itself must send a key.
#[must_use]
pub const fn requires_key(key: &Key) -> bool {
    match key {
        Key::None => false,
        Key::Header { origin, .. } | Key::Body { origin, .. } => {
            matches!(origin, KeyOrigin::Required)
        }
    }
}

#[cfg(test)]
mod tests;
