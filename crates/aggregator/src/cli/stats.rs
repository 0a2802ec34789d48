//! `aggregator stats`: who sends to a running service, how much, what they were told, and what its store holds.

mod of_store;

use super::asked::{AskedArgs, JSON, finished, understood, write_json};
use super::output_form::OutputForm;
use super::query::{Failure, ServiceClient};
use super::sanitize;
use logs::counted;
use of_store::Store;
use program::shown;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::io::{self, Write};

/// What `GET /stats` answers.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stats {
    /// None of a service that does not tell it.
    store: Option<Store>,
    senders: Vec<Sender>,
    forgotten_senders: u64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Sender {
    protocol: String,
    token: Option<String>,
    records: u64,
    bytes: u64,
    records_of_last_minute: u64,
    last_seen: String,
    refused: BTreeMap<String, u64>,
    warnings: BTreeMap<String, u64>,
    last_told: Option<LastTold>,
}

#[derive(Debug, Deserialize)]
struct LastTold {
    at: String,
    example: String,
}

/// Asks, and shows the answer.
///
/// # Errors
/// [`Failure`], one sentence each.
pub fn run(asked: &AskedArgs, out: &mut impl Write) -> Result<(), Failure> {
    let client = asked.client()?;
    finished(ask(asked, &client, out))?;
    Ok(out.flush()?)
}

async fn ask(
    asked: &AskedArgs,
    client: &ServiceClient,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let answer = client.get("/stats", "", JSON).await?;
    let body = client.whole(answer).await?;
    let stats: Stats = understood(client, &body)?;
    match asked.output {
        OutputForm::Text => {
            write_text(&stats, out)?;
            stats.store.map_or(Ok(()), |store| store.write_text(out))?;
        }
        OutputForm::Json => write_json(String::from_utf8_lossy(&body).trim_end(), out)?,
    }
    Ok(())
}

/// Two lines for each sender that was told something, and one for each other.
fn write_text(stats: &Stats, out: &mut impl Write) -> io::Result<()> {
    for sender in &stats.senders {
        let name = match &sender.token {
            Some(token) => format!("{} with {token}", sender.protocol),
            None => sender.protocol.clone(),
        };
        let (name, seen) = (sanitize::line(&name), sanitize::line(&sender.last_seen));
        let (records, bytes) = (
            counted(sender.records, "record", "records"),
            shown::size(sender.bytes),
        );
        let minute = sender.records_of_last_minute;
        write!(
            out,
            "{name}: {records}, {bytes}; {minute} in the last minute; last seen {seen}"
        )?;
        let sums = [
            (&sender.refused, "refused"),
            (&sender.warnings, "warned of"),
        ];
        for (counts, told) in sums {
            let sum: u64 = counts.values().sum();
            if sum > 0 {
                write!(out, "; {sum} {told}")?;
            }
        }
        writeln!(out)?;
        if let Some(LastTold { at, example }) = &sender.last_told {
            writeln!(
                out,
                "    {} {}",
                sanitize::line(at),
                sanitize::line(example)
            )?;
        }
    }
    match (stats.senders.len(), stats.forgotten_senders) {
        (0, _) => writeln!(out, "nobody has sent anything since the start"),
        (_, 0) => Ok(()),
        (_, more) => writeln!(out, "{} forgotten", counted(more, "other is", "others are")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(json: &str) -> String {
        let mut out = Vec::new();
        write_text(&serde_json::from_str(json).unwrap(), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn people_read_who_sends_and_what_he_was_told_in_lines_that_no_terminal_obeys() {
        let told = shown(
            r#"{"senders":[
            {"protocol":"native","token":"orders","requests":2,"records":20,"bytes":5200,"recordsOfLastMinute":7,"lastSeen":"t1",
             "refused":{"invalid_json":1,"overloaded":2},"warnings":{"time":4,"level":0},"lastTold":{"at":"t0","example":"no \u001b[31m time"}},
            {"protocol":"loki","requests":1,"records":1,"bytes":100,"recordsOfLastMinute":0,"lastSeen":"t2","refused":{},"warnings":{}}],
            "forgottenSenders":1}"#,
        );
        let expected = "\
native with orders: 20 records, 5.1 KiB; 7 in the last minute; last seen t1; 3 refused; 4 warned of
    t0 no \\x1b[31m time
loki: 1 record, 100 B; 0 in the last minute; last seen t2
1 other is forgotten
";
        assert_eq!(told, expected);
        let nobody = shown(r#"{"senders":[],"forgottenSenders":0}"#);
        assert_eq!(nobody, "nobody has sent anything since the start\n");
    }
}
