//! The file of tokens: read at the start, and again whenever it says something else.

use super::looks::{Looks, Prompt};
use crate::access::tokens::{BadTokens, MAX_FILE_BYTES, Tokens};
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

/// How long a token that was revoked may still be used.
const BETWEEN_LOOKS: Duration = Duration::from_secs(1);

/// Why a file says nothing of tokens.
#[derive(Debug, thiserror::Error)]
pub(super) enum TokensError {
    #[error("it cannot be read: {0}")]
    Io(#[from] io::Error),
    #[error("it is no file")]
    NoFile,
    #[error("it is larger than {MAX_FILE_BYTES} bytes")]
    TooLarge,
    #[error(transparent)]
    Content(#[from] BadTokens),
}

/// What a file said when it was looked at.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) tokens: Arc<Tokens>,
    text: String,
}

impl Said {
    fn of(text: String, before: &Tokens) -> Result<Self, TokensError> {
        let tokens = Tokens::parse(&text)?.after(before);
        let tokens = Arc::new(tokens);
        Ok(Self { tokens, text })
    }
}

/// Reads the file.
pub(super) fn read(file: &Path) -> Result<Said, TokensError> {
    Said::of(text_of(file)?, &Tokens::default())
}

fn text_of(file: &Path) -> Result<String, TokensError> {
    // Of a pipe nobody may ever write into, opening would not end.
    if !fs::metadata(file)?.is_file() {
        return Err(TokensError::NoFile);
    }
    let mut text = String::new();
    let read = File::open(file)?.take(MAX_FILE_BYTES + 1);
    let bytes = { read }.read_to_string(&mut text)?;
    match bytes as u64 > MAX_FILE_BYTES {
        true => Err(TokensError::TooLarge),
        false => Ok(text),
    }
}

/// What a file says from here on.
pub(super) struct Followed {
    pub(super) tokens: watch::Receiver<Arc<Tokens>>,
    /// Why that is not what counts, while it is not.
    pub(super) problem: watch::Receiver<Option<String>>,
}

/// What it says from here on, looked at each second and whenever `prompt` asks. While it says nothing that can be used,
/// the tokens of before count.
pub(super) fn follow(
    file: PathBuf,
    said: Said,
    prompt: Prompt,
) -> (Followed, AbortOnDropHandle<()>) {
    let following = Following::new(file, said);
    let followed = Followed {
        tokens: following.sender.subscribe(),
        problem: following.problem.subscribe(),
    };
    let task = tokio::spawn(following.run(prompt));
    (followed, AbortOnDropHandle::new(task))
}

struct Following {
    file: PathBuf,
    looks: Looks<String>,
    sender: watch::Sender<Arc<Tokens>>,
    problem: watch::Sender<Option<String>>,
}

impl Following {
    fn new(file: PathBuf, said: Said) -> Self {
        Self {
            file,
            looks: Looks::new(said.text),
            sender: watch::Sender::new(said.tokens),
            problem: watch::Sender::default(),
        }
    }

    async fn run(mut self, prompt: Prompt) {
        loop {
            tokio::select! {
                () = tokio::time::sleep(BETWEEN_LOOKS) => {}
                () = prompt.asked() => self.looks.is_whole(),
            }
            let file = self.file.clone();
            let looked = tokio::task::spawn_blocking(move || text_of(&file)).await;
            // The process is about to end.
            let Ok(looked) = looked else { return };
            self.note(looked);
            self.tell();
        }
    }

    /// Has `/health` say it.
    fn tell(&self) {
        // The reason may name tokens, which those who only read need not know.
        let problem = self.looks.failure().map(|_| {
            "TOKENS_FILE cannot be used, for the reason that the log has: the tokens of before still count, also those that it revokes".to_owned()
        });
        self.problem.send_if_modified(|told| {
            let is_news = *told != problem;
            *told = problem;
            is_news
        });
    }

