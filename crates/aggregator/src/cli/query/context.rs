//! `--context`: what stands around each record, asked for one record after the other.

use super::args::{Direction, QueryArgs};
use super::context_groups::{Around, Groups, Piece, Row};
use super::failure::Failure;
use super::json_record::{NoRecord, Record};
use super::output_format::OutputFormat;
use super::request::Request;
use super::service_client::ServiceClient;
use query::Order;
use serde::Deserialize;
use serde_json::value::RawValue;

/// The records around those that are found.
#[derive(Debug)]
pub(super) struct Context {
    groups: Groups,
    /// Whether the service has found all of them so far.
    is_complete: bool,
}

/// The answer of `/logs/{id}/context`, oldest first.
#[derive(Debug, Deserialize)]
struct Answered<'a> {
    #[serde(borrow)]
    before: Vec<&'a RawValue>,
    #[serde(borrow)]
    after: Vec<&'a RawValue>,
    complete: bool,
}

impl Context {
    /// `None` when none are asked for.
    pub(super) fn new(args: &QueryArgs) -> Option<Self> {
        let count = usize::from(args.context);
        let order = match args.order {
            Direction::Asc => Order::Ascending,
            Direction::Desc => Order::Descending,
        };
        (count > 0).then(|| Self {
            groups: Groups::new(order, count),
            is_complete: true,
        })
    }

    /// Writes a record that was found and what stands before it.
    pub(super) async fn show(
        &mut self,
        row: &[u8],
        (request, client): (&Request, &ServiceClient),
        format: OutputFormat,
        out: &mut Vec<u8>,
    ) -> Result<(), Failure> {
        let json = std::str::from_utf8(row).map_err(|_| NoRecord)?;
        let found = self::row(json.trim_end())?;
        // One more before it: it tells whether this group follows upon the one before.
        let (order, count) = (self.groups.order, self.groups.count);
        let (before, after) = match order {
            Order::Ascending => (count + 1, count),
            Order::Descending => (count, count + 1),
        };
        let (path, query) = request.context(found.id, before, after);
        let answer = client.get(&path, &query, "application/json").await?;
        let body = client.whole(answer).await?;
        let answered: Answered<'_> = serde_json::from_slice(&body).map_err(|_| NoRecord)?;
        self.is_complete &= answered.complete;
        let around = around(&answered, order)?;
        self.groups
            .add(&found, around, |piece| write(piece, format, out))?;
        Ok(())
    }

    /// Writes what stands behind the last record, and says whether anything was missing.
    pub(super) fn finish(
        &mut self,
        format: OutputFormat,
        out: &mut Vec<u8>,
    ) -> Result<(), Failure> {
        self.groups.finish(|piece| write(piece, format, out))?;
        match self.is_complete {
            true => Ok(()),
            false => Err(Failure::Context),
        }
    }
}

fn row(json: &str) -> Result<Row, NoRecord> {
    Ok(Row {
        id: Record::parse(json)?.id()?,
        json: json.to_owned(),
    })
}

/// In the order in which they are shown.
fn around(answered: &Answered<'_>, order: Order) -> Result<Around, NoRecord> {
    let rows = |side: &[&RawValue]| -> Result<Vec<Row>, NoRecord> {
        side.iter().map(|json| row(json.get())).collect()
    };
    let (mut before, mut after) = (rows(&answered.before)?, rows(&answered.after)?);
    Ok(match order {
        Order::Ascending => Around {
            lead: before,
            trail: after,
        },
        Order::Descending => {
            before.reverse();
            after.reverse();
            Around {
                lead: after,
                trail: before,
            }
        }
    })
}

fn write(piece: Piece<'_>, format: OutputFormat, out: &mut Vec<u8>) -> Result<(), NoRecord> {
    match piece {
        Piece::Separator => {
            format.write_separator(out);
            Ok(())
        }
        Piece::Match(json) => format.write_json(json, true, out),
        Piece::Neighbour(json) => format.write_json(json, false, out),
    }
}
