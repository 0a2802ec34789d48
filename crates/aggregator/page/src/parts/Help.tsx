// What keys do, and what can be written into the search box.

import { Panel } from "./Panel";

const KEYS: [string, string][] = [
  ["/", "to the search box"], ["j k", "next row, row before"], ["Enter o", "open or close the row"], ["c", "what the same service said around the row"],
  ["h l", "range earlier, later"], ["+ −", "range shorter, longer"], ["t", "choose a range"], ["f", "live: new records come by themselves"], ["r", "search again"], ["s", "share and download"],
  ["a", "attributes"], ["Esc", "close what is open; stop the search"], ["?", "this"],
];
const WORDS: [string, string][] = [
  ["timeout", "the word, in any case of its letters"], ['"connection ref"', "the text, also as a part of words"], ["/order \\d+/", "a regular expression that fits in the message"],
  ["level:error,fatal", "one of these levels"], ["level>=warn", "this level or a worse one"], ["service:orders", "the attribute has the value"],
  ['path:"/a b"', "a value with blanks, as in JSON"], ["-service:mailer", "it does not have it"], ["http.status:*", "there is such an attribute"], ["-user:*", "there is none"],
];

export function Help() {
  return (
    <Panel title="Help">
      <h3>Search</h3>
      <table>{WORDS.map(([word, about]) => <tr key={word}><th scope="row"><code>{word}</code></th><td>{about}</td></tr>)}</table>
      <p class="quiet">All conditions hold together. The service has no “or” but among levels, and leaves out by attributes and not by words.</p>
      <h3>Keys</h3>
      <table>{KEYS.map(([keys, about]) => <tr key={keys}><th scope="row">{keys.split(" ").map((key) => <><kbd>{key}</kbd> </>)}</th><td>{about}</td></tr>)}</table>
      <p class="quiet">Within a field no key but Esc does anything of this. <a href="../docs">Every address of the service</a> · <a href="licences.txt">Licences</a></p>
    </Panel>
  );
}
