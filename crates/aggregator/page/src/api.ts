// Asks the service, beside which the page lies: one function for each address, and one kind of error for all.

/** A record as the service gives it. */
export interface LogRecord {
  id: string;
  timestamp: string;
  level?: string;
  message: string;
  attributes?: Record<string, unknown>;
}

export interface Bucket { start: string; end: string; count: number; levels?: Record<string, number>; complete?: boolean }
export interface Histogram {
  startTime: string; endTime: string; interval: string; complete: boolean; countedUpTo?: string;
  records: number; levels?: Record<string, number>; buckets: Bucket[];
}
export interface FacetValue { value: string; count: number }
export interface Facet { field: string; records: number; distinct?: number; mayMiss?: number; values: FacetValue[] }
export interface Facets { complete: boolean; countedUpTo?: string; records: number; fields: Facet[] }
export interface Page { records: LogRecord[]; cursor: string | null; complete: boolean }
export interface Context { before: LogRecord[]; record: LogRecord; after: LogRecord[]; complete: boolean }

/** Why there is no answer: what the service says, and what to do. */
export class Failure extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly retryAfter: number | null = null,
  ) {
    super(message);
  }

  /** What whoever looks at it can do. */
  get cure(): string {
    switch (this.code) {
      case "unreachable": return "Look whether the service runs and can be reached, then try again.";
      case "token_needed": case "unknown_token": return "Give a token that the service knows.";
      case "token_out_of_scope": return "Give a token that is for this (aggregator token new --scope read,operate).";
      case "local_only": return "Ask on the machine of the service itself, or give it tokens.";
      case "query_too_slow": case "store_timeout": return "Choose a shorter range, or a simpler expression.";
      case "query_too_large": case "uri_too_long": return "Take some conditions away.";
      case "host_not_allowed": return "Add the name in the address to ALLOWED_HOSTS of the service.";
      case "too_many_streams": case "token_too_many_queries": return "Close other pages that search, then try again.";
      default: break;
    }
    if (this.retryAfter !== null) return `Try again in ${this.retryAfter} s.`;
    if (this.status >= 500) return "Try again; the status panel and the log of the service tell more.";
    return this.status >= 400 ? "Change the search." : "Try again.";
  }
}

/** Where the service is: the page lies in its folder `ui/`. */
export const SERVICE = new URL("../", document.baseURI);

const KEY = "aggregator-token";
/** How far the clock of the service is ahead of the browser's, in ms; small differences are none. */
let ahead = 0;

/** The service's time. */
export const now = (): number => Date.now() + ahead;

export function token(): string | null {
  try {
    return sessionStorage.getItem(KEY);
  } catch {
    return null;
  }
}

export function keepToken(secret: string | null): void {
  try {
    if (secret === null) sessionStorage.removeItem(KEY);
    else sessionStorage.setItem(KEY, secret);
  } catch {
    // Without storage it is asked for again.
  }
}

/** The whole address of a path of the service. */
export function address(path: string, parameters?: URLSearchParams): string {
  const query = parameters?.toString();
  return new URL(path + (query ? `?${query}` : ""), SERVICE).href;
}

/** The answer to a request, once its head is there and says no error. */
export async function ask(path: string, parameters: URLSearchParams, signal?: AbortSignal, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  const secret = token();
  if (secret) headers.set("authorization", `Bearer ${secret}`);
  let response: Response;
  try {
    response = await fetch(address(path, parameters), { ...init, headers, signal: signal ?? null, credentials: "same-origin", cache: "no-store" });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Failure(0, "unreachable", "The service does not answer.");
  }
  const date = Date.parse(response.headers.get("date") ?? "");
  const difference = date - Date.now();
  if (Number.isFinite(date)) ahead = Math.abs(difference) > 3000 ? difference : 0;
  if (!response.ok) throw await failure(response);
  return response;
}

async function failure(response: Response): Promise<Failure> {
  const after = Number(response.headers.get("retry-after"));
  const told = await response.json().catch(() => ({}));
  const message = told.message ?? told.error ?? `The service answers ${response.status}.`;
  return new Failure(response.status, told.code ?? "", String(message), response.headers.has("retry-after") ? after : null);
}

async function json<T>(path: string, parameters: URLSearchParams, signal?: AbortSignal): Promise<T> {
  const response = await ask(path, parameters, signal, { headers: { accept: "application/json" } });
  return (await response.json()) as T;
}

