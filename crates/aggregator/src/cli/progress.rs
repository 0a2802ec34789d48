//! How far a long command has come: a bar on standard error, if that is a terminal.

use indicatif::{ProgressDrawTarget, ProgressStyle};
use std::io::{self, IsTerminal as _};

const WITH_END: &str = "{bar:20} {percent}% {wide_msg} {eta}";
const WITHOUT_END: &str = "{spinner} {human_pos} {wide_msg} {elapsed}";

/// The bar, which clones share; hidden where nobody would see it.
#[derive(Debug, Clone)]
pub(super) struct ProgressBar(indicatif::ProgressBar);

impl ProgressBar {
    /// At the beginning.
    pub(super) fn new() -> Self {
        let bar = indicatif::ProgressBar::no_length();
        bar.set_draw_target(match io::stderr().is_terminal() {
            true => ProgressDrawTarget::stderr(),
            false => ProgressDrawTarget::hidden(),
        });
        Self(bar)
    }

    /// Shows that so much is done, of how much if that is known.
    pub(super) fn show(&self, done: u64, all: Option<u64>, message: &str) {
        if self.0.is_hidden() {
            return;
        }
        if self.0.length() != all || self.0.position() == 0 {
            let form = match all {
                Some(_) => WITH_END,
                None => WITHOUT_END,
            };
            if let Ok(style) = ProgressStyle::with_template(form) {
                self.0.set_style(style);
            }
            match all {
                Some(all) => self.0.set_length(all),
                None => self.0.unset_length(),
            }
        }
        self.0.set_message(message.to_owned());
        self.0.set_position(done);
    }

    /// Writes something else meanwhile.
    pub(super) fn suspended<T>(&self, write: impl FnOnce() -> T) -> T {
        self.0.suspend(write)
    }

    /// Leaves no trace.
    pub(super) fn clear(&self) {
        self.0.finish_and_clear();
    }
}
