// Which rows are open, and on which one the reader is.

import { signal } from "@preact/signals";
import { list } from "./searching";

/** Ids of rows that are open. */
export const opened = signal<ReadonlySet<string>>(new Set());
/** The id of the row that keys go by. */
export const active = signal<string | null>(null);
/** Shows a row; set by the list. */
export const reveal: { row: (index: number) => void } = { row: () => undefined };

export function toggleRow(id: string): void {
  const next = new Set(opened.value);
  if (!next.delete(id)) next.add(id);
  opened.value = next;
  active.value = id;
}

export function closeAll(): void {
  opened.value = new Set();
}

/** Goes so many rows on. */
export function step(by: number): void {
  const rows = list.value.rows.value;
  if (!rows.length) return;
  const at = rows.findIndex(({ id }) => id === active.value);
  const next = at < 0 ? 0 : Math.min(Math.max(at + by, 0), rows.length - 1);
  active.value = rows[next]?.id ?? null;
  reveal.row(next);
}
