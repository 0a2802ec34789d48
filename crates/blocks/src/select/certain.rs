//! Which records of a block fulfil a condition on an attribute, as far as columns alone tell it for sure.

use super::{Concern, Wanted, concern, concerns, is_array, of_values};
use crate::damaged::Damaged;
use crate::head::Head;
use crate::row_set::RowSet;
use crate::rows::AttributeColumn;
use query::AttributeFilter;

/// Records, by what is known of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certain {
    /// Those that fulfil the condition.
    pub surely: RowSet,
    /// Those that may. All others do not.
    pub may: RowSet,
}

/// The places, among the sections of a head, of the columns that [`attribute`] has to see.
pub fn columns(filter: &AttributeFilter, head: &Head) -> Vec<usize> {
    let attributes = head.attributes();
    let concerned = attributes.filter(|(_, section)| concerns(filter, section));
    concerned.map(|(place, _)| place).collect()
}

/// What columns tell of a condition, also of one that is turned round.
///
/// # Errors
/// [`Damaged`] when a column is missing that [`columns`] tells of.
pub fn attribute(
    filter: &AttributeFilter,
    head: &Head,
    given: &[AttributeColumn],
) -> Result<Certain, Damaged> {
    let records = head.records;
    let (mut has, mut may) = (RowSet::none(records), RowSet::none(records));
    for place in columns(filter, head) {
        let column = given.iter().find(|column| column.place() == place);
        let column = column.ok_or(Damaged::Impossible("a column is missing"))?;
        let wanted = filter.value().map(Wanted::of);
        let is_it = |leaf| !is_array(leaf) && wanted.as_ref().is_none_or(|it| it.may_be(leaf));
        match concern(filter, column.path()) {
            Concern::None => {}
            Concern::All => may.join(&of_values(column, records, |_| true)),
            Concern::Arrays => may.join(&of_values(column, records, is_array)),
            Concern::Values => {
                has.join(&of_values(column, records, is_it));
                may.join(&of_values(column, records, is_array));
            }
        }
    }
    may.join(&has);
    Ok(match filter.is_negated() {
        false => Certain { surely: has, may },
        true => Certain {
            surely: may.others(),
            may: has.others(),
        },
    })
}
