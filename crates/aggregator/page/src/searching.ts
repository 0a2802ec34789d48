// One search at a time: its list, its histogram and its frequent values, each with its own progress and its own error.

import { computed, effect, signal, untracked } from "@preact/signals";
import { Failure, facets, histogram, keepToken, now, token, type Facets, type Histogram } from "./api";
import { List } from "./list";
import { LEVELS, parameters } from "./question";
import { hasSide, panel, question, search, zone } from "./state";
import { iso, span, type Span } from "./time";

/** A part of the page that asks for something of its own. */
export interface Part<T> {
  found: T | null;
  loading: boolean;
  failed: Failure | null;
}

const nothing = { found: null, loading: false, failed: null };
const ROUNDS = 50;

export const list = signal<List>(new List(new URLSearchParams(), { start: null, end: null }, true));
export const counts = signal<Part<Histogram>>(nothing);
export const values = signal<Part<Facets>>(nothing);
/** The range of the search, frozen when it began: every part asks for the same records. */
export const frozen = signal<Span>({ start: null, end: null });
/** Why the range cannot be used, if that is so. */
export const badRange = signal<string | null>(null);
/** The times of the rows that are seen. */
export const seen = signal<{ first: number; last: number } | null>(null);
/** Further attributes whose values are asked for. */
export const fields = signal<string[]>([]);

/** How many records the whole search finds, of those that are counted. */
export const total = computed(() => {
  const { found } = counts.value;
  if (!found) return null;
  const { levels } = search.value;
  return levels.length ? levels.reduce((sum, level) => sum + (found.levels?.[level] ?? 0), 0) : found.records;
});

/** Whether anything is under way. */
export const busy = computed(() => list.value.progress.value.loading !== null || counts.value.loading || values.value.loading);
export const wantsToken = computed(() =>
  [list.value.progress.value.failed, counts.value.failed, values.value.failed].some(
    (failed) => failed !== null && ["token_needed", "unknown_token"].includes(failed.code),
  ),
);

let ofCounts = new AbortController();
let ofValues = new AbortController();

/** The parameters of the API for what is looked for. */
export function asked(withLevels: boolean): URLSearchParams {
  const { levels, caseSensitive } = search.value;
  return parameters(question.value, withLevels ? levels : [], caseSensitive);
}

/** The same with its range. */
export function askedWithRange(withLevels: boolean): URLSearchParams {
  const all = asked(withLevels);
  const { start, end } = frozen.value;
  if (start !== null) all.set("startTime", iso(start));
  if (end !== null) all.set("endTime", iso(end));
  return all;
}

/** Looks anew, with the time that it is now. */
export function run(): void {
  stop();
  const { range, newestFirst, at } = search.value;
  const chosen = span(range, now(), zone.value);
  badRange.value = problemOf(range.from, chosen.start) ?? problemOf(range.to, chosen.end) ??
    (chosen.start !== null && chosen.end !== null && chosen.start >= chosen.end ? "the range ends before it begins" : null);
  frozen.value = chosen;
  seen.value = null;
  if (badRange.value !== null || question.value.problems.length) {
    counts.value = values.value = nothing;
    list.value = new List(new URLSearchParams(), chosen, newestFirst);
    return;
  }
  // Around a record its neighbours are shown, however far away.
  list.value = new List(asked(true), at ? { start: null, end: null } : chosen, newestFirst);
  void list.value.begin(at);
  void count();
  void findValues();
}

function problemOf(text: string, read: number | null): string | null {
  return text && read === null ? `“${text}” is no time: write 2024-10-08 10:00, 2024-10-08T10:00:00+02:00, -15m or -1h30m` : null;
}

/** Ends everything that is under way. */
export function stop(): void {
  ofCounts.abort();
  ofValues.abort();
  list.value.stop();
  if (counts.value.loading) counts.value = { ...counts.value, loading: false };
  if (values.value.loading) values.value = { ...values.value, loading: false };
}

