// Times: what a range means, and how they are written in a zone. Pure but for the zone of the browser.

/** A range as it is chosen: texts as the API takes them; an empty one is the beginning or the end of all. */
export interface Range {
  from: string;
  to: string;
}

/** A range in milliseconds since 1970. */
export interface Span {
  start: number | null;
  end: number | null;
}

const UNITS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/** The zone of the browser, UTC where it says none that is known. */
export const LOCAL = ((): string => {
  try {
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    return zone && isZone(zone) ? zone : "UTC";
  } catch {
    return "UTC";
  }
})();

export function isZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}

/** A text such as `-15m`, in milliseconds; `null` for any other. */
export function ago(text: string): number | null {
  if (text === "now") return 0;
  if (!/^-(\d+(ms|s|m|h|d|w))+$/.test(text)) return null;
  let all = 0;
  for (const [, count, unit] of text.matchAll(/(\d+)(ms|s|m|h|d|w)/g)) all += Number(count) * (UNITS[unit ?? ""] ?? 0);
  return all;
}

/** The instant that a text means; without an offset it is on the clock of the zone. `null` if it means none. */
export function instant(text: string, now: number, zone: string): number | null {
  const back = ago(text.trim());
  if (back !== null) return now - back;
  const found = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?)?\s*(Z|[+-]\d\d:?\d\d)?$/i.exec(text.trim());
  if (!found) return null;
  const [, year, month, day, hour = "0", minute = "0", second = "0", fraction = "0", offset] = found;
  const millis = Math.floor(Number(`0.${fraction}`) * 1000 + 1e-6);
  const clock = Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second), millis);
  const isReal = new Date(clock).getUTCDate() === Number(day) && new Date(clock).getUTCMonth() === Number(month) - 1 && Number(hour) < 24 && Number(minute) < 60 && Number(second) < 60;
  if (!isReal) return null;
  if (!offset) return onClock(clock, zone);
  if (/z/i.test(offset)) return clock;
  const sign = offset.startsWith("-") ? -1 : 1;
  return clock - sign * (Number(offset.slice(1, 3)) * 60 + Number(offset.slice(-2))) * 60_000;
}

/** The instant at which the clock of a zone shows this; the first of two. */
function onClock(clock: number, zone: string): number {
  const guess = clock - offsetAt(clock, zone);
  const before = clock - offsetAt(clock - 86_400_000, zone);
  return before + offsetAt(before, zone) === clock ? Math.min(before, guess) : guess + (clock - guess - offsetAt(guess, zone));
}

/** How far a zone's clock is ahead of UTC. */
export function offsetAt(at: number, zone: string): number {
  const shown = fields(at, zone);
  const clock = Date.UTC(shown.year, shown.month - 1, shown.day, shown.hour, shown.minute, shown.second);
  return clock - Math.floor(at / 1000) * 1000;
}

interface Fields { year: number; month: number; day: number; hour: number; minute: number; second: number }

const formats = new Map<string, Intl.DateTimeFormat>();

function fields(at: number, zone: string): Fields {
  let format = formats.get(zone);
  if (!format) {
    format = new Intl.DateTimeFormat("en-US", {
      timeZone: zone, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric",
      hour: "numeric", minute: "numeric", second: "numeric",
    });
    formats.set(zone, format);
  }
  const found: Record<string, number> = {};
  for (const { type, value } of format.formatToParts(at)) found[type] = Number(value);
  return found as unknown as Fields;
}

const two = (value: number) => String(value).padStart(2, "0");

/** A day such as `2024-10-08`. */
export function day(at: number, zone: string): string {
  const { year, month, day } = fields(at, zone);
  return `${year}-${two(month)}-${two(day)}`;
}

/** A time of the day to the millisecond. */
export function clock(at: number, zone: string, parts: "minutes" | "seconds" | "millis" = "millis"): string {
  const { hour, minute, second } = fields(at, zone);
  const short = `${two(hour)}:${two(minute)}`;
  if (parts === "minutes") return short;
  const millis = String(((at % 1000) + 1000) % 1000).padStart(3, "0");
  return `${short}:${two(second)}${parts === "millis" ? `.${millis}` : ""}`;
}

/** A moment as it is written into the range, as short as it is exact. */
export function moment(at: number, zone: string): string {
  const parts = at % 1000 ? "millis" : at % 60_000 ? "seconds" : "minutes";
  return `${day(at, zone)} ${clock(at, zone, parts)}`;
}

/** As the API takes it. */
export const iso = (at: number): string => new Date(at).toISOString();

/** The whole nanoseconds since 1970 of a record's time. */
export function nanos(timestamp: string): bigint {
  const fraction = /\.(\d+)/.exec(timestamp)?.[1] ?? "";
  const whole = Date.parse(timestamp.replace(/\.\d+/, ""));
  return BigInt(whole) * 1_000_000n + BigInt(fraction.padEnd(9, "0").slice(0, 9));
}

/** The milliseconds of a record's time. */
export function millis(timestamp: string): number {
  return Number(nanos(timestamp) / 1_000_000n);
}

/** The range in instants. */
export function span(range: Range, now: number, zone: string): Span {
  const start = range.from ? instant(range.from, now, zone) : null;
  const end = range.to ? instant(range.to, now, zone) : range.from && ago(range.from) !== null ? now : null;
  return { start, end };
}

/** How a length is said. */
export function length(ms: number): string {
  const units: [number, string][] = [[86_400_000, "d"], [3_600_000, "h"], [60_000, "m"], [1000, "s"], [1, "ms"]];
  const found: string[] = [];
  let rest = Math.round(ms);
  for (const [unit, name] of units) {
    const count = Math.floor(rest / unit);
    if (count && found.length < 2) {
      found.push(`${count} ${name}`);
      rest -= count * unit;
    } else if (found.length) break;
  }
  return found.join(" ") || "0 ms";
}

/** What a range is called. */
export function rangeName(range: Range, zone: string): string {
  if (!range.from && !range.to) return "all time";
  const back = ago(range.from);
  if (back !== null && !range.to) return `last ${length(back)}`;
  const shown = (text: string, none: string) => {
    if (!text) return none;
    if (ago(text) !== null) return text;
    const at = instant(text, 0, zone);
    return at === null ? text : moment(at, zone);
  };
  return `${shown(range.from, "the beginning")} – ${shown(range.to, "the end")}`;
}

/** A range moved by a part of its length, or made wider or narrower around its middle. */
export function moved(span: Span, by: number, zoom = 1): Range | null {
  if (span.start === null || span.end === null) return null;
  const size = Math.max(span.end - span.start, 1);
  const middle = (span.start + span.end) / 2 + size * by;
  const half = Math.max((size * zoom) / 2, 0.5);
  return { from: iso(Math.round(middle - half)), to: iso(Math.round(middle + half)) };
}
