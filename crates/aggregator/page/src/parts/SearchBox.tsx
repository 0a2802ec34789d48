// The search box: what is written there, what it means, and what may be meant.

import { useEffect, useRef, useState } from "preact/hooks";
import { askFor, offers, wordAt, type Offer } from "../completion";
import { meaning, parse } from "../question";
import { busy, run, stop } from "../searching";
import { keep, kept, look, search } from "../state";

const HISTORY = 20;
const EXAMPLES: Offer[] = [
  { text: "timeout", about: "a word" },
  { text: '"connection refused"', about: "a text anywhere in the message" },
  { text: "/order \\d+ .*failed/", about: "a regular expression" },
  { text: "level>=warn", about: "warnings and worse" },
  { text: "service:orders -host:orders-1", about: "an attribute with, and one without a value" },
  { text: "http.status:*", about: "whatever has the attribute" },
];

function history(): string[] {
  try {
    const all: unknown = JSON.parse(kept("history", "[]"));
    return Array.isArray(all) ? all.filter((text) => typeof text === "string") : [];
  } catch {
    return [];
  }
}

function remember(text: string): void {
  if (text.trim()) keep("history", JSON.stringify([text, ...history().filter((other) => other !== text)].slice(0, HISTORY)));
}

export function SearchBox() {
  const input = useRef<HTMLInputElement>(null);
  const [text, setText] = useState(search.value.text);
  const [caret, setCaret] = useState(0);
  const [open, setOpen] = useState(false);
  const [at, setAt] = useState(-1);
  const [, setNews] = useState(0);
  useEffect(() => setText(search.value.text), [search.value.text]);

  const place = wordAt(text, caret);
  const isEmpty = !text.trim();
  const offered = isEmpty ? [...history().slice(0, 8).map((before) => ({ text: before, about: "searched before" })), ...EXAMPLES] : offers(place.word);
  const isShown = open && offered.length > 0;
  useEffect(() => {
    if (!open || !place.word.includes(":")) return;
    const aborting = new AbortController();
    const wait = setTimeout(() => {
      askFor(place.word, aborting.signal).then((isNew) => isNew && setNews((count) => count + 1), () => undefined);
    }, 150);
    return () => {
      clearTimeout(wait);
      aborting.abort();
    };
  }, [open, place.word]);

  const take = (offer: Offer) => {
    const next = isEmpty ? offer.text : text.slice(0, place.start) + offer.text + text.slice(place.end);
    setText(next);
    setAt(-1);
    const end = isEmpty ? next.length : place.start + offer.text.length;
    setCaret(end);
    setOpen(!isEmpty && offer.text.endsWith(":"));
    queueMicrotask(() => input.current?.setSelectionRange(end, end));
    input.current?.focus();
  };
  const submit = (event: Event) => {
    event.preventDefault();
    setOpen(false);
    remember(text);
    if (text === search.value.text) run();
    else look({ text });
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.key === "Escape") {
      event.stopPropagation();
      if (isShown) setOpen(false);
      else if (text !== search.value.text) setText(search.value.text);
      else input.current?.blur();
    } else if (event.key === "ArrowDown" && isShown) {
      event.preventDefault();
      setAt((at + 1) % offered.length);
    } else if (event.key === "ArrowUp" && isShown) {
      event.preventDefault();
      setAt(at <= 0 ? offered.length - 1 : at - 1);
    } else if ((event.key === "Enter" || event.key === "Tab") && isShown && offered[at]) {
      event.preventDefault();
      take(offered[at]);
    }
  };
  const noteCaret = () => setCaret(input.current?.selectionStart ?? 0);
  return (
    <form class="search" role="search" onSubmit={submit}>
      <div class="box">
        <input
          ref={input} id="search" type="text" value={text} spellcheck={false} autocomplete="off" autocapitalize="off" maxLength={4000}
          placeholder='word "text" /regex/ level:error service:orders -service:mailer' aria-label="Search" role="combobox" aria-expanded={isShown}
          aria-controls="offers" aria-autocomplete="list" aria-activedescendant={isShown && at >= 0 ? `offer-${at}` : undefined} aria-describedby="meaning"
          onInput={(event) => { setText(event.currentTarget.value); noteCaret(); setOpen(true); setAt(-1); }}
          onKeyUp={noteCaret} onClick={() => { noteCaret(); setOpen(true); }} onKeyDown={onKey} onBlur={() => setOpen(false)}
        />
        {text && <button type="button" class="clear" aria-label="Clear the search" onClick={() => { setText(""); look({ text: "" }); input.current?.focus(); }}>×</button>}
        <ul class="offers" id="offers" role="listbox" aria-label="Suggestions" hidden={!isShown}>
          {isShown && offered.map((offer, index) => (
            <li key={`${offer.text} ${index}`} id={`offer-${index}`} role="option" aria-selected={index === at} onMouseDown={(event) => { event.preventDefault(); take(offer); }}>
              <code>{offer.text}</code> <span class="quiet">{offer.about}</span>
            </li>
          ))}
        </ul>
      </div>
      <button type="button" class="case" aria-pressed={search.value.caseSensitive} title="Capital and small letters as written" aria-label="Match case" onClick={() => look({ caseSensitive: !search.value.caseSensitive })}>Aa</button>
      {/* Two buttons: one that became the other under a click would search again. */}
      {busy.value ? <button key="stop" type="button" class="main" onClick={stop}>Stop</button> : <button key="search" type="submit" class="main">Search</button>}
      <Meaning text={text} />
    </form>
  );
}

function Meaning({ text }: { text: string }) {
  const question = parse(text);
  const { levels, caseSensitive } = search.value;
  const isDraft = text !== search.value.text;
  return (
    <div class="meaning" id="meaning">
      {question.problems.map((problem) => <p key={problem} class="problem">{problem}</p>)}
      {!question.problems.length && <p class="quiet">{isDraft ? "Enter looks for " : ""}{meaning(question, levels, caseSensitive)}</p>}
    </div>
  );
}
