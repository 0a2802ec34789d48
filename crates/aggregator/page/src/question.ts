// The language of the search box: what its words mean as parameters of the API, and in a sentence. Pure.

/** Levels from the least to the worst, as the service calls them. */
export const LEVELS = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"] as const;
export type Level = (typeof LEVELS)[number];

/** One condition of a search; a record has to fit all. */
export type Term =
  | { kind: "word" | "text" | "regex"; value: string }
  | { kind: "levels"; values: string[] }
  | { kind: "worse"; value: string }
  | { kind: "attribute"; name: string; value: string; not: boolean }
  | { kind: "has"; name: string; not: boolean };

/** What was read, and what could not be. */
export interface Question {
  terms: Term[];
  problems: string[];
}

interface Piece {
  not: boolean;
  name: string | null;
  value: string;
  form: "bare" | "quoted" | "regex";
  comparison: boolean;
  /** That a quote or a slash has no end. */
  open: boolean;
}

const NAME = /^[\p{L}_@$][\p{L}\p{N}_.@$/-]*(?=:|>=)/u;

/** Reads a whole text. */
export function parse(text: string): Question {
  const question: Question = { terms: [], problems: [] };
  let rest = text.trimStart();
  while (rest) {
    const [piece, behind] = next(rest);
    read(piece, rest.slice(0, rest.length - behind.length).trim(), question);
    rest = behind.trimStart();
  }
  return question;
}

function next(text: string): [Piece, string] {
  const not = text.startsWith("-") && text.length > 1 && !/^-\s/.test(text);
  let rest = not ? text.slice(1) : text;
  let name = NAME.exec(rest)?.[0] ?? null;
  let comparison = false;
  if (name !== null) {
    const behind = rest.slice(name.length);
    const sign = /^(?::>=|>=|:)/.exec(behind)?.[0] ?? ":";
    // An address, a time, or a word with a colon at its end.
    if (/^:(\/\/|\s|$)/.test(behind)) name = null;
    else {
      comparison = sign !== ":";
      rest = behind.slice(sign.length);
    }
  }
  const [value, form, open, behind] = takeValue(rest, name === null);
  return [{ not, name, value, form, comparison, open }, behind];
}

function takeValue(text: string, isAlone: boolean): [string, Piece["form"], boolean, string] {
  if (text.startsWith('"')) {
    const quoted = /^"((?:[^"\\]|\\.)*)"/s.exec(text);
    if (!quoted) return [text.slice(1), "quoted", true, ""];
    return [unquoted(quoted[0]), "quoted", false, text.slice(quoted[0].length)];
  }
  const regex = isAlone ? /^\/((?:[^/\\]|\\.)+)\/(?=\s|$)/s.exec(text) : null;
  if (regex?.[1] !== undefined) return [regex[1].replaceAll("\\/", "/"), "regex", false, text.slice(regex[0].length)];
  const bare = /^\S+/.exec(text)?.[0] ?? "";
  return [bare, "bare", false, text.slice(bare.length)];
}

/** As JSON has it; what is no escape of JSON means itself. */
function unquoted(text: string): string {
  try {
    return JSON.parse(text.replaceAll("\n", "\\n").replaceAll("\t", "\\t").replaceAll("\r", "\\r"));
  } catch {
    return text.slice(1, -1).replace(/\\(.)/gs, "$1");
  }
}

function read(piece: Piece, source: string, question: Question): void {
  const { terms, problems } = question;
  if (piece.open) problems.push(`the quote in ${source} has no end`);
  if (piece.name === null) return readText(piece, source, question);
  const { name, value, not, form } = piece;
  if (name.toLowerCase() === "level" || name === "minLevel") {
    const least = piece.comparison || name === "minLevel";
    const known = least ? levelOf(value) : undefined;
    if (least && !known) problems.push(`${value || "nothing"} is no level: ${LEVELS.join(", ").toLowerCase()}`);
    else if (least && not) problems.push(`${source} cannot be asked for: choose levels instead`);
    else if (known) terms.push({ kind: "worse", value: known });
    else terms.push({ kind: "levels", values: levels(value, not) });
    return;
  }
  if (piece.comparison) {
    problems.push(`${source}: only level can be compared (level>=warn), other names have ${name}:value`);
  } else if (form === "bare" && value === "*") {
    terms.push({ kind: "has", name, not });
  } else {
    terms.push({ kind: "attribute", name, value, not });
  }
}

function readText({ value, form, not }: Piece, source: string, { terms, problems }: Question): void {
  if (!value) return;
  if (not) {
    problems.push(`${source} cannot be asked for: only -name:value leaves records out`);
  } else if (form === "bare" && ["OR", "NOT"].includes(value)) {
    problems.push(`${value} is not known here: all conditions hold together; -name:value leaves out, level:warn,error takes several levels, "${value}" finds the word`);
  } else if (form === "bare" && value === "AND") {
    // All conditions hold together anyway.
  } else if (form === "regex") {
    terms.push({ kind: "regex", value });
  } else if (form === "quoted" || !/[\p{L}\p{N}\p{M}_]/u.test(value)) {
    terms.push({ kind: "text", value });
  } else {
    terms.push({ kind: "word", value });
  }
}

