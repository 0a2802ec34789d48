// What keys do, wherever no field has them.

import { toggleLive } from "./live";
import { list, run, stop, busy } from "./searching";
import { active, closeAll, opened, step, toggleRow } from "./reading";
import { hasSide, panel } from "./state";
import { around } from "./parts/Opened";
import { shift } from "./parts/RangePicker";

const ROWS: Record<string, number> = { j: 1, k: -1 };

export function connectKeys(): void {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const target = event.target as HTMLElement;
    if (event.key === "Escape") return close(target);
    // Whoever writes means letters.
    if (/^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) || target.isContentEditable || target.closest("dialog")) return;
    if (press(event.key)) event.preventDefault();
  });
}

function close(target: HTMLElement): void {
  if (panel.value) panel.value = null;
  else if (/^(INPUT|SELECT)$/.test(target.tagName)) target.blur();
  else if (busy.value) stop();
  else if (opened.value.size) closeAll();
  else active.value = null;
}

function press(key: string): boolean {
  const by = ROWS[key];
  const row = list.value.rows.value.find(({ id }) => id === active.value);
  if (by !== undefined) step(by);
  else if (key === "/") document.getElementById("search")?.focus();
  else if (key === "o" && row) toggleRow(row.id);
  else if (key === "c" && row) around(row, true);
  else if (key === "h") shift(-1);
  else if (key === "l") shift(1);
  else if (key === "+") shift(0, 0.5);
  else if (key === "-") shift(0, 2);
  else if (key === "t") panel.value = panel.value === "range" ? null : "range";
  else if (key === "s") panel.value = "share";
  else if (key === "f") toggleLive();
  else if (key === "r") run();
  else if (key === "a") hasSide.value = !hasSide.value;
  else if (key === "?") panel.value = "help";
  else return false;
  return true;
}
