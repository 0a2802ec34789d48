//! Schemas in few words.

use utoipa::openapi::schema::{
    AdditionalProperties, AnyOfBuilder, ArrayBuilder, KnownFormat, ObjectBuilder, Schema,
    SchemaFormat, SchemaType, Type,
};
use utoipa::openapi::{Ref, RefOr};

/// A schema, or where it stands.
pub(super) type Shape = RefOr<Schema>;

/// The component with this name.
pub(super) fn named(name: &str) -> Shape {
    Ref::from_schema_name(name).into()
}

/// Text.
pub(super) fn text(about: &str) -> Shape {
    of(Type::String, about).into()
}

/// Text of this form, which is an expression of JSON Schema.
pub(super) fn text_like(pattern: &str, about: &str) -> Shape {
    of(Type::String, about).pattern(Some(pattern)).into()
}

/// A moment.
pub(super) fn time(about: &str) -> Shape {
    let format = SchemaFormat::KnownFormat(KnownFormat::DateTime);
    of(Type::String, about).format(Some(format)).into()
}

/// Bytes as they are.
pub(super) fn bytes(about: &str) -> Shape {
    let format = SchemaFormat::KnownFormat(KnownFormat::Binary);
    of(Type::String, about).format(Some(format)).into()
}

/// One of these words.
pub(super) fn one_of(words: &[&str], about: &str) -> Shape {
    let words = words.iter().copied();
    of(Type::String, about).enum_values(Some(words)).into()
}

/// A whole number that is not negative.
pub(super) fn count(about: &str) -> Shape {
    of(Type::Integer, about).minimum(Some(0)).into()
}

/// The same, or null.
pub(super) fn nullable_count(about: &str) -> Shape {
    let types = [Type::Integer, Type::Null].into_iter();
    let number = ObjectBuilder::new().schema_type(types.collect::<SchemaType>());
    number.minimum(Some(0)).description(Some(about)).into()
}

/// A whole number within bounds.
pub(super) fn count_from(least: usize, most: usize, about: &str) -> Shape {
    let number = of(Type::Integer, about).minimum(Some(least));
    number.maximum(Some(most)).into()
}

/// Yes or no.
pub(super) fn truth(about: &str) -> Shape {
    of(Type::Boolean, about).into()
}

/// Whatever JSON there is.
pub(super) fn anything(about: &str) -> Shape {
    let any = ObjectBuilder::new().schema_type(SchemaType::AnyValue);
    any.description(Some(about)).into()
}

/// So many of these.
pub(super) fn list(items: Shape) -> Shape {
    ArrayBuilder::new().items(items).into()
}

/// One of these.
pub(super) fn any_of(shapes: impl IntoIterator<Item = Shape>) -> Shape {
    let shapes = shapes.into_iter();
    shapes
        .fold(AnyOfBuilder::new(), AnyOfBuilder::item::<Shape>)
        .into()
}

/// An object with these members; a name that ends with a question mark is one that may be missing.
pub(super) fn object<const N: usize>(about: &str, members: [(&str, Shape); N]) -> Shape {
    with_members(about, members).into()
}

/// The same, which may have others besides.
pub(super) fn open_object<const N: usize>(about: &str, members: [(&str, Shape); N]) -> Shape {
    let open = AdditionalProperties::FreeForm(true);
    let object = with_members(about, members);
    object.additional_properties(Some(open)).into()
}

/// An object whose members all have this form, whatever they are called.
pub(super) fn map(of_each: Shape, about: &str) -> Shape {
    let map = of(Type::Object, about);
    map.additional_properties(Some(AdditionalProperties::RefOr(of_each)))
        .into()
}

fn with_members<const N: usize>(about: &str, members: [(&str, Shape); N]) -> ObjectBuilder {
    let object = of(Type::Object, about);
    members.into_iter().fold(object, |object, (name, shape)| {
        match name.strip_suffix('?') {
            Some(name) => object.property(name, shape),
            None => object.property(name, shape).required(name),
        }
    })
}

fn of(kind: Type, about: &str) -> ObjectBuilder {
    let about = (!about.is_empty()).then_some(about);
    ObjectBuilder::new().schema_type(kind).description(about)
}
