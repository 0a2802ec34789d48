//! How many rows questions have looked at, and how many they have found, by what is asked for.

use std::sync::atomic::{AtomicU64, Ordering};
use store::page::Page;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    /// Records.
    Records,
    /// How many there are, and when.
    Histogram,
    /// Which values they have.
    Facets,
}

/// Rows of questions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rows {
    /// Those that were looked at one by one, as far as the store tells.
    pub looked_at: u64,
    /// Those that matched.
    pub found: u64,
}

/// Since the start.
#[derive(Debug, Default)]
pub(super) struct RowCounts([[AtomicU64; 2]; Question::ALL.len()]);

impl Question {
    /// All of them, each at its own place.
    pub const ALL: [Self; 3] = [Self::Records, Self::Histogram, Self::Facets];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Records => "records",
            Self::Histogram => "histogram",
            Self::Facets => "facets",
        }
    }
}

impl Rows {
    pub(super) fn of_page(page: &Page) -> Self {
        Self {
            looked_at: page.looked_at as u64,
            found: page.len() as u64,
        }
    }
}

impl RowCounts {
    pub(super) fn note(&self, question: Question, rows: Rows) {
        let Some([looked_at, found]) = self.0.get(question as usize) else {
            return;
        };
        looked_at.fetch_add(rows.looked_at, Ordering::Relaxed);
        found.fetch_add(rows.found, Ordering::Relaxed);
    }

    pub(super) fn of(&self, question: Question) -> Rows {
        let counts = self.0.get(question as usize);
        counts.map_or_else(Rows::default, |[looked_at, found]| Rows {
            looked_at: looked_at.load(Ordering::Relaxed),
            found: found.load(Ordering::Relaxed),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_question_has_counts_of_its_own() {
        let counts = RowCounts::default();
        for (place, question) in (1..).zip(Question::ALL) {
            counts.note(
                question,
                Rows {
                    looked_at: 10 * place,
                    found: place,
                },
            );
        }
        let told = Question::ALL.map(|question| counts.of(question));
        let told = told.map(|rows| (rows.looked_at, rows.found));
        assert_eq!(told, [(10, 1), (20, 2), (30, 3)]);
    }
}