function levelOf(text: string): Level | undefined {
  const upper = text.toUpperCase();
  const others: Record<string, Level> = { WARNING: "WARN", ERR: "ERROR", CRITICAL: "FATAL", INFORMATION: "INFO" };
  return LEVELS.find((level) => level === upper) ?? others[upper];
}

function levels(value: string, not: boolean): string[] {
  const named = value.split(",").filter(Boolean).map((text) => levelOf(text) ?? text);
  return not ? LEVELS.filter((level) => !named.includes(level)) : named;
}

/** A term as it is written into the box. */
export function written(term: Term): string {
  switch (term.kind) {
    case "word": return term.value;
    case "text": return JSON.stringify(term.value);
    case "regex": return `/${term.value.replace(/\\.|\//gs, (part) => (part === "/" ? "\\/" : part))}/`;
    case "levels": return `level:${term.values.join(",").toLowerCase()}`;
    case "worse": return `level>=${term.value.toLowerCase()}`;
    case "has": return `${term.not ? "-" : ""}${term.name}:*`;
    case "attribute": return `${term.not ? "-" : ""}${term.name}:${writtenValue(term.value)}`;
  }
}

function writtenValue(value: string): string {
  return /^[^\s"\\]+$/.test(value) && value !== "*" && !/^(>=|\/\/)/.test(value) ? value : JSON.stringify(value);
}

/** Whether a name can be asked for in the box. */
export function isName(name: string): boolean {
  return NAME.exec(`${name}:`)?.[0] === name && !["level", "minLevel"].includes(name);
}

/** The parameters of the API, with the levels that are chosen beside the box. */
export function parameters(question: Question, chosen: readonly string[], caseSensitive: boolean): URLSearchParams {
  const all = new URLSearchParams();
  const sets = question.terms.flatMap((term) => (term.kind === "levels" ? [term.values] : []));
  if (chosen.length) sets.push([...chosen]);
  for (const term of question.terms) {
    switch (term.kind) {
      case "word": all.append("word", term.value); break;
      case "text": all.append("q", term.value); break;
      case "regex": all.append("regex", term.value); break;
      case "worse": all.set("minLevel", term.value); break;
      case "has": all.append(`attr.${term.name}`, term.not ? "!" : ""); break;
      case "attribute": all.append(`attr.${term.name}`, (term.not ? "!" : "") + asked(term.value)); break;
      case "levels": break;
    }
  }
  if (sets.length) {
    const [first = [], ...others] = sets;
    const both = first.filter((level) => others.every((set) => set.includes(level)));
    // Nothing is of two levels: a level that no record has finds nothing.
    all.set("logLevel", both.length ? both.map(askedLevel).join(",") : "none of these");
  }
  if (caseSensitive && ["q", "word", "regex"].some((name) => all.has(name))) all.set("caseSensitive", "true");
  return all;
}

/** A value as `attr.KEY=` takes it: quoted where it would mean something else. */
function asked(value: string): string {
  return value === "" || /^[!"]/.test(value) ? JSON.stringify(value) : value;
}

function askedLevel(level: string): string {
  return /^[^,"!]+$/.test(level) ? level : JSON.stringify(level);
}

/** What a search finds, in words. */
export function meaning(question: Question, chosen: readonly string[], caseSensitive: boolean): string {
  const parts = question.terms.map(said);
  if (chosen.length) parts.push(`level ${either(chosen)}`);
  if (!parts.length) return "every record";
  const exact = caseSensitive && question.terms.some((term) => ["word", "text", "regex"].includes(term.kind));
  return `records with ${parts.join(", and ")}${exact ? " (capitals as written)" : ""}`;
}

function said(term: Term): string {
  switch (term.kind) {
    case "word": return `the word “${term.value}”`;
    case "text": return `“${term.value}” anywhere in the message`;
    case "regex": return `a message that /${term.value}/ fits`;
    case "worse": return `level ${term.value} or worse`;
    case "levels": return `level ${either(term.values)}`;
    case "has": return `${term.not ? "no " : "any "}${term.name}`;
    case "attribute": return `${term.name} ${term.not ? "other than" : "being"} “${term.value}”`;
  }
}

function either(values: readonly string[]): string {
  if (!values.length) return "of no kind";
  return values.length < 2 ? String(values[0]) : `${values.slice(0, -1).join(", ")} or ${values.at(-1)}`;
}

/** The text of a box with a condition on an attribute added; one with the same name and sense gives way. */
export function withTerm(text: string, added: Term): string {
  const { terms } = parse(text);
  const same = (term: Term) =>
    "name" in term && "name" in added && term.name === added.name &&
    (written(term) === written(added) || (!term.not && !added.not) || opposes(term, added));
  return [...terms.filter((term) => !same(term)), added].map(written).join(" ");
}

function opposes(one: Term, other: Term): boolean {
  return "not" in one && "not" in other && one.not !== other.not && written({ ...one, not: other.not }) === written(other);
}

/** The text of a box without a condition. */
export function withoutTerm(text: string, removed: Term): string {
  const gone = written(removed);
  return parse(text).terms.map(written).filter((term) => term !== gone).join(" ");
}
