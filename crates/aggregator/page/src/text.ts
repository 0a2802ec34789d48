// Log text made safe to look at: cut, without escape sequences, with characters that cannot be seen made visible. Pure.

/** What of a value goes into the page before more is asked for. */
export const SHOWN = 4096;
/** What goes into it at all; the rest is copied. */
export const MOST_SHOWN = 262_144;

/** A stretch of text, or a character that is shown by its name. */
export type Part = string | { mark: string; title: string };

const NAMES: Record<string, string> = {
  "\u200B": "zero width space", "\u200C": "zero width non-joiner", "\u200E": "left-to-right mark",
  "\u200F": "right-to-left mark", "\u202A": "left-to-right embedding", "\u202B": "right-to-left embedding",
  "\u202C": "pop directional formatting", "\u202D": "left-to-right override", "\u202E": "right-to-left override",
  "\u2060": "word joiner", "\u2066": "left-to-right isolate", "\u2067": "right-to-left isolate",
  "\u2068": "first strong isolate", "\u2069": "pop directional isolate", "\u061C": "Arabic letter mark",
  "\uFEFF": "byte order mark", "\u2028": "line separator", "\u2029": "paragraph separator",
};

// Not the zero width joiner, which emoji are made with.
const HIDDEN = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F-\u009F\u061C\u200B\u200C\u200E\u200F\u2028-\u202E\u2060\u2066-\u2069\uFEFF]/;
const ANSI = /\u001B(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001B]*(?:\u0007|\u001B\\)?|[@-Z\\-_]|[ -/]+[0-~])/g;

/** Without the sequences that colour a terminal. */
export function withoutAnsi(text: string): string {
  return text.includes("\u001B") ? text.replace(ANSI, "") : text;
}

/** The beginning of a text, not in the middle of a character. */
export function cut(text: string, most: number): string {
  if (text.length <= most) return text;
  const last = text.charCodeAt(most - 1);
  return text.slice(0, last >= 0xd800 && last < 0xdc00 ? most - 1 : most);
}

/** A text in parts, of which those that cannot be seen have a name. */
export function parts(text: string): Part[] {
  if (!HIDDEN.test(text)) return text ? [text] : [];
  const found: Part[] = [];
  let plain = "";
  for (const character of text) {
    if (!HIDDEN.test(character)) {
      plain += character;
      continue;
    }
    if (plain) found.push(plain);
    plain = "";
    const code = character.codePointAt(0) ?? 0;
    const number = `U+${code.toString(16).toUpperCase().padStart(4, "0")}`;
    found.push({ mark: number, title: NAMES[character] ? `${NAMES[character]} (${number})` : number });
  }
  if (plain) found.push(plain);
  return found;
}

/** Lines, whichever way they end. */
export function lines(text: string): string[] {
  return text.replace(/\r\n?/g, "\n").replace(/\n$/, "").split("\n");
}

/** The first line of a message for the list, and how many follow. */
export function firstLine(text: string): { first: string; more: number; cut: boolean } {
  const end = text.search(/[\r\n]/);
  const whole = end < 0 ? text : text.slice(0, end);
  const first = cut(withoutAnsi(cut(whole, SHOWN)), 1000);
  const more = end < 0 ? 0 : lines(text.length > 1_000_000 ? cut(text, 1_000_000) : text).length - 1;
  return { first, more, cut: whole.length > first.length && whole.length > 1000 };
}

/** A message that is JSON, indented; `null` for any other. */
export function pretty(text: string): string | null {
  const start = text.trimStart()[0];
  if ((start !== "{" && start !== "[") || text.length > MOST_SHOWN) return null;
  try {
    // Numbers that JavaScript cannot keep would change.
    return /(?<![\w".])-?\d{16,}/.test(text) ? null : JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return null;
  }
}

/** Attributes by their whole names, in their order, arrays as one value. */
export function flattened(value: unknown, most = 20_000): [string, unknown][] {
  const found: [string, unknown][] = [];
  const into = (prefix: string, inner: unknown, depth: number) => {
    if (found.length >= most) return;
    if (inner !== null && typeof inner === "object" && !Array.isArray(inner) && depth < 20 && Object.keys(inner).length) {
      for (const [name, member] of Object.entries(inner)) into(prefix ? `${prefix}.${name}` : name, member, depth + 1);
    } else if (prefix) {
      found.push([prefix, inner]);
    }
  };
  into("", value, 0);
  return found;
}

/** A value as the service compares it: a text without quotes. */
export function shownValue(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "");
}

/** Whether an attribute of this name holds what a trace is known by. */
export function isTrace(name: string): boolean {
  return /(^|[._-])trace[._-]?id$/i.test(name) || /traceId$/.test(name);
}