    fn note(&mut self, looked: Result<String, TokensError>) {
        if let Ok(text) = &looked
            && !self.looks.is_news(text)
        {
            return;
        }
        let said = looked.and_then(|text| Said::of(text, &self.sender.borrow()));
        match said {
            Ok(Said { tokens, text }) => {
                tracing::info!(file = %self.file.display(), count = tokens.iter().len(), "the tokens were read anew");
                self.looks.count(text);
                self.sender.send_replace(tokens);
            }
            Err(error) => {
                if self.looks.fail(error.to_string()) {
                    tracing::error!(%error, file = %self.file.display(), "TOKENS_FILE cannot be used: the tokens of before still count, also those that it revokes");
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::limits::{Charge, Cost};
    use crate::access::secret::Secret;

    fn text(name: &str) -> String {
        let hash = Secret::new([7; 32]).hash();
        format!("[[token]]\nname = \"{name}\"\nhash = \"{hash}\"\nscopes = [\"read\"]\n")
    }

    fn following(first: &str) -> (Following, watch::Receiver<Arc<Tokens>>) {
        let said = Said::of(text(first), &Tokens::default()).unwrap();
        let following = Following::new(PathBuf::new(), said);
        let receiver = following.sender.subscribe();
        (following, receiver)
    }

    /// As it is seen twice.
    fn twice(following: &mut Following, text: &str) {
        for _ in 0..2 {
            following.note(Ok(text.to_owned()));
        }
    }

    fn name(receiver: &watch::Receiver<Arc<Tokens>>) -> Option<String> {
        let tokens = receiver.borrow();
        tokens.iter().next().map(|token| token.name.to_string())
    }

    #[test]
    fn the_last_tokens_that_could_be_read_count() {
        let (mut following, mut receiver) = following("a");
        twice(&mut following, &text("a"));
        assert!(!receiver.has_changed().unwrap());
        twice(&mut following, &text("b"));
        assert_eq!(name(&receiver).as_deref(), Some("b"));
        receiver.mark_unchanged();
        let gone = || io::Error::from(io::ErrorKind::NotFound);
        for looked in [
            Err(gone().into()),
            Err(gone().into()),
            Err(TokensError::TooLarge),
        ] {
            following.note(looked);
            assert!(!receiver.has_changed().unwrap());
        }
        twice(&mut following, "[[token]");
        assert!(!receiver.has_changed().unwrap());
        twice(&mut following, &text("b"));
        assert_eq!(name(&receiver).as_deref(), Some("b"));
        twice(&mut following, "");
        assert_eq!(name(&receiver), None);
    }

    #[test]
    fn what_is_seen_while_the_file_is_written_does_not_count() {
        let (mut following, receiver) = following("a");
        for seen in ["", "# being", &text("b"), ""] {
            following.note(Ok(seen.to_owned()));
            assert_eq!(name(&receiver).as_deref(), Some("a"));
        }
        following.note(Ok(text("a")));
        following.note(Ok(text("b")));
        assert_eq!(name(&receiver).as_deref(), Some("a"));
        following.note(Ok(text("b")));
        assert_eq!(name(&receiver).as_deref(), Some("b"));
    }

    #[test]
    fn what_was_used_of_a_limit_counts_on_when_the_file_has_changed() {
        let limited = |rate: &str| {
            let text = text("a").replace("[\"read\"]", "[\"ingest\"]");
            format!("{text}limits = {{ records_per_second = {rate} }}\n")
        };
        let (mut following, receiver) = following("b");
        twice(&mut following, &limited("1"));
        let token = || {
            let tokens = receiver.borrow();
            tokens.iter().next().map(|token| token.limited.clone())
        };
        let (now, cost) = (
            Duration::ZERO,
            Cost {
                records: 1010,
                bytes: 1,
            },
        );
        let charge = token().unwrap().charge(cost, now).unwrap();
        charge.into_iter().for_each(Charge::keep);
        for (rate, wait) in [("1", 1000), ("10", 91), ("0", 91), ("2", 495)] {
            twice(&mut following, &limited(rate));
            let over = token().unwrap().check(now).unwrap_err();
            assert_eq!(over.wait, Duration::from_secs(wait), "{rate}");
        }
        // Whoever is called otherwise has used nothing.
        twice(&mut following, &limited("1").replace("\"a\"", "\"c\""));
        assert!(token().unwrap().check(now).is_ok());
    }

    #[test]
    fn a_file_that_is_too_large_or_no_text_is_not_read_to_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("tokens.toml");
        assert!(matches!(read(&file), Err(TokensError::Io(_))));
        assert!(matches!(read(folder.path()), Err(TokensError::NoFile)));
        std::fs::write(&file, vec![b'#'; 1024 * 1024 + 1]).unwrap();
        assert!(matches!(read(&file), Err(TokensError::TooLarge)));
        std::fs::write(&file, vec![b'#'; 1024 * 1024]).unwrap();
        assert!(read(&file).is_ok());
        std::fs::write(&file, b"\xff").unwrap();
        assert!(matches!(read(&file), Err(TokensError::Io(_))));
    }
}