/** Counts until all is counted: each answer goes on where the one before had to end. */
export async function count(): Promise<void> {
  ofCounts.abort();
  const { signal } = (ofCounts = new AbortController());
  // While it is live the bars of before stay until there are others.
  counts.value = { found: search.peek().live ? counts.peek().found : null, loading: true, failed: null };
  const all = askedWithRange(false);
  all.set("by", "level");
  all.set("timeZone", zone.value);
  try {
    let found = await histogram(all, signal);
    for (let round = 0; !found.complete && found.countedUpTo && round < ROUNDS && !signal.aborted; round += 1) {
      counts.value = { found, loading: true, failed: null };
      const rest = new URLSearchParams(all);
      rest.set("startTime", found.countedUpTo);
      rest.set("endTime", found.endTime);
      rest.set("interval", found.interval);
      const next = await histogram(rest, signal);
      if (next.countedUpTo === found.countedUpTo) break;
      found = together(found, next);
    }
    if (!signal.aborted) counts.value = { found, loading: false, failed: null };
  } catch (error) {
    if (!signal.aborted) counts.value = { found: counts.value.found, loading: false, failed: failureOf(error) };
  }
}

function together(one: Histogram, next: Histogram): Histogram {
  const counted = new Map(next.buckets.map((bucket) => [bucket.end, bucket]));
  const buckets = one.buckets.map((bucket) => {
    const more = counted.get(bucket.end);
    if (!more) return bucket;
    return { ...bucket, count: bucket.count + more.count, levels: sum(bucket.levels, more.levels), complete: more.complete ?? true };
  });
  const { complete, countedUpTo } = next;
  const both = { ...one, buckets, complete, records: one.records + next.records, levels: sum(one.levels, next.levels) };
  return countedUpTo === undefined ? both : { ...both, countedUpTo };
}

function sum(one: Record<string, number> = {}, other: Record<string, number> = {}): Record<string, number> {
  const all = { ...one };
  for (const [name, count] of Object.entries(other)) all[name] = (all[name] ?? 0) + count;
  return all;
}

/** The frequent values, if they are looked at. */
export async function findValues(): Promise<void> {
  ofValues.abort();
  if (!untracked(() => hasSide.value)) {
    values.value = nothing;
    return;
  }
  const own = (ofValues = new AbortController());
  values.value = { found: values.value.found, loading: true, failed: null };
  const all = askedWithRange(true);
  all.set("limit", "10");
  all.set("order", "desc");
  try {
    const found = await facets(all, own.signal);
    const missing = fields.value.filter((name) => !found.fields.some(({ field }) => field === `attr.${name}`));
    if (missing.length) {
      const further = new URLSearchParams(all);
      further.set("fields", missing.map((name) => `attr.${name}`).join(","));
      found.fields.push(...(await facets(further, own.signal)).fields);
    }
    if (!own.signal.aborted) values.value = { found, loading: false, failed: null };
  } catch (error) {
    if (!own.signal.aborted) values.value = { found: null, loading: false, failed: failureOf(error) };
  }
}

function failureOf(error: unknown): Failure {
  return error instanceof Failure ? error : new Failure(0, "broken_off", "The answer broke off.");
}

/** How often another token was given: what was asked with the one before is not shown with it. */
export const logins = signal(0);

/** Gives a token, and looks again. */
export function login(secret: string | null): void {
  keepToken(secret);
  logins.value += 1;
  panel.value = null;
  run();
}

export const isLoggedIn = (): boolean => token() !== null;

/** Looks whenever something else is to be looked for. */
export function connectSearch(): void {
  let before: unknown;
  effect(() => {
    const looked = search.value;
    zone.value;
    // In another zone the same records are in other bars.
    if (looked === before) untracked(() => void count());
    else untracked(run);
    before = looked;
  });
  let had = hasSide.value;
  effect(() => {
    if (hasSide.value && !had) void untracked(findValues);
    had = hasSide.value;
  });
}

/** Levels that are counted, from the worst, with what is none at the end. */
export const LEVELS_SHOWN = [...LEVELS].reverse();
