// Log text: always as text, with what cannot be seen by its name.

import { useState } from "preact/hooks";
import { MOST_SHOWN, SHOWN, cut, lines, parts, withoutAnsi } from "../text";

/** A text that is short already. */
export function Text({ text }: { text: string }) {
  return (
    <>
      {parts(text).map((part, index) =>
        typeof part === "string" ? part : <span key={index} class="mark" title={part.title}>{part.mark}</span>,
      )}
    </>
  );
}

/** A text of any length, of which the beginning is shown until more is asked for. */
export function LongText({ text, class: name }: { text: string; class: string }) {
  const [whole, setWhole] = useState(false);
  const shown = cut(text, whole ? MOST_SHOWN : SHOWN);
  const clean = lines(withoutAnsi(shown)).join("\n");
  return (
    <>
      <pre class={name} tabIndex={0} dir="auto"><Text text={clean} /></pre>
      {shown.length < text.length && (
        <p class="quiet">
          {shown.length.toLocaleString()} of {text.length.toLocaleString()} characters.{" "}
          {whole ? "Copy it to see the rest." : <button type="button" onClick={() => setWhole(true)}>Show more</button>}
        </p>
      )}
    </>
  );
}
