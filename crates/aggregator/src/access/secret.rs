//! The secret of a token, and what is kept of it.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

/// What each begins with, so that those who look for secrets in files know one.
const MARK: &str = "logs_";
/// What the kept form begins with: the function that made it.
const FUNCTION: &str = "blake3:";
/// Random bits of a secret: nobody guesses one, so that its hash needs neither salt nor many rounds.
const BITS: usize = 256;

/// A secret: whoever has it may do what its token is for. It is shown once, and kept nowhere.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The one of these random bytes.
    pub fn new(random: [u8; BITS / 8]) -> Self {
        Self(format!("{MARK}{}", BASE64_URL_SAFE_NO_PAD.encode(random)))
    }

    /// Its text, for the one time that it is shown.
    pub fn show(&self) -> &str {
        &self.0
    }

    /// What is kept of it.
    pub fn hash(&self) -> SecretHash {
        SecretHash::of(&self.0)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// What is kept of a secret: the secret cannot be found by it.
#[derive(Debug, Clone, Copy, Eq)]
pub struct SecretHash(blake3::Hash);

/// A text that is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected blake3: and 64 hexadecimal digits")]
pub struct BadSecretHash;

impl SecretHash {
    /// The one of what somebody says is a secret.
    pub fn of(said: &str) -> Self {
        Self(blake3::hash(said.as_bytes()))
    }
}

impl PartialEq for SecretHash {
    /// Takes the same time wherever the two differ.
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl fmt::Display for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{FUNCTION}{}", self.0.to_hex())
    }
}

/// The same text with every secret in it cut off behind its mark: what is told of what others have sent or written may
/// hold one.
pub fn masked(text: &str) -> Cow<'_, str> {
    const LETTERS: usize = 20;
    let is_of_secret =
        |letter: char| letter.is_ascii_alphanumeric() || ['-', '_'].contains(&letter);
    if !text.contains(MARK) {
        return Cow::Borrowed(text);
    }
    let mut out = String::new();
    let mut parts = text.split(MARK);
    out.push_str(parts.next().unwrap_or_default());
    for part in parts {
        out.push_str(MARK);
        let rest = part.trim_start_matches(is_of_secret);
        match part.len() - rest.len() >= LETTERS {
            true => {
                out.push('…');
                out.push_str(rest);
            }
            false => out.push_str(part),
        }
    }
    Cow::Owned(out)
}

impl FromStr for SecretHash {
    type Err = BadSecretHash;

    fn from_str(text: &str) -> Result<Self, BadSecretHash> {
        let digits = text.strip_prefix(FUNCTION).ok_or(BadSecretHash)?;
        let hash = blake3::Hash::from_hex(digits).map_err(|_| BadSecretHash)?;
        Ok(Self(hash))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_knows_its_secret_and_no_other() {
        let [secret, other] = [[7; 32], [8; 32]].map(Secret::new);
        let kept: SecretHash = secret.hash().to_string().parse().unwrap();
        assert_eq!(kept, SecretHash::of(secret.show()));
        assert_ne!(kept, other.hash());
        assert_ne!(kept, SecretHash::of(&secret.show().to_uppercase()));
        assert!(!format!("{secret:?} {kept}").contains(&secret.show()[MARK.len()..]));
        assert!(secret.show().starts_with("logs_"));
        assert_eq!(secret.show().len(), 48);
    }

    #[test]
    fn a_secret_in_a_text_is_cut_off_and_nothing_else() {
        let secret = Secret::new([9; 32]);
        let text = format!("/logs/{0}?a=\"{0}\" logs_of_last_week", secret.show());
        let expected = "/logs/logs_…?a=\"logs_…\" logs_of_last_week";
        assert_eq!(masked(&text), expected);
        assert_eq!(masked("/logs/batch"), "/logs/batch");
        assert_eq!(masked("logs_logs_"), "logs_logs_");
    }

    #[test]
    fn a_hash_by_another_function_is_none() {
        let digits = "0".repeat(64);
        for wrong in [
            digits.clone(),
            format!("sha256:{digits}"),
            format!("blake3:{digits}0"),
            format!("blake3:{}", "g".repeat(64)),
            String::new(),
        ] {
            assert_eq!(wrong.parse::<SecretHash>(), Err(BadSecretHash), "{wrong}");
        }
    }
}
