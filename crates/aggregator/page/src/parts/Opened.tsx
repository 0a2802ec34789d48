// A whole record: its message, its attributes, and the ways on from it.

import { useState } from "preact/hooks";
import { address, type LogRecord } from "../api";
import { copy } from "../copy";
import { isName, withTerm, written, type Term } from "../question";
import { columns, look, pageAddress, search, toggleColumn, zone } from "../state";
import { cut, flattened, isTrace, pretty, shownValue } from "../text";
import { iso, millis, moment } from "../time";
import { toggleTerm } from "./Side";
import { LongText, Text } from "./Text";
import { valueAt } from "./Row";

const FEW = 50;
const SERVICES = ["service", "service.name", "resource.service.name", "app", "kubernetes.container_name", "container_name", "SYSLOG_IDENTIFIER"];

/** The link to a record among those around it. */
function linkTo(record: LogRecord): string {
  const at = millis(record.timestamp);
  const range = { from: iso(at - 1_800_000), to: iso(at + 1_800_000) };
  return new URL(pageAddress({ ...search.value, text: "", levels: [], range, at: record.id }), location.href).href;
}

/** The list around a record: all of it, or of the same service. */
export function around(record: LogRecord, ofService: boolean): void {
  const name = ofService ? SERVICES.find((one) => valueAt(record.attributes, one) !== undefined) : undefined;
  const term: Term | null = name ? { kind: "attribute", name, value: shownValue(valueAt(record.attributes, name)), not: false } : null;
  const at = millis(record.timestamp);
  look({ text: term ? written(term) : "", levels: [], range: { from: iso(at - 1_800_000), to: iso(at + 1_800_000) }, at: record.id });
}

export function Opened({ record }: { record: LogRecord }) {
  const json = pretty(record.message);
  const [asSent, setAsSent] = useState(json === null);
  const attributes = flattened(record.attributes);
  const [all, setAll] = useState(false);
  const hasService = SERVICES.some((name) => valueAt(record.attributes, name) !== undefined);
  const trace = attributes.find(([name]) => isTrace(name));
  return (
    <div class="opened">
      <p class="ways">
        <span class="moment">{moment(millis(record.timestamp), zone.value)} <span class="quiet">{zone.value}; {record.timestamp}{record.level ? `; ${cut(record.level, 60)}` : ""}</span></span>
        {hasService && <button type="button" title="c" onClick={() => around(record, true)}>Same service around it</button>}
        <button type="button" onClick={() => around(record, false)}>All around it</button>
        {trace && isName(trace[0]) && <button type="button" onClick={() => ofTrace(trace)}>All of its trace</button>}
        <button type="button" onClick={() => void copy(record.message, "Message")}>Copy message</button>
        <button type="button" onClick={() => void copy(JSON.stringify(record, null, 2), "Record")}>Copy as JSON</button>
        <button type="button" onClick={() => void copy(linkTo(record), "Link")}>Copy link</button>
        <a href={address(`logs/${record.id}`)} target="_blank" rel="noreferrer">as it is stored</a>
        {json !== null && <button type="button" aria-pressed={asSent} onClick={() => setAsSent(!asSent)}>As sent</button>}
      </p>
      <LongText key={String(asSent)} class="whole" text={json !== null && !asSent ? json : record.message} />
      {attributes.length > 0 && (
        <div class="wide">
          <table class="values">
            <caption class="unseen">Attributes</caption>
            <tbody>
              {attributes.slice(0, all ? 1000 : FEW).map(([name, value]) => <Attribute key={name} name={name} value={shownValue(value)} isText={typeof value !== "object" || value === null} />)}
            </tbody>
          </table>
        </div>
      )}
      {attributes.length > FEW && !all && <button type="button" onClick={() => setAll(true)}>Show {Math.min(attributes.length, 1000).toLocaleString()} of {attributes.length.toLocaleString()} attributes</button>}
    </div>
  );
}

function ofTrace([name, value]: [string, unknown]): void {
  const term: Term = { kind: "attribute", name, value: shownValue(value), not: false };
  look({ text: written(term), levels: [], range: { from: "", to: "" } });
}

function Attribute({ name, value, isText }: { name: string; value: string; isText: boolean }) {
  const [whole, setWhole] = useState(false);
  const can = isText && isName(name) && value.length <= 1000;
  const term = (not: boolean): Term => ({ kind: "attribute", name, value, not });
  const shown = whole ? cut(value, 65_536) : cut(value, 500);
  const label = cut(name, 100);
  return (
    <tr>
      <th scope="row"><Text text={label} /></th>
      <td class="ways">
        <button type="button" class="small" disabled={!can} title="Only these" aria-label={`Only ${label} of this value`} onClick={() => look({ text: withTerm(search.value.text, term(false)) })}>=</button>
        <button type="button" class="small" disabled={!can} title="Without these" aria-label={`Without ${label} of this value`} onClick={() => toggleTerm(term(true))}>≠</button>
        <button type="button" class="small" aria-pressed={columns.value.includes(name)} title="As a column" aria-label={`Column ${label}`} onClick={() => toggleColumn(name)}>▥</button>
        <button type="button" class="small" title="Copy" aria-label={`Copy ${label}`} onClick={() => void copy(value, label)}>⧉</button>
      </td>
      <td class="value">
        {isTrace(name) && can ? <button type="button" class="link" title="All records of this trace" onClick={() => ofTrace([name, value])}>{shown}</button> : <Text text={shown} />}
        {shown.length < value.length && <> <button type="button" class="plain" onClick={() => setWhole(!whole)}>{whole ? "less" : `${value.length.toLocaleString()} characters`}</button></>}
      </td>
    </tr>
  );
}
