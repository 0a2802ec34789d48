// The whole screen.

import { LOCAL, isZone, moment } from "../time";
import { toggleLive } from "../live";
import { badRange, list, run, seen, stop, total, wantsToken } from "../searching";
import { hasSide, look, notice, panel, question, search, theme, zone, zoneName, type Theme } from "../state";
import { Chart } from "./Chart";
import { Greeting } from "./Greeting";
import { Help } from "./Help";
import { Coming } from "./Coming";
import { Levels } from "./Levels";
import { Login } from "./Login";
import { RangeButtons, RangePicker } from "./RangePicker";
import { Rows } from "./Rows";
import { SearchBox } from "./SearchBox";
import { Share } from "./Share";
import { Side } from "./Side";
import { Status } from "./Status";
import { Trouble } from "./Trouble";

export function App() {
  return (
    <>
      <header class="top">
        <h1><a href="./" onClick={(event) => { event.preventDefault(); look({ text: "", levels: [], range: { from: "-1h", to: "" } }); }}>Logs</a></h1>
        <SearchBox />
        <div class="over"><RangeButtons />{panel.value === "range" && <RangePicker />}</div>
        <Tools />
      </header>
      {wantsToken.value ? <main><Login /></main> : <Found />}
      {panel.value === "status" && <Status />}
      {panel.value === "share" && <Share />}
      {panel.value === "help" && <Help />}
      <p class="notice" role="status">{notice.value}</p>
    </>
  );
}

function Tools() {
  return (
    <nav class="tools" aria-label="More">
      <button type="button" aria-pressed={search.value.live} title="New records come by themselves (f)" onClick={toggleLive}>Live</button>
      <button type="button" aria-pressed={hasSide.value} title="Attributes (a)" onClick={() => (hasSide.value = !hasSide.value)}>Attributes</button>
      <button type="button" title="Share and download (s)" onClick={() => (panel.value = "share")}>Share</button>
      <button type="button" onClick={() => (panel.value = "status")}>Status</button>
      <button type="button" title="Help (?)" aria-label="Help" onClick={() => (panel.value = "help")}>?</button>
    </nav>
  );
}

function Found() {
  const { rows, progress } = list.value;
  const { failed, loading, stopped } = progress.value;
  const isEmpty = !rows.value.length;
  const isAnswered = !loading && !failed && !stopped && !badRange.value && !question.value.problems.length;
  return (
    <main>
      <div class="bar">
        <Levels />
        <Choices />
      </div>
      <Chart />
      <div class="both">
        {hasSide.value && <Side />}
        <div class={isEmpty ? "list is-empty" : "list"}>
          {badRange.value && <p class="trouble" role="alert">{badRange.value}</p>}
          {question.value.problems.length > 0 && <p class="greeting quiet">Nothing is looked for while the search box has what cannot be asked for; what that is stands below it.</p>}
          {failed && isEmpty && <Trouble failed={failed} what="The search did not succeed." retry={() => void list.value.resume(search.value.at)} />}
          {isEmpty && loading && <p class="greeting quiet" role="status">{progress.value.empty ? "Nothing found so far: still searching…" : "Searching…"}</p>}
          {isEmpty && isAnswered && !search.value.live && list.value.isDone("older") && list.value.isDone("newer") && <Greeting />}
          {search.value.live && <Coming />}
          <Rows />
          <Foot />
        </div>
      </div>
    </main>
  );
}

function Choices() {
  const zones = ["UTC", LOCAL];
  const choose = (event: { currentTarget: HTMLSelectElement }) => {
    const { value } = event.currentTarget;
    if (value !== "other") return void (zoneName.value = value);
    const named = prompt("Name of the zone, such as Europe/Berlin", zone.value)?.trim();
    if (named && isZone(named)) zoneName.value = named;
    event.currentTarget.value = zoneName.value;
  };
  return (
    <div class="choices">
      <label>Order <select value={search.value.newestFirst ? "desc" : "asc"} onChange={(event) => look({ newestFirst: event.currentTarget.value === "desc" })}>
        <option value="desc">newest first</option><option value="asc">oldest first</option>
      </select></label>
      <label>Zone <select value={zoneName.value} onChange={choose}>
        <option value="">local ({LOCAL})</option><option value="UTC">UTC</option>
        {zoneName.value && !zones.slice(0, 1).includes(zoneName.value) && <option value={zoneName.value}>{zoneName.value}</option>}
        <option value="other">another…</option>
      </select></label>
      <label>Colours <select value={theme.value} onChange={(event) => (theme.value = event.currentTarget.value as Theme)}>
        <option value="auto">as the system</option><option value="light">light</option><option value="dark">dark</option>
      </select></label>
    </div>
  );
}

function Foot() {
  const { rows, progress } = list.value;
  const { failed, loading, stopped, empty } = progress.value;
  const count = rows.value.length;
  const whole = total.value;
  const at = seen.value;
  const isWhole = list.value.isDone("older") && list.value.isDone("newer");
  return (
    <footer class="foot">
      <span role="status">
        {count > 0 && `${count.toLocaleString()} rows loaded${isWhole ? ", all" : ""}${whole !== null && !search.value.at ? ` of ${whole.toLocaleString()}` : ""}`}
        {loading && count > 0 && (empty ? " – still searching…" : " – loading…")}
        {stopped && " – stopped, this is a part"}
      </span>
      {failed && count > 0 && <span class="problem" role="alert">{failed.message} {failed.cure}</span>}
      {(stopped || (failed && count > 0)) && <button type="button" onClick={() => void list.value.resume(search.value.at)}>Go on</button>}
      {loading && count > 0 && <button type="button" onClick={stop}>Stop</button>}
      {at && count > 0 && <span class="quiet place-in-time">{moment(at.first, zone.value)} – {moment(at.last, zone.value)}</span>}
      {search.value.at && <button type="button" onClick={() => look({})}>Leave the record</button>}
      <button type="button" class="plain" title="Search again (r)" onClick={run}>again</button>
    </footer>
  );
}
