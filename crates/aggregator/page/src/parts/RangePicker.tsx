// The range: lengths before now, or two times on the clock of the chosen zone.

import { useState } from "preact/hooks";
import { now } from "../api";
import { frozen } from "../searching";
import { look, panel, search, zone } from "../state";
import { ago, instant, iso, moment, moved, rangeName } from "../time";

const LENGTHS = ["-5m", "-15m", "-1h", "-3h", "-12h", "-1d", "-7d", "-30d"];

/** Moves the range by a part of its length, or widens it. */
export function shift(by: number, zoom = 1): void {
  const range = moved(frozen.value, by, zoom);
  if (range) look({ range });
}

export function RangeButtons() {
  const { range } = search.value;
  const isFree = frozen.value.start === null || frozen.value.end === null;
  return (
    <div class="range" role="group" aria-label="Range of time">
      <button type="button" title="Earlier (h)" aria-label="Earlier" disabled={isFree} onClick={() => shift(-1)}>‹</button>
      <button type="button" class="name" title="Choose a range (t)" aria-expanded={panel.value === "range"} onClick={() => (panel.value = panel.value === "range" ? null : "range")}>
        {rangeName(range, zone.value)}
      </button>
      <button type="button" title="Later (l)" aria-label="Later" disabled={isFree} onClick={() => shift(1)}>›</button>
      <button type="button" title="Twice as long" aria-label="Zoom out" disabled={isFree} onClick={() => shift(0, 2)}>−</button>
      <button type="button" title="Half as long" aria-label="Zoom in" disabled={isFree} onClick={() => shift(0, 0.5)}>+</button>
    </div>
  );
}

export function RangePicker() {
  const shown = (text: string, other: number | null) =>
    text && ago(text) === null && instant(text, 0, zone.value) !== null
      ? moment(instant(text, 0, zone.value) ?? 0, zone.value)
      : text || (other === null ? "" : moment(other, zone.value));
  const [from, setFrom] = useState(shown(search.value.range.from, null));
  const [to, setTo] = useState(shown(search.value.range.to, null));
  const [problem, setProblem] = useState("");
  const take = (event: Event) => {
    event.preventDefault();
    const read = (text: string) => (text.trim() && ago(text.trim()) === null ? instant(text, now(), zone.value) : null);
    for (const text of [from, to]) {
      if (text.trim() && ago(text.trim()) === null && read(text) === null) {
        return setProblem(`“${text}” is no time: write 2024-10-08 10:00, 2024-10-08T10:00:00+02:00, -15m or -1h30m`);
      }
    }
    const kept = (text: string) => {
      const at = read(text);
      return at === null ? text.trim() : iso(at);
    };
    choose(kept(from), kept(to));
  };
  const choose = (from: string, to: string) => {
    panel.value = null;
    look({ range: { from, to } });
  };
  return (
    <form class="popover" id="range" aria-label="Choose a range" onSubmit={take}>
      <div class="lengths">
        {LENGTHS.map((length) => (
          <button key={length} type="button" onClick={() => choose(length, "")}>{rangeName({ from: length, to: "" }, zone.value)}</button>
        ))}
        <button type="button" onClick={() => choose("", "")}>all time</button>
      </div>
      <label>From <input value={from} placeholder="the beginning" onInput={(event) => setFrom(event.currentTarget.value)} autofocus /></label>
      <label>To <input value={to} placeholder={ago(from) === null ? "the end" : "now"} onInput={(event) => setTo(event.currentTarget.value)} /></label>
      <p class="quiet">On the clock of {zone.value}: 2024-10-08, 2024-10-08 10:00:30.5; with an offset as it says; -15m, -1h30m before now.</p>
      {problem && <p class="problem" role="alert">{problem}</p>}
      <button type="submit" class="main">Use it</button>
    </form>
  );
}
