//! One answer as it is described, put together from all that may be said with its status.

use super::shapes::{Shape, any_of};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use utoipa::openapi::example::{Example, ExampleBuilder};
use utoipa::openapi::extensions::ExtensionsBuilder;
use utoipa::openapi::header::Header;
use utoipa::openapi::{ContentBuilder, RefOr, Response, ResponseBuilder};

/// The answer.
#[derive(Clone, Default)]
pub(super) struct Told {
    about: Option<&'static str>,
    codes: BTreeSet<&'static str>,
    headers: BTreeMap<&'static str, Shape>,
    contents: BTreeMap<String, Content>,
}

#[derive(Clone, Default)]
struct Content {
    shapes: Vec<Shape>,
    examples: BTreeMap<&'static str, Value>,
}

impl Told {
    /// What is answered.
    pub(super) fn about(&mut self, about: &'static str) {
        self.about = Some(about);
    }

    /// One of the codes that its errors have.
    pub(super) fn code(&mut self, code: &'static str) {
        self.codes.insert(code);
    }

    /// A header that it may have.
    pub(super) fn header(&mut self, name: &'static str, shape: Shape) {
        self.headers.insert(name, shape);
    }

    /// A type that its body may have, and how that looks.
    pub(super) fn content(&mut self, media_type: &str, shape: Shape) {
        let content = self.contents.entry(media_type.to_owned()).or_default();
        if !content.shapes.contains(&shape) {
            content.shapes.push(shape);
        }
    }

    /// A body of this type, for example, unless it is nothing.
    pub(super) fn example(&mut self, media_type: &str, name: &'static str, value: Value) {
        if value.is_null() {
            return;
        }
        if let Some(content) = self.contents.get_mut(media_type) {
            content.examples.insert(name, value);
        }
    }

    /// All that another one says as well.
    pub(super) fn merge(&mut self, other: Self) {
        self.about = self.about.or(other.about);
        self.codes.extend(other.codes);
        self.headers.extend(other.headers);
        for (media_type, content) in other.contents {
            for shape in content.shapes {
                self.content(&media_type, shape);
            }
            for (name, value) in content.examples {
                self.example(&media_type, name, value);
            }
        }
    }

    /// Whether it says an error.
    pub(super) fn is_refusal(&self) -> bool {
        self.about.is_none()
    }

    /// As the document has it.
    pub(super) fn response(self) -> Response {
        let quoted: Vec<_> = self.codes.iter().map(|code| format!("`{code}`")).collect();
        let codes = quoted.join(", ");
        let about = match (self.about, self.codes.is_empty()) {
            (Some(about), true) => about.to_owned(),
            (Some(about), false) => format!("{about} Or an error: {codes}."),
            (None, _) => format!("An error: {codes}."),
        };
        let mut response = ResponseBuilder::new().description(about);
        if !self.codes.is_empty() {
            let codes: Vec<Value> = self.codes.into_iter().map(Value::from).collect();
            let codes = ExtensionsBuilder::new().add("x-codes", codes);
            response = response.extensions(Some(codes.build()));
        }
        for (name, shape) in self.headers {
            response = response.header(name, Header::new(shape));
        }
        for (
            media_type,
            Content {
                mut shapes,
                examples,
            },
        ) in self.contents
        {
            let shape = match shapes.len() {
                1 => shapes.pop(),
                _ => Some(any_of(shapes)),
            };
            let examples = examples
                .into_iter()
                .map(|(name, value)| (name, example(value)));
            let content = ContentBuilder::new().schema(shape);
            response = response.content(media_type, content.examples_from_iter(examples).build());
        }
        response.build()
    }
}

/// A value for example.
pub(super) fn example(value: Value) -> RefOr<Example> {
    ExampleBuilder::new().value(Some(value)).into()
}
