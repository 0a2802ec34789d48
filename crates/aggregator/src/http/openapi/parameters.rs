//! What may stand in an address, and in the head of a request.

use super::shapes::{self, Shape, count_from, one_of, text, text_like};
use serde_json::{Value, json};
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn, ParameterStyle};
use utoipa::openapi::schema::{AdditionalProperties, ObjectBuilder, Schema, Type};
use utoipa::openapi::{Deprecated, RefOr, Required};

/// A parameter behind the question mark.
pub(super) fn query(name: &str, shape: Shape, example: impl Into<Value>) -> Parameter {
    given(ParameterIn::Query, name, shape)
        .example(Some(example.into()))
        .build()
}

/// The same, without which nothing is done.
pub(super) fn needed_query(name: &str, shape: Shape, example: &str) -> Parameter {
    given(ParameterIn::Query, name, shape)
        .required(Required::True)
        .example(Some(example.into()))
        .build()
}

/// The same as a query, as it was meant once.
pub(super) fn old_query(name: &str, shape: Shape, example: impl Into<Value>) -> Parameter {
    given(ParameterIn::Query, name, shape)
        .deprecated(Some(Deprecated::True))
        .example(Some(example.into()))
        .build()
}

/// A header.
pub(super) fn header(name: &str, shape: Shape) -> Parameter {
    given(ParameterIn::Header, name, shape).build()
}

/// A part of the path.
pub(super) fn path(name: &str, shape: Shape, example: &str) -> Parameter {
    given(ParameterIn::Path, name, shape)
        .required(Required::True)
        .example(Some(example.into()))
        .build()
}

/// What it is about stands with its shape, and is told of the parameter.
fn given(place: ParameterIn, name: &str, mut shape: Shape) -> ParameterBuilder {
    let about = match &mut shape {
        RefOr::T(Schema::Object(object)) => object.description.take(),
        _ => None,
    };
    ParameterBuilder::new()
        .name(name)
        .parameter_in(place)
        .required(Required::False)
        .description(about)
        .schema(Some(shape))
}

/// How a body is packed; `others` are taken as well.
pub(super) fn content_encoding(others: &[&str]) -> Parameter {
    let encodings = [&["gzip", "deflate", "zstd", "identity", "x-gzip"], others].concat();
    header(
        "Content-Encoding",
        one_of(&encodings, "How the body is compressed."),
    )
}

/// What every address that reads has, but for the order.
pub(super) fn filters() -> Vec<Parameter> {
    const TIME: &str = "RFC 3339, a date, seconds, ms, µs or ns since 1970, `now`, `today`, `yesterday`, or before now such as `-15m`.";
    vec![
        query(
            "startTime",
            text(&format!("Records at or after this time: {TIME}")),
            "-15m",
        ),
        query(
            "endTime",
            text(&format!("Records before this time: {TIME}")),
            "2124-10-08T10:00:00+02:00",
        ),
        query(
            "logLevel",
            text(
                "Records of one of these levels, in any spelling, with commas between them; also given several times.",
            ),
            "ERROR,WARN",
        ),
        query(
            "minLevel",
            text(
                "Records of this level or a worse one: TRACE, DEBUG, INFO, WARN, ERROR or FATAL, in any spelling.",
            ),
            "WARN",
        ),
        query(
            "q",
            text(
                "Records whose message contains this text, in any case of its letters; up to 16, all required.",
            ),
            "connection",
        ),
        query(
            "word",
            text(
                "Records whose message contains this text as whole words; up to 16, all required.",
            ),
            "refused",
        ),
        query(
            "caseSensitive",
            one_of(
                &["true", "false"],
                "Whether `q` and `word` tell capital from small letters.",
            ),
            "true",
        ),
        query(
            "regex",
            text(
                "Records in whose message this expression of Rust's `regex` is found; up to 16, all required.",
            ),
            "took [0-9]{3,}ms",
        ),
        attributes(),
    ]
}

/// Names that begin with `attr.`, as many as there are attributes.
fn attributes() -> Parameter {
    let about = "`attr.KEY=VALUE`: records whose attribute has this value; dots lead into objects. `=!VALUE`: that do not have it; \
                 without a value: that have the attribute; `=!`: that do not. `\"VALUE\"` for any value, as in JSON. `attributes.KEY` is the same.";
    let names = ObjectBuilder::new().schema_type(Type::String);
    let names = names.pattern(Some("^(attr|attributes)\\.[A-Za-z0-9_.-]+$"));
    let values = AdditionalProperties::RefOr(text(""));
    let shape = ObjectBuilder::new()
        .schema_type(Type::Object)
        .property_names(Some(Schema::from(names)))
        .additional_properties(Some(values));
    given(ParameterIn::Query, "attr.KEY", shape.into())
        .description(Some(about))
        .style(Some(ParameterStyle::Form))
        .explode(Some(true))
        .example(Some(json!({ "attr.http.status": "500" })))
        .build()
}

/// Which records come first.
pub(super) fn order() -> Parameter {
    let order = one_of(&["asc", "desc"], "The oldest first, or the newest.");
    query("order", order, "desc")
}

/// A number of things.
pub(super) fn number(name: &str, (least, most): (usize, usize), about: &str) -> Parameter {
    query(name, count_from(least, most, about), least.max(1))
}

/// The id of a record.
pub(super) fn record_id() -> Parameter {
    let id = text_like(
        "^[0-9a-f]{40}([0-9a-f]{14})?$",
        "The record's id, as answers have it: 40 hexadecimal digits, or 54.",
    );
    path(
        "id",
        id,
        "97fc57b6e28d4000000000e16b6985706934c744beacc100000002",
    )
}

/// Columns or fields, with commas between them.
pub(super) fn names(name: &str, about: &str, example: &str) -> Parameter {
    query(name, shapes::text(about), example)
}
