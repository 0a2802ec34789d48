// What is looked at, as signals, and the address that holds all of it.

import { computed, effect, signal } from "@preact/signals";
import { LEVELS, parse } from "./question";
import { LOCAL, ago, isZone, type Range } from "./time";

/** The range of a page that says none. */
export const USUAL: Range = { from: "-1h", to: "" };

/** What is looked for: a change of it is a new search and an entry in the history. */
export interface Search {
  text: string;
  range: Range;
  levels: string[];
  caseSensitive: boolean;
  newestFirst: boolean;
  /** The record around which the list begins. */
  at: string;
  /** Whether what is stored from now on comes by itself. */
  live: boolean;
}

export const search = signal<Search>({ text: "", range: USUAL, levels: [], caseSensitive: false, newestFirst: true, at: "", live: false });
/** Attributes that have columns. */
export const columns = signal<string[]>([]);
/** A zone by its name; empty is the browser's own. */
export const zoneName = signal("");
export const zone = computed(() => zoneName.value || LOCAL);
export const question = computed(() => parse(search.value.text));
export type Theme = "auto" | "light" | "dark";
export const theme = signal<Theme>(kept("theme", "auto") as Theme);
export const hasSide = signal(kept("side", matchMedia("(min-width: 901px)").matches ? "yes" : "no") === "yes");
/** Which panel lies over the page. */
export type Panel = "status" | "help" | "share" | "range" | "login" | null;
export const panel = signal<Panel>(null);
/** What was done last, said once. */
export const notice = signal("");

/** What the browser keeps between visits; nothing of it is needed. */
export function kept(name: string, usual: string): string {
  try {
    return localStorage.getItem(`aggregator-${name}`) ?? usual;
  } catch {
    return usual;
  }
}

export function keep(name: string, value: string): void {
  try {
    localStorage.setItem(`aggregator-${name}`, value);
  } catch {
    // It is as it was at the next visit.
  }
}

/** The parameters of the page for a search; what is usual is left out. */
export function parametersOf(looked: Search): URLSearchParams {
  const all = new URLSearchParams();
  if (looked.text) all.set("q", looked.text);
  const isUsual = looked.range.from === USUAL.from && looked.range.to === USUAL.to;
  if (!isUsual) {
    all.set("from", looked.range.from);
    if (looked.range.to) all.set("to", looked.range.to);
  }
  if (looked.levels.length) all.set("level", looked.levels.join(","));
  if (looked.caseSensitive) all.set("case", "1");
  if (!looked.newestFirst) all.set("order", "asc");
  if (looked.at) all.set("at", looked.at);
  else if (looked.live) all.set("live", "1");
  if (columns.value.length) all.set("columns", columns.value.map((name) => name.replaceAll("%", "%25").replaceAll(",", "%2C")).join(","));
  if (zoneName.value) all.set("zone", zoneName.value);
  return all;
}

/** Reads the address; what it does not say is as usual, what makes no sense is left out. */
export function fromAddress(query: string): void {
  const all = new URLSearchParams(query);
  const levels = (all.get("level") ?? "").split(",").filter((level) => (LEVELS as readonly string[]).includes(level));
  const range = all.has("from") || all.has("to") ? { from: all.get("from") ?? "", to: all.get("to") ?? "" } : USUAL;
  const at = all.get("at") ?? "";
  const named = all.get("columns") ?? "";
  columns.value = named.split(",").filter(Boolean).map((name) => name.replaceAll("%2C", ",").replaceAll("%25", "%")).slice(0, 20);
  const zone = all.get("zone") ?? "";
  zoneName.value = isZone(zone || "UTC") ? zone : "";
  search.value = {
    text: all.get("q") ?? "",
    range,
    levels,
    caseSensitive: all.get("case") === "1",
    newestFirst: all.get("order") !== "asc",
    live: all.get("live") === "1" && !at,
    at: /^[0-9a-f]{40}([0-9a-f]{14})?$/.test(at) ? at : "",
  };
}

/** The address of the page for a search. */
export function pageAddress(looked: Search): string {
  const query = parametersOf(looked).toString();
  return location.pathname + (query ? `?${query}` : "");
}

/** Looks for something else: Back leads to what was looked for before. */
export function look(change: Partial<Search>): void {
  // The list begins anew, but where a record is named.
  const next = { ...search.value, at: "", ...change };
  const { from, to } = next.range;
  const isPast = to !== "" || (from !== "" && ago(from) === null);
  if (next.at || isPast || !next.newestFirst) next.live = false;
  const address = pageAddress(next);
  const isSame = address === location.pathname + location.search;
  history[isSame ? "replaceState" : "pushState"](null, "", address);
  search.value = next;
}

/** Follows the address, and the address the columns and the zone. */
export function connect(): void {
  fromAddress(location.search);
  window.addEventListener("popstate", () => fromAddress(location.search));
  effect(() => {
    const address = pageAddress(search.value);
    if (address !== location.pathname + location.search) history.replaceState(null, "", address);
  });
  effect(() => {
    document.documentElement.dataset["theme"] = theme.value;
    keep("theme", theme.value);
  });
  effect(() => {
    const { text } = search.value;
    document.title = text ? `${text.slice(0, 60)} – Logs` : "Logs";
  });
  effect(() => keep("side", hasSide.value ? "yes" : "no"));
}

/** Says something that was done. */
export function say(text: string): void {
  notice.value = text;
  setTimeout(() => notice.value === text && (notice.value = ""), 4000);
}

export function toggleColumn(name: string): void {
  const has = columns.value.includes(name);
  columns.value = has ? columns.value.filter((other) => other !== name) : [...columns.value, name].slice(-20);
}
