// The live tail: what is stored from now on comes into the list where that moves nothing under the reader's eyes, and waits
// to be asked for elsewhere.

import { effect, signal, untracked } from "@preact/signals";
import { Failure, events, now, type Event, type LogRecord } from "./api";
import { opened } from "./reading";
import { asked, count, frozen, list, logins, run } from "./searching";
import { look, question, search, zone } from "./state";
import { ago, span } from "./time";

/** More that wait are not kept: they are found by a search. */
const MOST_WAITING = 5000;
const FLUSH = 250;
const COUNT = 10_000;
const PAUSES = [1000, 2000, 5000];

export interface Live {
  state: "off" | "connecting" | "on" | "lost" | "refused";
  /** What was told last that whoever looks should know. */
  told: string;
  /** Records that are not in the list: too many waited, or the service left them out. */
  left: number;
}

export const live = signal<Live>({ state: "off", told: "", left: 0 });
/** Records that wait to be shown, the newest last. */
export const waiting = signal<LogRecord[]>([]);
/** Whether the newest row is in sight and nothing is selected or open: set by the list. */
export const follows = { now: (): boolean => true, toTop: (): void => undefined };

let aborting: AbortController | null = null;
let come: LogRecord[] = [];

/** Begins or ends it. */
export function toggleLive(): void {
  const isOn = search.value.live;
  const { range } = search.value;
  const isFree = range.to === "" && (range.from === "" || ago(range.from) !== null);
  look({ live: !isOn, newestFirst: true, ...(isOn || isFree ? {} : { range: { from: "-15m", to: "" } }) });
}

/** Shows what waits. */
export function showWaiting(): void {
  const { left } = live.value;
  live.value = { ...live.value, left: 0, told: "" };
  if (left) {
    waiting.value = [];
    run();
  } else {
    take(waiting.value);
    waiting.value = [];
  }
  follows.toTop();
}

/** Follows the search: another one, or another token, is another tail. */
export function connectLive(): void {
  effect(() => {
    logins.value;
    const isOn = search.value.live && !question.value.problems.length;
    untracked(() => {
      aborting?.abort();
      aborting = null;
      come = [];
      waiting.value = [];
      live.value = { state: isOn ? "connecting" : "off", told: "", left: 0 };
      if (isOn) void follow((aborting = new AbortController()));
    });
  });
}

async function follow(own: AbortController): Promise<void> {
  const { signal } = own;
  const flushing = setInterval(flush, FLUSH);
  const counting = setInterval(countAgain, COUNT);
  signal.addEventListener("abort", () => {
    clearInterval(flushing);
    clearInterval(counting);
  });
  let last = "";
  for (let tries = 0; !signal.aborted; tries += 1) {
    try {
      await events("logs/tail", asked(true), last, signal, () => {
        tries = 0;
        live.value = { ...live.value, state: "on" };
        // What was stored before stands in the list that is looked for from here on.
        if (!last) run();
      }, (event) => {
        if (event.id) last = event.id;
        hear(event);
      });
      if (!signal.aborted) live.value = { ...live.value, state: "lost" };
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof Failure && error.code === "invalid_event_id") last = "";
      else if (error instanceof Failure && error.status >= 400 && error.status !== 503 && error.status !== 502 && error.status !== 504) {
        own.abort();
        live.value = { ...live.value, state: "refused", told: `${error.message} ${error.status === 501 ? "" : error.cure}` };
        return;
      } else live.value = { ...live.value, state: "lost" };
    }
    await new Promise((done) => setTimeout(done, PAUSES[Math.min(tries, PAUSES.length - 1)]));
  }
}

function hear(event: Event): void {
  const data = JSON.parse(event.data || "{}");
  switch (event.name) {
    // An id alone says how far it is.
    case "message": if (event.data) come.push(data as LogRecord); break;
    case "dropped": leave(Number(data.count ?? 0), "The service left records out: they came faster than they are read here."); break;
    case "gap": leave(0, "What came in between is not known."); break;
    case "skipped": leave(1, "For a record it takes too long to tell whether it fits."); break;
    case "waiting": live.value = { ...live.value, told: "The store is away: it goes on by itself." }; break;
    case "failed": live.value = { ...live.value, told: String(data.message ?? "") }; break;
    default: break;
  }
}

function leave(count: number, told: string): void {
  live.value = { ...live.value, left: live.value.left + Math.max(count, 1), told };
}

/** Brings what has come into the list, or to what waits. */
function flush(): void {
  if (!come.length || list.value.progress.value.loading === "first") return;
  const found = come;
  come = [];
  if (!waiting.value.length && !live.value.left && !isReading() && follows.now()) {
    take(found);
    follows.toTop();
    return;
  }
  const all = [...waiting.value, ...found];
  if (all.length > MOST_WAITING) leave(all.length - MOST_WAITING, "");
  waiting.value = all.slice(-MOST_WAITING);
}

function isReading(): boolean {
  const open = opened.value;
  return open.size > 0 && list.value.rows.value.some(({ id }) => open.has(id));
}

function take(found: LogRecord[]): void {
  list.value.come(found);
}

function countAgain(): void {
  if (document.hidden || live.value.state !== "on") return;
  frozen.value = span(search.value.range, now(), zone.value);
  void count();
}
