//! The document, put together from what is described beside this file.

use super::operation::Described;
use super::{
    deleting, elasticsearch, general, health, operating, reading, senders, sending, splunk, tags,
};
use crate::http::error::codes::CODES;
use crate::http::error::{ErrorBody, RecordError, Warning};
use crate::http::ingest::native;
use crate::http::operate::batches;
use crate::ingest::intake::Durability;
use serde_json::{Value, json};
use std::collections::HashMap;
use utoipa::ToSchema;
use utoipa::openapi::extensions::ExtensionsBuilder;
use utoipa::openapi::info::{InfoBuilder, LicenseBuilder};
use utoipa::openapi::schema::{SchemaType, Type};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{
    Components, ComponentsBuilder, OpenApi, OpenApiBuilder, Paths, Ref, RefOr, Response, Schema,
    ServerBuilder,
};

const ABOUT: &str = "Takes batches of logs, keeps them, and gives them back. \
    An error has a `code` that stays the same and a `message`, or the form of its sender's protocol; the codes stand in `x-codes`. \
    `503` and `429` come with `Retry-After`. Where `GET` is answered, `HEAD` is, too; another method is `405` with `Allow`. \
    Every answer has an `X-Request-Id`, that of the request where it has one of 1 to 128 visible ASCII characters.";

/// Every address with each of its methods.
pub(super) fn described() -> Vec<Described> {
    let parts = [
        sending::described(),
        reading::described(),
        operating::described(),
        deleting::described(),
        general::described(),
        health::described(),
        senders::described(),
        splunk::described(),
        elasticsearch::described(),
    ];
    parts.into_iter().flatten().collect()
}

/// The document.
pub(super) fn document() -> OpenApi {
    let mut shared = Shared::default();
    let mut paths = Paths::new();
    for address in described() {
        let (path, method) = (address.path.clone(), address.method.clone());
        let operation = address.operation(|form, status, told| shared.keep(form, status, told));
        paths.add_path_operation(path, vec![method], operation);
    }
    let license = LicenseBuilder::new().name(env!("CARGO_PKG_LICENSE"));
    let license = license.identifier(Some(env!("CARGO_PKG_LICENSE")));
    let info = InfoBuilder::new()
        .title("Logs in, logs out")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(ABOUT))
        .license(Some(license.build()));
    let codes: Vec<Value> = CODES
        .iter()
        .map(|code| json!({"code": code.name, "status": code.status, "example": code.sentence}))
        .collect();
    let mut document = OpenApiBuilder::new()
        .info(info)
        .servers(Some([ServerBuilder::new().url("/").build()]))
        .tags(Some(tags::all()))
        .paths(paths)
        .components(Some(components(shared)))
        .build();
    document.extensions = Some(ExtensionsBuilder::new().add("x-codes", codes).build());
    document
}

/// Responses that several addresses have, each once.
#[derive(Default)]
struct Shared {
    names: HashMap<String, String>,
    responses: Vec<(String, Response)>,
}

impl Shared {
    fn keep(&mut self, form: &str, status: u16, response: Response) -> Ref {
        let form = match form {
            "" => "Sentence",
            form => form,
        };
        // Nothing in it can fail to be written, and equal ones are written equally.
        let text = serde_json::to_value(&response)
            .unwrap_or_default()
            .to_string();
        let name = self
            .names
            .entry(format!("{form} {status} {text}"))
            .or_insert_with(|| {
                let prefix = format!("{form}{status}");
                let of_prefix = self
                    .responses
                    .iter()
                    .filter(|(name, _)| name.starts_with(&prefix));
                let name = match of_prefix.count() {
                    0 => prefix,
                    count => format!("{prefix}No{}", count + 1),
                };
                self.responses.push((name.clone(), response));
                name
            });
        Ref::from_response_name(name.clone())
    }
}

fn components(shared: Shared) -> Components {
    let derived = [
        derived::<ErrorBody>(),
        derived::<RecordError>(),
        derived::<Warning>(),
        derived::<native::Success>(),
        derived::<Durability>(),
        derived::<batches::Answer>(),
    ];
    let components = ComponentsBuilder::new().schemas_from_iter(derived);
    let schemas = [
        sending::schemas(),
        reading::schemas(),
        operating::schemas(),
        deleting::schemas(),
        general::schemas(),
        health::schemas(),
        senders::schemas(),
        splunk::schemas(),
        elasticsearch::schemas(),
    ];
    let components = components.schemas_from_iter(schemas.into_iter().flatten());
    let components = components.responses_from_iter(shared.responses);
    let ways = [
        ("bearer", http(HttpAuthScheme::Bearer, "The token.")),
        (
            "basic",
            http(
                HttpAuthScheme::Basic,
                "The token as the password, with any user.",
            ),
        ),
        (
            "apiKey",
            in_header("X-API-Key", "The token; `DD-API-KEY` is the same."),
        ),
        (
            "authorization",
            in_header(
                "Authorization",
                "`Splunk TOKEN`, `Token TOKEN`, or `ApiKey` with the token alone or as `id:TOKEN` in base64.",
            ),
        ),
    ];
    let ways = ways.into_iter();
    ways.fold(components, |components, (name, scheme)| {
        components.security_scheme(name, scheme)
    })
    .build()
}

/// A type that is answered as it is. What it may lack is missing then, and never null.
fn derived<T: ToSchema>() -> (String, RefOr<Schema>) {
    let mut schema = T::schema();
    if let RefOr::T(Schema::Object(object)) = &mut schema {
        for member in object.properties.values_mut() {
            if let RefOr::T(Schema::Object(member)) = member
                && let SchemaType::Array(types) = &member.schema_type
                && let [kind, Type::Null] = types.as_slice()
            {
                member.schema_type = SchemaType::Type(kind.clone());
            }
        }
    }
    (T::name().into_owned(), schema)
}

fn http(scheme: HttpAuthScheme, about: &str) -> SecurityScheme {
    let mut http = Http::new(scheme);
    http.description = Some(about.to_owned());
    SecurityScheme::Http(http)
}

fn in_header(name: &str, about: &str) -> SecurityScheme {
    SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::with_description(name, about)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::openapi::refusals::OF_HEAD;

    #[test]
    fn every_code_that_an_address_is_said_to_have_is_one() {
        for Described { path, codes, .. } in described() {
            for code in codes.into_iter().chain(OF_HEAD.iter().copied()) {
                let is_one = CODES.iter().any(|known| known.name == code);
                assert!(is_one, "{path}: {code}");
            }
        }
    }
}
