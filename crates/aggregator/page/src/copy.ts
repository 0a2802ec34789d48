// Copies a text: with the clipboard where a page may, by a selection elsewhere.

import { say } from "./state";

export async function copy(text: string, what: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    return say(`${what} copied`);
  } catch {
    // Not there over http but on this machine.
  }
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "unseen";
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  if (done) return say(`${what} copied`);
  say("The browser does not let this page copy: select the text instead.");
}
