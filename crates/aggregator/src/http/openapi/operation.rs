//! An address and a method as they are described: what may be asked, what is needed, and every answer.

use super::refusals::{
    ANYWHERE, Form, OF_BODY, OF_ENCODING, OF_HEAD, OF_RATE, OF_TAKING, OF_TOKEN, OWN, refusals,
};
use super::shapes::Shape;
use super::told::{Told, example};
use crate::access::Scope;
use serde_json::Value;
use std::collections::BTreeMap;
use utoipa::openapi::path::{Operation, OperationBuilder, Parameter};
use utoipa::openapi::request_body::{RequestBody, RequestBodyBuilder};
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{Content, ContentBuilder, HttpMethod, Required, Response};

/// How a token may be given, wherever one is needed; each by the name of its component.
const WAYS: [&str; 4] = ["bearer", "basic", "apiKey", "authorization"];

/// The description of one method of one address.
pub(super) struct Described {
    pub(super) method: HttpMethod,
    pub(super) path: String,
    name: String,
    form: Form,
    pub(super) scope: Option<Scope>,
    pub(super) codes: Vec<&'static str>,
    told: BTreeMap<u16, Told>,
    operation: OperationBuilder,
}

impl Described {
    /// What is done at an address, by a name for programs and in some words.
    pub(super) fn new(method: HttpMethod, path: &str, name: &str, summary: &str) -> Self {
        Self {
            method,
            path: path.to_owned(),
            name: name.to_owned(),
            form: OWN,
            scope: None,
            codes: ANYWHERE.to_vec(),
            told: BTreeMap::new(),
            operation: OperationBuilder::new().summary(Some(summary)),
        }
    }

    /// Under which heading it stands.
    pub(super) fn under(mut self, tag: &str) -> Self {
        self.operation = self.operation.tag(tag);
        self
    }

    /// More about it.
    pub(super) fn about(mut self, about: &str) -> Self {
        self.operation = self.operation.description(Some(about));
        self
    }

    /// What a token has to be for.
    pub(super) fn needs(mut self, scope: Scope) -> Self {
        self.scope = Some(scope);
        self.refuses(OF_TOKEN)
    }

    /// Records in a body that may be compressed, and what that comes to.
    pub(super) fn takes_records(self) -> Self {
        let all = [OF_BODY, OF_ENCODING, OF_TAKING, OF_RATE];
        all.into_iter().fold(self, Self::refuses)
    }

    /// How its protocol says an error.
    pub(super) fn in_form(mut self, form: Form) -> Self {
        self.form = form;
        self
    }

    /// Codes that its errors may have.
    pub(super) fn refuses(mut self, codes: &[&'static str]) -> Self {
        self.codes.extend(codes);
        self
    }

    /// What may stand in its address and its head.
    pub(super) fn parameters(mut self, parameters: impl IntoIterator<Item = Parameter>) -> Self {
        let parameters = parameters.into_iter();
        self.operation = parameters.fold(self.operation, OperationBuilder::parameter::<Parameter>);
        self
    }

    /// What is sent: for each type its form, and an example.
    pub(super) fn body<const N: usize>(mut self, kinds: [(&str, Shape, Value); N]) -> Self {
        self.operation = self.operation.request_body(Some(body(kinds)));
        self
    }

    /// An answer that is no error.
    pub(super) fn answers(mut self, status: u16, about: &'static str) -> Self {
        self.told.entry(status).or_default().about(about);
        self
    }

    /// Its body, and an example.
    pub(super) fn with(
        mut self,
        status: u16,
        media_type: &str,
        shape: Shape,
        value: Value,
    ) -> Self {
        let told = self.told.entry(status).or_default();
        told.content(media_type, shape);
        told.example(media_type, "example", value);
        self
    }

    /// A header that it may have.
    pub(super) fn header(mut self, status: u16, name: &'static str, shape: Shape) -> Self {
        self.told.entry(status).or_default().header(name, shape);
        self
    }

    /// As the document has it; `keep` gives each response that is an error a place.
    pub(super) fn operation(
        self,
        mut keep: impl FnMut(&str, u16, Response) -> utoipa::openapi::Ref,
    ) -> Operation {
        let mut all = self.told;
        let refused = refusals(self.form, self.codes.into_iter());
        let unread = refusals(OWN, OF_HEAD.iter().copied());
        for (status, told) in refused.into_iter().chain(unread) {
            all.entry(status).or_default().merge(told);
        }
        let mut operation = self.operation.operation_id(Some(self.name));
        for (status, told) in all {
            operation = match told.is_refusal() {
                true => operation.response(
                    status.to_string(),
                    keep(self.form.schema, status, told.response()),
                ),
                false => operation.response(status.to_string(), told.response()),
            };
        }
        security(self.scope)
            .fold(operation, OperationBuilder::security)
            .build()
    }
}

fn body<const N: usize>(kinds: [(&str, Shape, Value); N]) -> RequestBody {
    let body = RequestBodyBuilder::new().required(Some(Required::True));
    let kinds = kinds.into_iter();
    kinds
        .fold(body, |body, (media_type, shape, value)| {
            body.content(media_type, content(shape, value))
        })
        .build()
}

fn content(shape: Shape, value: Value) -> Content {
    let content = ContentBuilder::new().schema(Some(shape));
    match value {
        Value::Null => content.build(),
        value => content
            .examples_from_iter([("example", example(value))])
            .build(),
    }
}

/// A token in one of its ways, with its scope; or none, while there are no tokens.
fn security(scope: Option<Scope>) -> impl Iterator<Item = SecurityRequirement> {
    let none = scope.map(|_| SecurityRequirement::default());
    let ways = scope
        .into_iter()
        .flat_map(|scope| WAYS.map(|way| SecurityRequirement::new(way, [scope.name()])));
    none.into_iter().chain(ways)
}
