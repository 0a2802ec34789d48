// A search as curl and the command line of the service have it. Pure but for the address of the service.

import { SERVICE } from "./api";
import type { Range } from "./time";

/** A word as a shell takes it. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** With curl; a token is to be put in. */
export function asCurl(asked: URLSearchParams, range: Range, newestFirst: boolean, hasToken: boolean): string {
  const parts = [`curl -sG ${quoted(new URL("logs/retrieve", SERVICE).href)}`];
  if (hasToken) parts.push('-H "Authorization: Bearer $TOKEN"');
  const all: [string, string][] = [...asked];
  if (range.from) all.push(["startTime", range.from]);
  if (range.to) all.push(["endTime", range.to]);
  all.push(["order", newestFirst ? "desc" : "asc"], ["format", "ndjson"]);
  parts.push(...all.map(([name, value]) => (value === "" ? `-d ${quoted(name)}` : `--data-urlencode ${quoted(`${name}=${value}`)}`)));
  return parts.join(" \\\n  ");
}

const FLAGS: Record<string, string> = { q: "-q", word: "--word", regex: "--regex", logLevel: "--level", minLevel: "--min-level" };

/** With `aggregator query`. */
export function asQuery(asked: URLSearchParams, range: Range, newestFirst: boolean): string {
  const parts = ["aggregator query"];
  if (SERVICE.href !== "http://127.0.0.1:8005/") parts.push(`--url ${quoted(SERVICE.href.replace(/\/$/, ""))}`);
  if (range.from) parts.push(`--since ${quoted(range.from)}`);
  if (range.to) parts.push(`--until ${quoted(range.to)}`);
  for (const [name, value] of asked) {
    const flag = FLAGS[name];
    if (flag) parts.push(`${flag} ${quoted(value)}`);
    else if (name === "caseSensitive") parts.push("--case-sensitive");
    else if (name.startsWith("attr.")) parts.push(`--attr ${quoted(name.slice(5) + (value === "" ? "" : `=${value}`))}`);
  }
  if (newestFirst) parts.push("--order desc");
  return parts.join(" ").replace(/ (-[a-z]) '-/g, " $1='-");
}
