// Attributes with their most frequent values: to look for, to leave out, and as columns.

import { useState } from "preact/hooks";
import type { Facet } from "../api";
import { isName, parse, withTerm, withoutTerm, written, type Term } from "../question";
import { fields, findValues, values } from "../searching";
import { columns, look, question, search, toggleColumn } from "../state";
import { cut } from "../text";
import { Text } from "./Text";
import { Trouble } from "./Trouble";

const FEW = 5;

/** Puts a condition on an attribute into the search, or takes it out where it is there. */
export function toggleTerm(term: Term): void {
  const has = parse(search.value.text).terms.some((other) => written(other) === written(term));
  look({ text: has ? withoutTerm(search.value.text, term) : withTerm(search.value.text, term) });
}

export function Side() {
  const { found, loading, failed } = values.value;
  const shown = found?.fields.filter(({ field }) => field !== "level") ?? [];
  return (
    <aside class={loading ? "side loading" : "side"} aria-label="Attributes" aria-busy={loading}>
      <h2>Attributes</h2>
      {failed && <Trouble failed={failed} what="The values could not be counted." retry={() => void findValues()} />}
      {!found && loading && <p class="quiet">Counting…</p>}
      {found && !shown.length && !loading && <p class="quiet">None.</p>}
      {found && !found.complete && <p class="quiet">Of a sample: the newest {found.records.toLocaleString()} records.</p>}
      {shown.map((facet) => <Field key={facet.field} facet={facet} />)}
      <Another />
    </aside>
  );
}

function Field({ facet }: { facet: Facet }) {
  const name = facet.field.replace(/^attr\./, "");
  // Where each value is another one, they tell little.
  const isKey = facet.values.length > 1 && facet.values[0]?.count === 1;
  const [open, setOpen] = useState(!isKey);
  const [all, setAll] = useState(false);
  const isColumn = columns.value.includes(name);
  return (
    <section class="field">
      <h3>
        <button type="button" class="plain name" aria-expanded={open} onClick={() => setOpen(!open)}>{name}</button>
        <button type="button" class="small" aria-pressed={isColumn} title={isColumn ? "Take the column away" : "Show as a column"} aria-label={`Column ${name}`} onClick={() => toggleColumn(name)}>▥</button>
      </h3>
      {open && (
        <ul>
          {facet.values.slice(0, all ? 100 : FEW).map(({ value, count }) => (
            <Value key={value} name={name} value={value} count={count} share={count / Math.max(facet.records, 1)} />
          ))}
        </ul>
      )}
      {open && facet.values.length > FEW && <button type="button" class="plain" onClick={() => setAll(!all)}>{all ? "fewer" : `${facet.values.length - FEW} more`}</button>}
    </section>
  );
}

function Value({ name, value, count, share }: { name: string; value: string; count: number; share: number }) {
  const having: Term = { kind: "attribute", name, value, not: false };
  const without: Term = { kind: "attribute", name, value, not: true };
  const has = (term: Term) => question.value.terms.some((other) => written(other) === written(term));
  const can = isName(name);
  const shown = cut(value, 80);
  return (
    <li>
      <span class="bar" style={{ width: `${Math.max(share * 100, 1)}%` }} aria-hidden="true" />
      <button type="button" class="plain value" title={cut(value, 400)} aria-pressed={has(having)} disabled={!can} aria-label={`Only ${name} ${shown}`} onClick={() => toggleTerm(having)}>
        {value === "" ? <em>empty</em> : <Text text={shown} />}
      </button>
      <span class="count">{count.toLocaleString()}</span>
      <button type="button" class="small" title={`Without ${name} ${shown}`} aria-label={`Without ${name} ${shown}`} aria-pressed={has(without)} disabled={!can} onClick={() => toggleTerm(without)}>≠</button>
    </li>
  );
}

/** Values of an attribute that is not among the most frequent ones. */
function Another() {
  const [name, setName] = useState("");
  const add = (event: Event) => {
    event.preventDefault();
    const wanted = name.trim().replace(/^(attr|attributes)\./, "");
    if (!wanted) return;
    fields.value = [...fields.value.filter((other) => other !== wanted), wanted].slice(-10);
    setName("");
    void findValues();
  };
  return (
    <form class="another" onSubmit={add}>
      <label>Values of <input value={name} placeholder="another attribute" onInput={(event) => setName(event.currentTarget.value)} /></label>
      <button type="submit">Count</button>
    </form>
  );
}
