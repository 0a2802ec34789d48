//! The weights of the levels: `INFO=70,WARN=20,ERROR=10`.

use rand::{Rng, RngExt as _};
use std::str::FromStr;

/// How often each level occurs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LevelWeights {
    /// Names as they were given, each with the sum of the weights up to and with its own.
    cumulative: Vec<(String, u32)>,
    total: u32,
}

/// Why a text gives no weights.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LevelWeightsError {
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

impl FromStr for LevelWeights {
    type Err = LevelWeightsError;

    fn from_str(text: &str) -> Result<Self, LevelWeightsError> {
        let mut cumulative: Vec<(String, u32)> = Vec::new();
        let mut total = 0;
        for part in text.split(',') {
            let (name, weight) = part.split_once('=').ok_or(LevelWeightsError::Form)?;
            let name = name.trim();
            let weight: u32 = weight.trim().parse().map_err(|_| LevelWeightsError::Form)?;
            if weight > MOST_WEIGHT || cumulative.len() == MOST_LEVELS {
                return Err(LevelWeightsError::Form);
            }
            if logs::Level::from_text(name).is_none() {
                return Err(LevelWeightsError::Unknown(name.to_owned()));
            }
            if cumulative.iter().any(|(known, _)| known == name) {
                return Err(LevelWeightsError::Twice(name.to_owned()));
            }
            total += weight;
            cumulative.push((name.to_owned(), total));
        }
        if total == 0 {
            return Err(LevelWeightsError::Nothing);
        }
        Ok(Self { cumulative, total })
    }
}

impl LevelWeights {
    /// One of the names, chosen at random by weight.
    pub fn pick(&self, random: &mut impl Rng) -> &str {
        let point = random.random_range(0..self.total);
        let chosen = self.cumulative.iter().find(|(_, end)| point < *end);
        chosen.map_or("", |(name, _)| name)
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
        let levels: LevelWeights = "INFO=70, WARN=20,ERROR=10,DEBUG=0".parse().unwrap();
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
            assert_eq!(
                text.parse::<LevelWeights>(),
                Err(LevelWeightsError::Form),
                "{text}"
            );
        }
        assert_eq!(
            "LOUD=1".parse::<LevelWeights>(),
            Err(LevelWeightsError::Unknown("LOUD".to_owned()))
        );
        assert_eq!(
            "INFO=1,INFO=2".parse::<LevelWeights>(),
            Err(LevelWeightsError::Twice("INFO".to_owned()))
        );
        assert_eq!(
            "INFO=0".parse::<LevelWeights>(),
            Err(LevelWeightsError::Nothing)
        );
    }
}
