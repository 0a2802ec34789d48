//! Flags, turned into the parameters of the service's addresses.

use super::args::{Direction, Output, QueryArgs};
use crate::cli::filters::Parameter;
use form_urlencoded::Serializer;
use record::id::RecordId;

/// What is asked for, in the words of the service.
#[derive(Debug)]
pub(super) struct Request {
    /// All filters, the order and the form.
    search: Vec<Parameter>,
    /// The filters that hold for neighbours as well.
    beside: Vec<Parameter>,
}

impl Request {
    pub(super) fn new(args: &QueryArgs) -> Self {
        let mut search = args.filters.of_records();
        let fields = args.fields.iter();
        search.extend(fields.map(|fields| ("fields".to_owned(), fields.clone())));
        let mut set = |name: &str, value: &str| search.push((name.to_owned(), value.to_owned()));
        if args.order == Direction::Desc {
            set("order", "desc");
        }
        let is_csv = args.output == Output::Csv;
        set("format", if is_csv { "csv" } else { "ndjson" });
        let beside = args.filters.of_attributes();
        search.extend(beside.iter().cloned());
        Self { search, beside }
    }

    /// The parameters for records: `limit` of them, behind `cursor`.
    pub(super) fn search(&self, limit: Option<u64>, cursor: Option<&str>) -> String {
        let mut text = Serializer::new(String::new());
        text.extend_pairs(&self.search);
        if let Some(limit) = limit {
            text.append_pair("limit", &limit.to_string());
        }
        if let Some(cursor) = cursor {
            text.append_pair("cursor", cursor);
        }
        text.finish()
    }

    /// Path and parameters for the neighbours of a record.
    pub(super) fn context(&self, id: RecordId, before: usize, after: usize) -> (String, String) {
        let mut text = Serializer::new(String::new());
        text.append_pair("before", &before.to_string());
        text.append_pair("after", &after.to_string());
        text.extend_pairs(&self.beside);
        (format!("/logs/{id}/context"), text.finish())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use logs::Timestamp;
    use proptest::prelude::*;
    use query::{AttributeFilter, Query};

    fn request(flags: &[&str]) -> Request {
        Request::new(&QueryArgs::of_flags(flags))
    }

    #[test]
    fn each_flag_is_a_parameter_of_the_service() {
        for (flags, expected) in [
            (&[][..], "format=ndjson"),
            (
                &["--since", "-15m", "--until", "now"],
                "startTime=-15m&endTime=now&format=ndjson",
            ),
            (
                &["--start=-1h", "--end", "2024-10-08T02:00:00+02:00"],
                "startTime=-1h&endTime=2024-10-08T02%3A00%3A00%2B02%3A00&format=ndjson",
            ),
            (
                &[
                    "--level",
                    "ERROR,warn",
                    "--level",
                    "audit",
                    "--min-level",
                    "INFO",
                ],
                "logLevel=ERROR%2Cwarn&logLevel=audit&minLevel=INFO&format=ndjson",
            ),
            (
                &[
                    "-q",
                    "a&b=c",
                    "--contains",
                    "-Xmx",
                    "--case-sensitive",
                    "--order",
                    "desc",
                ],
                "q=a%26b%3Dc&q=-Xmx&caseSensitive=true&order=desc&format=ndjson",
            ),
            (
                &["--word", "it's", "--word", "-x y"],
                "word=it%27s&word=-x+y&format=ndjson",
            ),
            (
                &["--regex", r"^\d+ %"],
                "regex=%5E%5Cd%2B+%25&format=ndjson",
            ),
            (
                &[
                    "--attr", "a.b=c=d", "--attr", "k=!v", "--attr", "k", "--attr", "k=!",
                ],
                "format=ndjson&attr.a.b=c%3Dd&attr.k=%21v&attr.k=&attr.k=%21",
            ),
            (&["--order", "DESC"], "order=desc&format=ndjson"),
            (
                &["-o", "csv", "--fields", "id,attr.a"],
                "fields=id%2Cattr.a&format=csv",
            ),
        ] {
            assert_eq!(request(flags).search(None, None), expected);
        }
    }

    #[test]
    fn an_attribute_may_be_named_as_answers_and_parameters_name_it() {
        for (flag, expected) in [
            ("--attr=attributes.a.b=c", "attr.a.b=c"),
            ("--attr=attr.k", "attr.k="),
            ("--attr=attributes", "attr.attributes="),
            ("--attr=attributes.=1", "attr.attributes.=1"),
            ("--attr=attr.attr.x", "attr.attr.x="),
        ] {
            let expected = format!("format=ndjson&{expected}");
            assert_eq!(request(&[flag]).search(None, None), expected);
        }
    }

    #[test]
    fn a_page_goes_on_behind_its_cursor_and_neighbours_keep_to_the_attributes() {
        let request = request(&["--attr", "a=b", "-q", "x", "-C", "3"]);
        assert_eq!(
            request.search(Some(7), Some("abc-_")),
            "q=x&format=ndjson&attr.a=b&limit=7&cursor=abc-_"
        );
        let id = RecordId::MIN;
        let expected = (
            format!("/logs/{id}/context"),
            "before=4&after=3&attr.a=b".to_owned(),
        );
        assert_eq!(request.context(id, 4, 3), expected);
    }

    proptest! {
        #[test]
        fn the_service_reads_what_was_given(text in "\\PC{1,20}", key in "[^=]{1,9}", value in ".{1,9}") {
            let written = AttributeFilter::quoted(&value).unwrap_or(value.clone());
            let (text_flag, attribute) = (format!("--contains={text}"), format!("--attr={key}={written}"));
            let request = request(&[&text_flag, &attribute]);
            let asked = request.search(None, None).replace("format=ndjson&", "");
            let query = Query::parse(&asked, Timestamp::MIN).unwrap();
            prop_assert_eq!(query.texts[0].text(), text);
            prop_assert_eq!(query.attributes[0].key(), key);
            prop_assert_eq!(query.attributes[0].equals(), Some(value.as_str()));
        }
    }
}
