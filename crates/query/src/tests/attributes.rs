//! What is said of attributes, and how any value is written.

use super::*;

#[test]
fn an_attribute_is_compared_by_what_a_reader_sees_of_it() {
    let attributes = r#"{"service":"check\"out","n":500,"r":0.5,"ok":true,"none":null,"tags":["a","b",1],"http":{"status":404,"a.b":{"c":"x"}},"http.method":"GET","":1}"#;
    for (query, expected) in [
        ("attr.service=check\"out", true),
        ("attr.service=CHECK\"OUT", false),
        ("attributes.service=check\"out", true),
        ("attributes.http.status=!404", false),
        ("attributes.http", true),
        ("attr.attributes.n=500", false),
        ("attr.n=500", true),
        ("attr.n=50", false),
        ("attr.n=500.0", false),
        ("attr.r=0.5", true),
        ("attr.ok=true", true),
        ("attr.none=null", true),
        ("attr.tags=b", true),
        ("attr.tags=1", true),
        ("attr.tags=c", false),
        ("attr.http.status=404", true),
        ("attr.http.method=GET", true),
        ("attr.http.a.b.c=x", true),
        ("attr.http.a.b.d=x", false),
        ("attr.http", true),
        ("attr.missing", false),
        ("attr.missing=!", true),
        ("attr.n=!", false),
        ("attr.n=!500", false),
        ("attr.n=!501", true),
        ("attr.missing=!500", true),
        ("attr.n=500&attr.ok=true", true),
        ("attr.n=500&attr.ok=false", false),
    ] {
        assert_eq!(
            finds(query, "INFO", "", Some(attributes)),
            expected,
            "{query}"
        );
    }
    assert!(!finds("attr.n", "INFO", "", None));
    assert!(finds("attr.n=!1", "INFO", "", None));
}

#[test]
fn any_value_can_be_asked_for_in_quotes() {
    let attributes = r#"{"empty":"","not":"!x","quote":"\"","line":"a\nb","n":5,"list":["","b"],"nested":{"v":"!"}}"#;
    for (query, expected) in [
        (r#"attr.empty="""#, true),
        (r#"attr.empty=!"""#, false),
        (r#"attr.n="""#, false),
        (r#"attr.n=!"""#, true),
        (r#"attr.missing="""#, false),
        (r#"attr.missing=!"""#, true),
        (r#"attr.list="""#, true),
        (r#"attr.not="!x""#, true),
        (r#"attr.not=!"!x""#, false),
        ("attr.not=!x", true),
        (r#"attr.not="x""#, false),
        (r#"attr.nested.v="!""#, true),
        (r#"attr.quote="\"""#, true),
        (r#"attr.line="a\nb""#, true),
        (r#"attr.n="5""#, true),
    ] {
        let found = finds(query, "INFO", "", Some(attributes));
        assert_eq!(found, expected, "{query}");
    }
}

#[test]
fn what_begins_with_a_quote_and_is_no_json_string_is_refused() {
    for (text, code, said) in [
        (
            "attr.v=\"x",
            "invalid_parameter",
            "attr.KEY has \"\\\"x\", which begins with a quote and is no JSON string: \
             expected \"VALUE\" with \\\" for a quote and \\\\ for a backslash in it",
        ),
        (
            "attr.v=!\"C:\\dir\"",
            "invalid_parameter",
            "attr.KEY has \"\\\"C:\\\\dir\\\"\", which begins",
        ),
        (
            "logLevel=warn,\"x",
            "invalid_parameter",
            "logLevel has \"warn,\\\"x\", which begins",
        ),
    ] {
        let error = parse(text).unwrap_err();
        assert_eq!(error.code(), code, "{text}");
        assert!(error.to_string().starts_with(said), "{error}");
    }
}

#[test]
fn a_level_in_quotes_may_be_empty_or_have_a_comma() {
    for (query, level, expected) in [
        (r#"logLevel="""#, "", true),
        (r#"logLevel="""#, "  ", true),
        (r#"logLevel="""#, "x", false),
        (r#"logLevel="a,b",INFO"#, "A,b", true),
        (r#"logLevel="a,b",INFO"#, "info", true),
        (r#"logLevel="a,b",INFO"#, "a", false),
        (r#"logLevel="warn""#, "Warning", true),
    ] {
        assert_eq!(finds(query, level, "", None), expected, "{query} {level}");
    }
}

proptest! {
    #[test]
    fn every_value_is_found_as_it_is_written_where_it_would_mean_something_else(value: String, level in "[a, \"!]{0,5}") {
        let attributes = serde_json::json!({"k": value}).to_string();
        let written = AttributeFilter::quoted(&value).unwrap_or(value);
        let filter = AttributeFilter::new("k", &written).unwrap();
        let mut goes_on = || true;
        let found = filter.matches(Some(&attributes), &mut Patience::new(&mut goes_on));
        prop_assert_eq!(found, Ok(true));
        let name = level.trim();
        let written = LevelFilter::quoted(name).unwrap_or(name.to_owned());
        let filter = LevelFilter::new(&written).unwrap();
        prop_assert!(filter.matches(logs::severity_of(&level), Some(&level)));
    }
}
