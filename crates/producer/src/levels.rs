//! Levels and their weights: `INFO=70,WARN=20,ERROR=10`.

use rand::{Rng, RngExt as _};
use std::str::FromStr;

/// How often each level comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Levels {
    /// Names as they were given, each with the sum of the weights up to and with its own.
    steps: Vec<(String, u32)>,
    total: u32,
}

/// Why a text is no set of levels.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LevelsError {
    /// Not `NAME=WEIGHT`.
    #[error(
        "expected LEVEL=WEIGHT,… such as INFO=70,WARN=20,ERROR=10, with whole numbers from 0 to 1000000"
    )]
    Form,
    /// A name that no level has.
    #[error(
        "{0:?} is no level that is known (TRACE, DEBUG, INFO, WARN, ERROR, FATAL, and their other spellings)"
    )]
    Unknown(String),
    /// A name twice.
    #[error("{0} is there twice")]
    Twice(String),
    /// Nothing to choose from.
    #[error("at least one weight must be more than 0")]
    Nothing,
}

const MOST_WEIGHT: u32 = 1_000_000;
const MOST_LEVELS: usize = 100;

impl FromStr for Levels {
    type Err = LevelsError;

    fn from_str(text: &str) -> Result<Self, LevelsError> {
        let mut steps: Vec<(String, u32)> = Vec::new();
        let mut total = 0;
        for part in text.split(',') {
            let (name, weight) = part.split_once('=').ok_or(LevelsError::Form)?;
            let name = name.trim();
            let weight: u32 = weight.trim().parse().map_err(|_| LevelsError::Form)?;
            if weight > MOST_WEIGHT || steps.len() == MOST_LEVELS {
                return Err(LevelsError::Form);
            }
            if logs::Level::from_text(name).is_none() {
                return Err(LevelsError::Unknown(name.to_owned()));
            }
            if steps.iter().any(|(known, _)| known == name) {
                return Err(LevelsError::Twice(name.to_owned()));
            }
            total += weight;
            steps.push((name.to_owned(), total));
        }
        if total == 0 {
            return Err(LevelsError::Nothing);
        }
        Ok(Self { steps, total })
    }
}

impl Levels {
    /// One of the names, by weight.
    pub fn pick(&self, random: &mut impl Rng) -> &str {
        let point = random.random_range(0..self.total);
        let step = self.steps.iter().find(|(_, end)| point < *end);
        step.map_or("", |(name, _)| name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng as _;
    use rand::rngs::ChaCha8Rng;
    use std::collections::BTreeMap;

    #[test]
    fn each_level_comes_as_often_as_its_weight_says() {
        let levels: Levels = "INFO=70, WARN=20,ERROR=10,DEBUG=0".parse().unwrap();
        let mut random = ChaCha8Rng::seed_from_u64(1);
        let mut counts: BTreeMap<String, f64> = BTreeMap::new();
        for _ in 0..100_000 {
            *counts
                .entry(levels.pick(&mut random).to_owned())
                .or_default() += 0.001;
        }
        assert_eq!(counts.len(), 3, "{counts:?}");
        for (level, percent) in [("INFO", 70.0), ("WARN", 20.0), ("ERROR", 10.0)] {
            assert!((counts[level] - percent).abs() < 1.0, "{counts:?}");
        }
    }

    #[test]
    fn what_is_no_set_of_levels_is_refused() {
        for text in [
            "",
            "INFO",
            "INFO=",
            "INFO=1.5",
            "INFO=-1",
            "INFO=1,",
            "INFO=2000000",
        ] {
            assert_eq!(text.parse::<Levels>(), Err(LevelsError::Form), "{text}");
        }
        assert_eq!(
            "LOUD=1".parse::<Levels>(),
            Err(LevelsError::Unknown("LOUD".to_owned()))
        );
        assert_eq!(
            "INFO=1,INFO=2".parse::<Levels>(),
            Err(LevelsError::Twice("INFO".to_owned()))
        );
        assert_eq!("INFO=0".parse::<Levels>(), Err(LevelsError::Nothing));
    }
}
