//! The `find` command for a page: what MongoDB itself can leave out.

use crate::INDEXED_FROM;
use mongodb::bson::spec::BinarySubtype;
use mongodb::bson::{Binary, Bson, Document, doc};
use query::{AttributeFilter, Order, Query, Substring};
use record::id::{IdFormat, RecordId};
use std::ops::RangeInclusive;
use std::time::Duration;

/// Documents that are asked for, for a page of which the server cannot tell what matches: some
/// more than rows are asked for, which are few where records are large.
const PAGE_REPLY: RangeInclusive<u32> = 64..=5_000;
const MORE_THAN_ROWS: u32 = 4;
/// Documents in each reply of them: a page may end early, where its expressions take long, and what was
/// fetched behind its end is fetched again for the next one.
const WHOLE_REPLY: u32 = 256;
/// Documents in each reply of a search, which passes over about `SEARCH_REPLY / SAMPLE_RATE` documents meanwhile:
/// fewer when the server has to be quick.
const SEARCH_REPLY: RangeInclusive<u32> = 8..=256;
/// A search replies at least so many times in the time that it has.
const SEARCH_REPLIES: u32 = 4;
/// The share of documents that do not match, but show how far a search has come.
const SAMPLE_RATE: f64 = 1.0 / 128.0;

/// A question for one page.
pub(super) struct Find {
    filter: Document,
    order: Order,
    reply: Reply,
}

/// How the server gives the documents.
#[derive(Debug, Clone, Copy)]
enum Reply {
    /// So many, in one reply unless they are large: all records among them match.
    Rows(u32),
    /// So many, some at a time, with records among them that do not match.
    Whole(u32),
    /// Some at a time, while it searches.
    Parts,
}

impl Find {
    /// The question for a page of at most `rows` rows.
    pub(super) fn new(
        query: &Query,
        after: Option<RecordId>,
        rows: usize,
        format: IdFormat,
    ) -> Self {
        let mut filter = doc! { "_id": range(query, after, format) };
        let mut narrowing = Vec::new();
        match severity(query) {
            Some((severity, Served::ByIndex)) => filter.extend(severity),
            Some((severity, Served::ByScan)) => narrowing.push(severity),
            None => {}
        }
        narrowing.extend(query.texts.iter().filter_map(contains));
        narrowing.extend(query.attributes.iter().filter_map(has_value));
        let (least, most) = (*PAGE_REPLY.start(), *PAGE_REPLY.end());
        let rows = u32::try_from(rows).unwrap_or(most).clamp(1, most);
        let reply = if !narrowing.is_empty() {
            let passed = doc! { "$sampleRate": SAMPLE_RATE };
            filter.insert("$or", vec![doc! { "$and": narrowing }, passed]);
            Reply::Parts
        } else if !query.looks_into_messages() && query.attributes.is_empty() {
            Reply::Rows(rows)
        } else {
            Reply::Whole((rows * MORE_THAN_ROWS).clamp(least, most))
        };
        Self {
            filter,
            order: query.order,
            reply,
        }
    }

    /// The documents at most that the server gives, when each record among them is a row.
    pub(super) fn rows(&self) -> Option<usize> {
        match self.reply {
            Reply::Rows(limit) => Some(limit as usize),
            Reply::Whole(_) | Reply::Parts => None,
        }
    }

    /// The documents that the server gives at most, although there may be more.
    pub(super) fn limit(&self) -> Option<usize> {
        match self.reply {
            Reply::Rows(limit) | Reply::Whole(limit) => Some(limit as usize),
            Reply::Parts => None,
        }
    }

    /// Documents in one reply of the server, which has so much time for all of them.
    pub(super) fn batch_size(&self, left: Duration) -> u32 {
        match self.reply {
            Reply::Rows(documents) => documents,
            Reply::Whole(documents) => documents.min(WHOLE_REPLY),
            Reply::Parts => {
                let millis = u32::try_from(left.as_millis()).unwrap_or(u32::MAX);
                (millis / SEARCH_REPLIES).clamp(*SEARCH_REPLY.start(), *SEARCH_REPLY.end())
            }
        }
    }

    /// The command; `left` is the time that the server may take for all its replies.
    pub(super) fn command(&self, collection: &str, left: Duration) -> Document {
        let batch_size = self.batch_size(left);
        let mut command = doc! {
            "find": collection,
            "filter": self.filter.clone(),
            "sort": { "_id": direction(self.order) },
            "batchSize": batch_size,
            "maxTimeMS": millis(left),
        };
        if let Reply::Rows(documents) | Reply::Whole(documents) = self.reply {
            command.insert("limit", documents);
        }
        command
    }
}

/// What finds the documents of the severities that are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Served {
    ByIndex,
    ByScan,
}

/// The condition on the severity, if there is one.
pub(super) fn severity(query: &Query) -> Option<(Document, Served)> {
    let severities = query.severities()?;
    let served = match severities.iter().all(|severity| *severity >= INDEXED_FROM) {
        true => Served::ByIndex,
        false => Served::ByScan,
    };
    let list: Vec<i32> = severities.into_iter().map(i32::from).collect();
    Some((doc! { "severity": { "$in": list } }, served))
}

/// The ids that can match.
pub(super) fn range(query: &Query, after: Option<RecordId>, format: IdFormat) -> Document {
    let bounds = query.bounds(after);
    let from = if bounds.behind { "$gt" } else { "$gte" };
    let (beyond, end) = bounds
        .before
        .map_or(("$lte", RecordId::MAX), |before| ("$lt", before));
    doc! { from: binary(bounds.from, format), beyond: binary(end, format) }
}

