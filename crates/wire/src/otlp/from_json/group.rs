//! The two levels of messages around records, which are alike: what is shared, and the list of what shares it.

use super::super::json::Stop;
use super::Reader;
use crate::unusual::Unusual;

/// Which of the two.
#[derive(Clone, Copy)]
pub(super) enum Around {
    Resource,
    Scope,
}

impl Around {
    pub(super) fn own(self) -> &'static str {
        match self {
            Self::Resource => "resource",
            Self::Scope => "scope",
        }
    }

    /// The names of the list of what is in it.
    pub(super) fn list(self) -> [&'static str; 2] {
        match self {
            Self::Resource => ["scopeLogs", "scope_logs"],
            Self::Scope => ["logRecords", "log_records"],
        }
    }
}

impl Reader<'_, '_> {
    /// Reads `ResourceLogs` or `ScopeLogs`.
    pub(super) fn group(&mut self, around: Around) -> Result<(), Stop> {
        if self.json.next()? != b'{' {
            return Err(Stop::Shape(match around {
                Around::Resource => "an element of resourceLogs must be an object",
                Around::Scope => "an element of scopeLogs must be an object",
            }));
        }
        let start = self.json.place();
        if !self.looks_ahead {
            let mark = self.batch.mark();
            if self.in_order(around)? {
                return Ok(());
            }
            // Others of this sender will not be in order either.
            self.looks_ahead = true;
            self.batch.rewind(&mark);
            self.json.unusual = Unusual::default();
            self.json.go_to(start);
        }
        // What stands before is of no more use.
        self.is_damaged(start..start);
        self.share(around)?;
        self.json.go_to(start);
        let mut more = self.json.open(b'{', b'}')?;
        while more {
            let name = self.json.name()?;
            // What is odd of it was told.
            self.json.unusual = Unusual::default();
            match around.list().contains(&&*name) {
                true => self.list(around)?,
                false => drop(self.json.raw()?),
            }
            more = self.json.more(b'}')?;
        }
        Ok(())
    }

    /// Reads a group in which everything that is shared stands before what shares it; whether it was one. Of
    /// one that was none, what was given to the batch is to be taken back.
    fn in_order(&mut self, around: Around) -> Result<bool, Stop> {
        self.shared(around).clear();
        let (mut more, mut is_behind) = (self.json.open(b'{', b'}')?, false);
        while more {
            let name = self.json.name()?;
            if around.list().contains(&&*name) {
                if !is_behind {
                    self.settle(around)?;
                }
                self.list(around)?;
                is_behind = true;
            } else {
                let is_shared = self.share_member(around, &name)?;
                if is_behind && (is_shared || self.json.unusual.first().is_some()) {
                    return Ok(false);
                }
            }
            more = self.json.more(b'}')?;
        }
        if !is_behind {
            // Nothing shares it, and nothing of it is to be told of others.
            self.settle(around)?;
        }
        Ok(true)
    }

    /// Reads what is in a group.
    fn list(&mut self, around: Around) -> Result<(), Stop> {
        match around {
            Around::Resource => self.each("scopeLogs must be an array", |reader| {
                reader.group(Around::Scope)
            }),
            Around::Scope => self.each("logRecords must be an array", Self::record),
        }
    }
}
