// What is shown where there are no rows: why, a way on, and for an empty service how to send.

import { useEffect, useState } from "preact/hooks";
import { SERVICE, ask, eachLine, type LogRecord } from "../api";
import { copy } from "../copy";
import { run } from "../searching";
import { look, search, zone } from "../state";
import { iso, millis, moment, rangeName } from "../time";
import docker from "../../../senders/docker-splunk.json?raw";
import filebeat from "../../../senders/filebeat.yml?raw";
import fluentBit from "../../../senders/fluent-bit-http.conf?raw";
import collector from "../../../senders/otelcol-otlphttp.yaml?raw";
import python from "../../../senders/opentelemetry-python.py?raw";
import vector from "../../../senders/vector-http.yaml?raw";

const EVERY = 2000;
const curl = `curl http://logs.example:8005/logs/batch -H "Content-Type: application/json" \\
  -d '[{"level":"INFO","message":"hello","service":"orders"}]'`;
const SENDERS = { curl, "Fluent Bit": fluentBit, Vector: vector, "OpenTelemetry Collector": collector, "OpenTelemetry, Python": python, Filebeat: filebeat, Docker: docker };

/** A configuration with the address of this service. */
function filled(text: string): string {
  const port = SERVICE.port || (SERVICE.protocol === "https:" ? "443" : "80");
  return text
    .replaceAll("http://logs.example:8005", SERVICE.href.replace(/\/$/, ""))
    .replaceAll("logs.example", SERVICE.hostname)
    .replaceAll("8005", port);
}

async function newest(signal: AbortSignal): Promise<LogRecord | null> {
  const response = await ask("logs/retrieve", new URLSearchParams({ order: "desc", limit: "1", format: "ndjson" }), signal);
  let found: LogRecord | null = null;
  await eachLine(response, (line) => (found = JSON.parse(line) as LogRecord));
  return found;
}

export function Greeting() {
  const [last, setLast] = useState<LogRecord | null | undefined>(undefined);
  useEffect(() => {
    const aborting = new AbortController();
    let wait: ReturnType<typeof setTimeout>;
    let wasEmpty = false;
    const ask = async () => {
      const found = await newest(aborting.signal).catch(() => undefined);
      if (aborting.signal.aborted) return;
      if (found && wasEmpty) return run();
      wasEmpty ||= found === null;
      setLast(found);
      if (!found) wait = setTimeout(ask, EVERY);
    };
    void ask();
    return () => {
      aborting.abort();
      clearTimeout(wait);
    };
  }, []);
  if (last === undefined) return <section class="greeting"><p>Nothing found.</p></section>;
  return last === null ? <Empty /> : <Nothing last={last} />;
}

function Nothing({ last }: { last: LogRecord }) {
  const at = millis(last.timestamp);
  const { text, levels, range } = search.value;
  return (
    <section class="greeting">
      <h2>Nothing found</h2>
      <p>No record of {rangeName(range, zone.value)} fits{text || levels.length ? " this search" : ""}. The newest one of all is of {moment(at, zone.value)}.</p>
      <p class="ways">
        <button type="button" onClick={() => look({ range: { from: iso(at - 3_600_000), to: iso(at + 1) } })}>The hour before it</button>
        {(range.from || range.to) && <button type="button" onClick={() => look({ range: { from: "", to: "" } })}>All time</button>}
        {levels.length > 0 && <button type="button" onClick={() => look({ levels: [] })}>All levels</button>}
        {text && <button type="button" onClick={() => look({ text: "" })}>Without the search</button>}
      </p>
    </section>
  );
}

function Empty() {
  const [name, setName] = useState<keyof typeof SENDERS>("curl");
  const text = filled(SENDERS[name]);
  return (
    <section class="greeting">
      <h2>No logs yet</h2>
      <p>Send some, and they are shown here.</p>
      <div class="ways" role="group" aria-label="Senders">
        {(Object.keys(SENDERS) as (keyof typeof SENDERS)[]).map((one) => (
          <button key={one} type="button" aria-pressed={one === name} onClick={() => setName(one)}>{one}</button>
        ))}
      </div>
      <pre tabIndex={0}>{text}</pre>
      <button type="button" onClick={() => void copy(text, name)}>Copy</button>
      <p class="quiet waiting" role="status">Waiting for the first record…</p>
    </section>
  );
}