/// The order as a sort by a field has it.
pub(super) fn direction(order: Order) -> i32 {
    match order {
        Order::Ascending => 1,
        Order::Descending => -1,
    }
}

/// Time in whole milliseconds, as `maxTimeMS` has it: at least one, since none would be no bound.
pub(super) fn millis(left: Duration) -> i32 {
    i32::try_from(left.as_millis()).unwrap_or(i32::MAX).max(1)
}

fn binary(id: RecordId, format: IdFormat) -> Binary {
    Binary {
        subtype: BinarySubtype::Generic,
        bytes: match format {
            IdFormat::Plain => id.plain().to_vec(),
            IdFormat::Ordered => id.as_bytes().to_vec(),
        },
    }
}

/// The server's expression finds a text wherever [`Substring`] does: without regard to case it
/// takes more characters for the same, never fewer.
fn contains(text: &Substring) -> Option<Document> {
    // An expression of BSON cannot hold it.
    if text.text().contains('\0') {
        return None;
    }
    let options = if text.is_case_sensitive() { "" } else { "i" };
    let expression = doc! { "$regex": regex::escape(text.text()), "$options": options };
    Some(doc! { "message": expression })
}

/// A name with more dots than this could be divided into too many paths.
const MOST_DOTS: usize = 2;

/// Where a condition can be asked of the server: what has the value's text can be told, and every path
/// that the name may stand for can be followed.
fn has_value(filter: &AttributeFilter) -> Option<Document> {
    let value = filter.equals()?;
    let key = filter.key();
    let is_path = key
        .split('.')
        .all(|part| !part.is_empty() && !part.starts_with('$'));
    if !is_path || key.contains('\0') || key.matches('.').count() > MOST_DOTS {
        return None;
    }
    let mut forms = vec![Bson::from(value)];
    match value.parse::<i64>() {
        Ok(number) => forms.push(Bson::from(number)),
        // Numbers, and texts that something else than a string is shown as.
        Err(_) if !is_text_alone(value) => return None,
        Err(_) => match value {
            "true" | "false" => forms.push(Bson::from(value == "true")),
            "null" | "NaN" | "Infinity" => return None,
            _ => {}
        },
    }
    let nested = doc! { format!("attributes.{key}"): { "$in": forms.clone() } };
    let mut ways = vec![nested];
    ways.extend(dotted(key).map(|names| has_form(&names, &forms)));
    match ways.len() {
        1 => ways.pop(),
        _ => Some(doc! { "$or": ways }),
    }
}

/// Whether only a string is shown so, but for a few words.
fn is_text_alone(value: &str) -> bool {
    let first = value.chars().next();
    first.is_none_or(|first| first.is_alphabetic() || first == '!')
}

/// The other ways to read a name with dots: each of them may also be a part of a member's own name,
/// which no path of the server can say.
fn dotted(key: &str) -> impl Iterator<Item = Vec<String>> {
    let parts: Vec<&str> = key.split('.').collect();
    let dots = parts.len() - 1;
    (1..1_u32 << dots).map(move |joined| {
        let mut names: Vec<String> = Vec::new();
        for (place, part) in parts.iter().enumerate() {
            match names.last_mut() {
                Some(name) if joined >> (place - 1) & 1 == 1 => {
                    name.push('.');
                    name.push_str(part);
                }
                _ => names.push((*part).to_owned()),
            }
        }
        names
    })
}

/// Whether the member that these names lead to has one of these forms, or an array stands on the way or
/// is the member, which may hold it.
fn has_form(names: &[String], forms: &[Bson]) -> Document {
    let mut members: Vec<Bson> = Vec::new();
    for name in names {
        let object = members.last().cloned();
        let object = object.unwrap_or_else(|| Bson::from("$attributes"));
        let name = doc! { "$literal": name };
        members.push(doc! { "$getField": { "field": name, "input": object } }.into());
    }
    let forms: Vec<Document> = forms.iter().map(|form| doc! { "$literal": form }).collect();
    let mut then = None;
    for member in members.into_iter().rev() {
        let then_is = then.unwrap_or_else(|| doc! { "$in": [member.clone(), forms.clone()] });
        // Most documents have no such name, and with them it ends at the first of these.
        let is_there = doc! { "$gt": [member.clone(), Bson::Null] };
        let is_form = doc! { "$or": [ then_is, { "$isArray": member } ] };
        then = Some(doc! { "$and": [is_there, is_form] });
    }
    doc! { "$expr": then.unwrap_or_default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_with_an_expression_asks_for_few_documents_where_few_rows_are_asked_for() {
        let query = Query {
            patterns: vec![query::Pattern::new("x+").unwrap()],
            ..Query::default()
        };
        let asked = |rows| Find::new(&query, None, rows, IdFormat::Ordered).limit();
        assert_eq!(asked(16), Some(64));
        assert_eq!(asked(100), Some(400));
        assert_eq!(asked(5_000), Some(5_000));
        // Of which a page that ends early has not fetched many in vain.
        let left = Duration::from_secs(10);
        assert_eq!(
            Find::new(&query, None, 5_000, IdFormat::Ordered).batch_size(left),
            256
        );
    }

    #[test]
    fn a_name_with_dots_is_read_in_every_way_but_the_path_that_the_server_knows() {
        let ways = |key| dotted(key).collect::<Vec<_>>();
        assert!(ways("a").is_empty());
        assert_eq!(ways("a.b"), [["a.b"]]);
        let three: [&[&str]; 3] = [&["a.b", "c"], &["a", "b.c"], &["a.b.c"]];
        assert_eq!(ways("a.b.c"), three);
    }
}
