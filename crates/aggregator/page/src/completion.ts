// What may be meant by the beginning of a word in the search box: names and values that there are.

import { facets } from "./api";
import { LEVELS, isName } from "./question";
import { askedWithRange, logins, values } from "./searching";
import { cut } from "./text";

export interface Offer {
  /** What takes the place of the word. */
  text: string;
  about: string;
}

const MOST = 12;
/** Values of names that are asked for once. */
const known = new Map<string, Offer[]>();
let knownSince = logins.value;

/** The word in which the caret stands: its beginning, and where it ends. */
export function wordAt(text: string, caret: number): { start: number; end: number; word: string } {
  let start = 0;
  let inQuotes = false;
  for (let index = 0; index < caret; index += 1) {
    if (text[index] === '"' && text[index - 1] !== "\\") inQuotes = !inQuotes;
    if (!inQuotes && /\s/.test(text[index] ?? "")) start = index + 1;
  }
  const rest = /^\S*/.exec(text.slice(caret))?.[0] ?? "";
  return { start, end: caret + rest.length, word: text.slice(start, caret) };
}

/** Offers for a word, of what is known already; nothing that was found with another token. */
export function offers(word: string): Offer[] {
  if (knownSince !== logins.value) known.clear();
  knownSince = logins.value;
  const sign = word.startsWith("-") ? "-" : "";
  const bare = word.slice(sign.length);
  const split = /^([^:]+?)(:|>=)(.*)$/s.exec(bare);
  if (!split) return names(bare).map(({ text, about }) => ({ text: sign + text, about }));
  const [, name = "", between = ":", begun = ""] = split;
  const beginning = begun.replace(/^"/, "").toLowerCase();
  const all = name.toLowerCase() === "level" ? levels() : valuesOf(name);
  return all
    .filter(({ text }) => text.toLowerCase().includes(beginning) && text.toLowerCase() !== beginning)
    .slice(0, MOST)
    .map(({ text, about }) => ({ text: `${sign}${name}${between}${/^[^\s"\\]+$/.test(text) ? text : JSON.stringify(text)}`, about }));
}

function names(begun: string): Offer[] {
  if (!begun || /^["/]/.test(begun)) return [];
  const all = ["level", ...(values.value.found?.fields ?? []).map(({ field }) => field.replace(/^attr\./, ""))];
  const unique = [...new Set(all)].filter((name) => name === "level" || isName(name));
  return unique
    .filter((name) => name.toLowerCase().includes(begun.toLowerCase()))
    .slice(0, MOST)
    .map((name) => ({ text: `${name}:`, about: name === "level" ? "level" : "attribute" }));
}

const levels = (): Offer[] => LEVELS.map((level) => ({ text: level.toLowerCase(), about: "level" }));

function valuesOf(name: string): Offer[] {
  const asked = known.get(name);
  if (asked) return asked;
  const found = values.value.found?.fields.find(({ field }) => field === `attr.${name}`)?.values ?? [];
  return found.map(({ value, count }) => ({ text: cut(value, 200), about: count.toLocaleString() }));
}

/** Asks for more values of the name in a word, once; whether there is something new. */
export async function askFor(word: string, signal: AbortSignal): Promise<boolean> {
  const name = /^-?([^:]+):/.exec(word)?.[1];
  if (!name || known.has(name) || name.toLowerCase() === "level") return false;
  const all = new URLSearchParams();
  // Whatever else is looked for: a value that does not fit it may be what is meant.
  for (const bound of ["startTime", "endTime"]) {
    const at = askedWithRange(false).get(bound);
    if (at) all.set(bound, at);
  }
  all.set("fields", `attr.${name}`);
  all.set("limit", "100");
  const found = await facets(all, signal);
  const offered = found.fields.flatMap((field) => field.values).map(({ value, count }) => ({ text: cut(value, 200), about: count.toLocaleString() }));
  if (known.size > 100) known.clear();
  known.set(name, offered);
  return offered.length > 0;
}
