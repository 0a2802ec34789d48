// A record in the list: one line, and below it all of it while it is open.

import { memo } from "preact/compat";
import type { LogRecord } from "../api";
import { toggleRow } from "../reading";
import { LEVELS } from "../question";
import { cut, firstLine, flattened, shownValue } from "../text";
import { clock, day, millis } from "../time";
import { Opened } from "./Opened";
import { Text } from "./Text";

const FEW = 6;

interface Properties {
  record: LogRecord;
  isOpen: boolean;
  isActive: boolean;
  isNamed: boolean;
  days: boolean;
  zone: string;
  columns: string[];
}

/** The level by which a record is coloured, of the spellings that there are. */
export function levelOf(record: LogRecord): string {
  const level = (record.level ?? "").toUpperCase();
  const known = LEVELS.find((name) => name === level);
  return known ?? ({ WARNING: "WARN", CRITICAL: "FATAL", ERR: "ERROR", NOTICE: "INFO" }[level] ?? "other");
}

/** What a name leads to, through objects or as a part of it. */
export function valueAt(value: unknown, name: string): unknown {
  if (value === null || typeof value !== "object") return undefined;
  const inner = value as Record<string, unknown>;
  if (Object.hasOwn(inner, name)) return inner[name];
  for (let dot = name.indexOf("."); dot > 0; dot = name.indexOf(".", dot + 1)) {
    const beginning = name.slice(0, dot);
    if (Object.hasOwn(inner, beginning)) {
      const found = valueAt(inner[beginning], name.slice(dot + 1));
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

export const Row = memo(function Row({ record, isOpen, isActive, isNamed, days, zone, columns }: Properties) {
  const level = levelOf(record);
  const at = millis(record.timestamp);
  const { first, more, cut: isCut } = firstLine(record.message);
  const toggle = () => {
    // Whoever selects text does not want the row opened.
    if (getSelection()?.isCollapsed !== false) toggleRow(record.id);
  };
  return (
    <div class={`row level-${level.toLowerCase()}${isActive ? " active" : ""}${isNamed ? " named" : ""}${isOpen ? " is-open" : ""}`}>
      <div class="line" onClick={toggle}>
        <button type="button" class="open" aria-expanded={isOpen} aria-label={`${isOpen ? "Close" : "Open"}: ${level}, ${clock(at, zone)}`} onClick={(event) => { event.stopPropagation(); toggleRow(record.id); }}>
          <span aria-hidden="true">{isOpen ? "▾" : "▸"}</span>
        </button>
        <span class="level" title={record.level ?? "no level"}>{level === "other" ? "·" : level[0]}</span>
        <time class={days ? "time days" : "time"} dateTime={record.timestamp} title={`${record.timestamp} (${zone})`}>{days ? `${day(at, zone).slice(5)} ` : ""}{clock(at, zone)}</time>
        {columns.map((name) => <Cell key={name} value={valueAt(record.attributes, name)} />)}
        <span class="message" dir="auto">
          <Text text={first} />{isCut && "…"}
          {more > 0 && <span class="more">+{more.toLocaleString()} {more === 1 ? "line" : "lines"}</span>}
          {!columns.length && <Attributes record={record} />}
        </span>
      </div>
      {isOpen && <Opened record={record} />}
    </div>
  );
});

function Cell({ value }: { value: unknown }) {
  const text = value === undefined ? "" : cut(shownValue(value), 300);
  return <span class="cell" title={text}><Text text={text} /></span>;
}

function Attributes({ record }: { record: LogRecord }) {
  const some = flattened(record.attributes, FEW);
  return (
    <span class="attributes">
      {some.map(([name, value]) => (
        <span key={name}> {cut(name, 60)}=<Text text={cut(shownValue(value), 60)} /></span>
      ))}
    </span>
  );
}
