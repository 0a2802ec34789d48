// The rows that are loaded: a window of all that a search finds, which grows at both ends and never beyond a bound.

import { signal } from "@preact/signals";
import { Failure, context, page, type LogRecord } from "./api";
import { iso, nanos, type Span } from "./time";

/** More are never kept: the end that is not looked at gives way, and is loaded again when it is. */
export const MOST = 10_000;
/** While rows come by themselves. */
const MOST_LIVE = 5000;
const FIRST = 200;
const FURTHER = 1000;
const AROUND = 100;

export type Direction = "older" | "newer";

interface Edge {
  /** What the next page is asked for with, once there was one. */
  next: URLSearchParams | null;
  done: boolean;
}

/** How far the list is. */
export interface Progress {
  loading: Direction | "first" | null;
  failed: Failure | null;
  stopped: boolean;
  /** Pages in which nothing was found, one behind another. */
  empty: number;
}

export class List {
  /** In the order in which they are shown. */
  readonly rows = signal<LogRecord[]>([]);
  readonly progress = signal<Progress>({ loading: null, failed: null, stopped: false, empty: 0 });
  private readonly edges: Record<Direction, Edge> = { older: { next: null, done: false }, newer: { next: null, done: false } };
  private aborting = new AbortController();

  constructor(
    private readonly filters: URLSearchParams,
    private readonly span: Span,
    readonly newestFirst: boolean,
  ) {}

  /** The end of the rows in a direction, as they are shown. */
  direction(end: "top" | "bottom"): Direction {
    return (end === "top") === this.newestFirst ? "newer" : "older";
  }

  isDone(direction: Direction): boolean {
    return this.edges[direction].done;
  }

  /** The first rows: the newest or the oldest ones, or those around a record. */
  async begin(at: string): Promise<void> {
    if (at) return this.guarded("first", (signal) => this.around(at, signal));
    const direction = this.direction("bottom");
    this.edges[this.direction("top")].done = true;
    await this.guarded("first", (signal) => this.extend(direction, FIRST, signal));
  }

  /** More rows at an end, unless there are none or some are being loaded. */
  async more(direction: Direction): Promise<void> {
    const { loading, failed, stopped } = this.progress.value;
    if (loading || failed || stopped || this.edges[direction].done) return;
    await this.guarded(direction, (signal) => this.extend(direction, FURTHER, signal));
  }

  /** Ends what is under way; the rows that are there stay. */
  stop(): void {
    if (!this.progress.value.loading) return;
    this.aborting.abort();
    this.progress.value = { ...this.progress.value, loading: null, stopped: true };
  }

  /** Goes on after a stop or a failure. */
  resume(at: string): Promise<void> {
    this.progress.value = { loading: null, failed: null, stopped: false, empty: 0 };
    return this.rows.value.length ? this.more(this.direction("bottom")) : this.begin(at);
  }

  /** What has been stored meanwhile, in its place among the rows; what belongs behind those that are loaded comes with them. */
  come(found: LogRecord[]): void {
    const known = new Set(this.rows.value.slice(0, 2 * MOST).map(({ id }) => id));
    const oldest = this.edges.older.done ? undefined : this.edgeRow("older");
    const fresh = found.filter(({ id }) => !known.has(id) && (!oldest || id > oldest.id));
    if (!fresh.length) return;
    const unique = [...new Map(fresh.map((record) => [record.id, record])).values()];
    const sign = this.newestFirst ? -1 : 1;
    const all = [...this.rows.value, ...unique].sort((one, other) => (one.id < other.id ? -sign : sign));
    if (all.length > MOST_LIVE && this.newestFirst) {
      this.edges.older = { next: null, done: false };
      this.rows.value = all.slice(0, MOST_LIVE);
    } else {
      this.rows.value = all;
    }
  }

  private async guarded(loading: Direction | "first", work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const aborting = new AbortController();
    this.aborting = aborting;
    this.progress.value = { loading, failed: null, stopped: false, empty: 0 };
    try {
      await work(aborting.signal);
      if (!aborting.signal.aborted) this.progress.value = { loading: null, failed: null, stopped: false, empty: 0 };
    } catch (error) {
      if (aborting.signal.aborted) return;
      const failed = error instanceof Failure ? error : new Failure(0, "broken_off", "The answer broke off.");
      this.progress.value = { loading: null, failed, stopped: false, empty: 0 };
    }
  }

  private async around(at: string, signal: AbortSignal): Promise<void> {
    const asked = new URLSearchParams(this.filters);
    if (this.span.start !== null) asked.set("startTime", iso(this.span.start));
    if (this.span.end !== null) asked.set("endTime", iso(this.span.end));
    asked.set("before", String(AROUND));
    asked.set("after", String(AROUND));
    const { before, record, after, complete } = await context(at, asked, signal);
    if (signal.aborted) return;
    this.edges.older.done = complete && before.length < AROUND;
    this.edges.newer.done = complete && after.length < AROUND;
    const all = [...before, record, ...after];
    this.rows.value = this.newestFirst ? all.reverse() : all;
  }

  private edgeRow(direction: Direction): LogRecord | undefined {
    return direction === this.direction("top") ? this.rows.value[0] : this.rows.value.at(-1);
  }

  private async extend(direction: Direction, limit: number, signal: AbortSignal): Promise<void> {
    const edge = this.edges[direction];
    const last = this.edgeRow(direction);
    // Of those of the same time some are there already.
    const isBeyond = (record: LogRecord) => !last || (direction === "older" ? record.id < last.id : record.id > last.id);
    let asked = edge.next ?? this.asked(direction, limit, last);
    for (let empty = 0; ; empty += 1) {
      const found = await page(asked, signal, () => undefined);
      if (signal.aborted) return;
      const fresh = found.records.filter(isBeyond);
      edge.done = found.cursor === null;
      if (found.cursor !== null) {
        asked = new URLSearchParams(asked);
        asked.set("cursor", found.cursor);
        asked.set("limit", String(FURTHER));
        edge.next = asked;
      }
      if (fresh.length) this.add(direction, fresh);
      if (fresh.length || edge.done) return;
      this.progress.value = { ...this.progress.value, empty: empty + 1 };
    }
  }

  private asked(direction: Direction, limit: number, last: LogRecord | undefined): URLSearchParams {
    const asked = new URLSearchParams(this.filters);
    const { start, end } = this.span;
    if (start !== null) asked.set("startTime", iso(start));
    if (end !== null) asked.set("endTime", iso(end));
    if (last && direction === "older") asked.set("endTime", String(nanos(last.timestamp) + 1n));
    if (last && direction === "newer") asked.set("startTime", String(nanos(last.timestamp)));
    asked.set("order", direction === "older" ? "desc" : "asc");
    asked.set("limit", String(limit));
    return asked;
  }

  private add(direction: Direction, found: LogRecord[]): void {
    const atTop = direction === this.direction("top");
    const all = atTop ? [...found.reverse(), ...this.rows.value] : [...this.rows.value, ...found];
    if (all.length > MOST) {
      // What is cut off is sought again from the row that is then the last.
      this.edges[direction === "older" ? "newer" : "older"] = { next: null, done: false };
      this.rows.value = atTop ? all.slice(0, MOST) : all.slice(-MOST);
    } else {
      this.rows.value = all;
    }
  }
}
