//! Messages of MongoDB's wire protocol, as far as a proxy has to understand them.
//!
//! <https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/>

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt as _};

const HEADER: usize = 16;
/// The largest message that a server takes.
const LARGEST: usize = 48_000_000;
const OP_MSG: i32 = 2013;
/// Behind the header and the flags: a section that is the command itself.
const BODY: u8 = 0;
/// A section that is a list of documents.
const SEQUENCE: u8 = 1;

/// A whole message.
#[derive(Debug)]
pub(crate) struct Message(Vec<u8>);

/// The next message, or `None` at the end of the stream.
pub(crate) async fn read(from: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<Message>> {
    let mut bytes = vec![0; 4];
    match from.read_exact(&mut bytes).await {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    }
    let length = usize::try_from(number(&bytes, 0)).unwrap_or_default();
    assert!((HEADER..=LARGEST).contains(&length), "{length} bytes");
    bytes.resize(length, 0);
    from.read_exact(&mut bytes[4..]).await?;
    Ok(Some(Message(bytes)))
}

impl Message {
    /// All of it.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Its number.
    pub(crate) fn id(&self) -> i32 {
        number(&self.0, 4)
    }

    /// The number of the message that it answers.
    pub(crate) fn answers(&self) -> i32 {
        number(&self.0, 8)
    }

    /// Whether it asks for documents to be inserted.
    pub(crate) fn is_write(&self) -> bool {
        self.insert().is_some()
    }

    /// Whether it asks for documents to be inserted into this collection.
    pub(crate) fn writes_into(&self, collection: &str) -> bool {
        let insert = self.insert().unwrap_or_default();
        // The length of the text stands before it.
        insert
            .get(4..)
            .and_then(|text| text.split(|byte| *byte == 0).next())
            == Some(collection.as_bytes())
    }

    /// The value of the first element of its body, where that is called `insert`: the element's
    /// name is that of the command.
    fn insert(&self) -> Option<&[u8]> {
        if number(&self.0, 12) != OP_MSG {
            return None;
        }
        let mut at = HEADER + 4;
        while *self.0.get(at)? == SEQUENCE {
            at += 1 + usize::try_from(number(&self.0, at + 1)).ok()?;
        }
        if *self.0.get(at)? != BODY {
            return None;
        }
        // The kind of the section, the length of the document, the type of its first element.
        self.0.get(at + 1 + 4 + 1..)?.strip_prefix(b"insert\0")
    }
}

fn number(bytes: &[u8], at: usize) -> i32 {
    let four = bytes.get(at..at + 4).and_then(|four| four.try_into().ok());
    four.map_or(0, i32::from_le_bytes)
}