/** A page of records; nothing found is an empty one. */
export async function page(parameters: URLSearchParams, signal: AbortSignal, found: (records: LogRecord[]) => void): Promise<Page> {
  const response = await ask("logs/retrieve", parameters, signal, { headers: { accept: "application/x-ndjson" } });
  const records: LogRecord[] = [];
  await eachLine(response, (line) => records.push(JSON.parse(line) as LogRecord));
  found(records);
  return {
    records,
    cursor: response.headers.get("x-next-cursor"),
    complete: response.headers.get("x-search-complete") !== "false",
  };
}

/** Each line of an answer, as it comes. */
export async function eachLine(response: Response, line: (text: string) => void): Promise<void> {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  while (reader) {
    const { done, value } = await reader.read();
    if (done) break;
    const pieces = (rest + value).split("\n");
    rest = pieces.pop() ?? "";
    for (const piece of pieces) if (piece) line(piece);
  }
  if (rest) line(rest);
}

/** An event of a stream. */
export interface Event { name: string; id: string; data: string }

/** Server-Sent Events, with a token, which `EventSource` cannot give. */
export async function events(
  path: string, parameters: URLSearchParams, last: string, signal: AbortSignal, begun: () => void, heard: (event: Event) => void,
): Promise<void> {
  const headers: Record<string, string> = { accept: "text/event-stream" };
  if (last) headers["last-event-id"] = last;
  const response = await ask(path, parameters, signal, { headers });
  begun();
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  let event = { name: "message", id: "", data: "" };
  while (reader) {
    const { done, value } = await reader.read();
    if (done) return;
    const lines = (rest + value).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      if (line === "") {
        if (event.data || event.name !== "message" || event.id) heard(event);
        event = { name: "message", id: "", data: "" };
      } else if (line.startsWith("data: ")) event.data += (event.data && "\n") + line.slice(6);
      else if (line.startsWith("id: ")) event.id = line.slice(4);
      else if (line.startsWith("event: ")) event.name = line.slice(7);
    }
  }
}

export const histogram = (parameters: URLSearchParams, signal: AbortSignal) => json<Histogram>("logs/histogram", parameters, signal);
export const facets = (parameters: URLSearchParams, signal: AbortSignal) => json<Facets>("logs/facets", parameters, signal);
export const context = (id: string, parameters: URLSearchParams, signal: AbortSignal) =>
  json<Context>(`logs/${encodeURIComponent(id)}/context`, parameters, signal);
export const record = (id: string, signal: AbortSignal) => json<LogRecord>(`logs/${encodeURIComponent(id)}`, new URLSearchParams(), signal);
export const health = (signal: AbortSignal) => healthOf(signal);
export const stats = (signal: AbortSignal) => json<Stats>("stats", new URLSearchParams(), signal);

/** Also what comes with `503`. */
async function healthOf(signal: AbortSignal): Promise<Health> {
  const secret = token();
  const headers: Record<string, string> = secret ? { authorization: `Bearer ${secret}` } : {};
  let response: Response;
  try {
    response = await fetch(address("health"), { headers, signal, cache: "no-store" });
  } catch (error) {
    if (signal.aborted) throw error;
    throw new Failure(0, "unreachable", "The service does not answer.");
  }
  const told = await response.json().catch(() => null);
  if (!told?.status || told.status === "error") throw new Failure(response.status, told?.code ?? "", told?.message ?? "The service does not say how it is.");
  return told as Health;
}

/** What `/health` tells; beside its status only to those who may know. */
export interface Health {
  status: string;
  version?: string;
  instance?: string;
  uptimeSeconds?: number;
  problem?: string;
  store?: { kind: string; location: string; available: boolean; error?: string };
  spool?: { bytes: number; maxBytes: number; batches: number; records: number; fsyncP99Us: number };
  rejected?: { records: number; bytes: number };
  records?: { received: number; stored: number; alreadyStored: number; waiting: number; rejected: Record<string, number> };
  breakers?: Record<string, { state: string; failed: number; slow: number }>;
  workers?: Record<string, { workers: number; busy: number; queued: number; capacity: number }>;
  drain?: { paused: boolean };
  connections?: number;
  memory?: { reservedBytes: number; limitBytes: number };
}

export interface Sender {
  protocol: string; token?: string; requests: number; records: number; bytes: number;
  recordsOfLastMinute: number; lastSeen: string; refused: Record<string, number>; warnings: Record<string, number>;
  lastTold?: { at: string; example: string };
}

export interface Stats {
  store: { kind: string; records: number; oldest?: string; newest?: string; bytes?: { inUse: number; onDisk: number }; complete: boolean };
  senders: Sender[];
}
