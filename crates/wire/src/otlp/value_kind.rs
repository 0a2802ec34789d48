//! The kinds of values in JSON, by their names.

/// The kind that a member of a value gives it, by its name in the protocol's JSON or in its messages.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Boolean,
    Number,
    Array,
    Object,
}

impl Kind {
    pub(super) fn of(name: &str) -> Option<Self> {
        Some(match name {
            "stringValue" | "string_value" | "bytesValue" | "bytes_value" => Self::Text,
            "boolValue" | "bool_value" => Self::Boolean,
            "intValue" | "int_value" | "doubleValue" | "double_value" => Self::Number,
            "arrayValue" | "array_value" => Self::Array,
            "kvlistValue" | "kvlist_value" => Self::Object,
            _ => return None,
        })
    }
}
