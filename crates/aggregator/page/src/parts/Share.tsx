// What is seen, to give to others and to take away: links, commands, files.

import { useRef, useState } from "preact/hooks";
import { Failure, address, ask, token } from "../api";
import { asCurl, asQuery } from "../commands";
import { copy } from "../copy";
import { active } from "../reading";
import { asked, askedWithRange, badRange, frozen, list, total } from "../searching";
import { columns, pageAddress, question, search } from "../state";
import { iso, millis } from "../time";
import { Panel } from "./Panel";

const whole = (path: string) => new URL(path, location.href).href;

/** The range as instants, and the row that the reader is at: an hour later the same rows. */
function theseRows(): string {
  const rows = list.value.rows.value;
  const { start, end } = frozen.value;
  const times = rows.map(({ timestamp }) => millis(timestamp));
  const [least, most] = [Math.min(...times), Math.max(...times) + 1];
  const range = { from: iso(start ?? least), to: iso(end ?? most) };
  const id = active.value ?? search.value.at ?? "";
  return whole(pageAddress({ ...search.value, range, at: id || (rows[0]?.id ?? "") }));
}

export function Share() {
  const { range, newestFirst } = search.value;
  const wrong = badRange.value ?? question.value.problems[0];
  // Without what cannot be asked for it would be another search.
  if (wrong) return <Panel title="Share and take away"><p class="problem">{wrong}</p></Panel>;
  const commands = [
    ["curl", asCurl(asked(true), range, newestFirst, token() !== null)],
    ["aggregator query", asQuery(asked(true), range, newestFirst)],
  ] as const;
  return (
    <Panel title="Share and take away">
      <h3>Links</h3>
      <p class="ways">
        <button type="button" onClick={() => void copy(whole(pageAddress(search.value)), "Link")}>Copy the link to this search</button>
        <button type="button" disabled={!list.value.rows.value.length} onClick={() => void copy(theseRows(), "Link")}>Copy the link to these rows</button>
      </p>
      <p class="quiet">The first one goes by the clock ({range.from || "all time"}); the second one shows these very records later as well.</p>
      {commands.map(([name, text]) => (
        <>
          <h3>With {name}</h3>
          <pre tabIndex={0}>{text}</pre>
          <button type="button" onClick={() => void copy(text, name)}>Copy</button>
        </>
      ))}
      <h3>As a file</h3>
      <Download />
    </Panel>
  );
}

function Download() {
  const [got, setGot] = useState<number | null>(null);
  const [problem, setProblem] = useState("");
  const aborting = useRef<AbortController | null>(null);
  const parameters = (format: string) => {
    const all = askedWithRange(true);
    all.set("order", search.value.newestFirst ? "desc" : "asc");
    all.set("format", format);
    if (format === "csv" && columns.value.length) {
      all.set("fields", ["timestamp", "level", "message", ...columns.value.map((name) => `attr.${name}`)].join(","));
    }
    return all;
  };
  const load = async (format: string) => {
    const own = (aborting.current = new AbortController());
    setProblem("");
    setGot(0);
    try {
      const response = await ask("logs/retrieve", parameters(format), own.signal);
      const pieces: BlobPart[] = [];
      let bytes = 0;
      const reader = response.body?.getReader();
      for (let piece = await reader?.read(); piece && !piece.done; piece = await reader?.read()) {
        pieces.push(piece.value);
        setGot((bytes += piece.value.length));
      }
      save(new Blob(pieces), `logs.${format}`);
    } catch (error) {
      if (!own.signal.aborted) setProblem(error instanceof Failure ? `${error.message} ${error.cure}` : "The answer broke off: nothing is saved. Try again.");
    }
    setGot(null);
  };
  return (
    <>
      <p class="ways">
        {["ndjson", "csv"].map((format) =>
          token() === null
            ? <a key={format} class="button" download={`logs.${format}`} href={address("logs/retrieve", parameters(format))}>{format.toUpperCase()}</a>
            : <button key={format} type="button" disabled={got !== null} onClick={() => void load(format)}>{format.toUpperCase()}</button>,
        )}
        {got !== null && <button type="button" onClick={() => aborting.current?.abort()}>Stop</button>}
      </p>
      <p class="quiet" role="status">
        {got !== null ? `${(got / 1e6).toFixed(1)} MB so far` : `The whole result${total.value === null ? "" : `, ${total.value.toLocaleString()} records`}, not only the rows that are loaded${columns.value.length ? "; CSV with these columns" : ""}.`}
      </p>
      {problem && <p class="problem" role="alert">{problem}</p>}
    </>
  );
}

function save(blob: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
