// Levels as chips with their counts: those that are chosen are looked for, all of them where none is.

import { LEVELS_SHOWN, counts } from "../searching";
import { look, search } from "../state";

export function Levels() {
  const found = counts.value.found?.levels ?? {};
  const chosen = search.value.levels;
  const toggle = (level: string) =>
    look({ levels: chosen.includes(level) ? chosen.filter((other) => other !== level) : [...chosen, level] });
  return (
    <div class={search.value.live ? "levels steady" : "levels"} role="group" aria-label="Levels">
      {LEVELS_SHOWN.map((level) => (
        <button key={level} type="button" class={`chip level-${level.toLowerCase()}`} aria-pressed={chosen.includes(level)} onClick={() => toggle(level)}>
          <span class="dot" aria-hidden="true" />
          {level} <span class="count">{counts.value.found ? (found[level] ?? 0).toLocaleString() : "–"}</span>
        </button>
      ))}
      {!!found["other"] && (
        <span class="chip level-other" title="Levels that are missing or not known; they cannot be chosen alone">
          <span class="dot" aria-hidden="true" />other <span class="count">{found["other"].toLocaleString()}</span>
        </span>
      )}
      {chosen.length > 0 && <button type="button" class="plain" onClick={() => look({ levels: [] })}>all levels</button>}
    </div>
  );
}
