// How the service is: store, breakers, spool, what waits, what is set aside, and who sends.

import { useEffect, useState } from "preact/hooks";
import { Failure, health, stats, type Health, type Stats } from "../api";
import { isLoggedIn, login } from "../searching";
import { zone } from "../state";
import { length, millis, moment } from "../time";
import { Panel } from "./Panel";

const EVERY = 5000;

export const bytes = (count: number): string => {
  const units = ["B", "kB", "MB", "GB", "TB"];
  const power = Math.min(Math.floor(Math.log10(Math.max(count, 1)) / 3), units.length - 1);
  return `${(count / 1000 ** power).toFixed(power ? 1 : 0)} ${units[power]}`;
};

const number = (value: number | undefined) => (value ?? 0).toLocaleString();

export function Status() {
  const [told, setTold] = useState<Health | null>(null);
  const [numbers, setNumbers] = useState<Stats | null>(null);
  const [failed, setFailed] = useState<Failure | null>(null);
  const [refused, setRefused] = useState<Failure | null>(null);
  useEffect(() => {
    const aborting = new AbortController();
    let wait: ReturnType<typeof setTimeout>;
    const look = async () => {
      await health(aborting.signal).then((answer) => { setTold(answer); setFailed(null); }, (error) => !aborting.signal.aborted && setFailed(error));
      await stats(aborting.signal).then((answer) => { setNumbers(answer); setRefused(null); }, (error) => !aborting.signal.aborted && setRefused(error));
      if (!aborting.signal.aborted) wait = setTimeout(look, EVERY);
    };
    void look();
    return () => {
      aborting.abort();
      clearTimeout(wait);
    };
  }, []);
  return (
    <Panel title="Status">
      {failed && <p class="problem" role="alert">{failed.message} {failed.cure}</p>}
      {told && <Health told={told} />}
      {refused && <p class="quiet">What is stored and who sends is not told: {refused.message}. {refused.cure}</p>}
      {numbers && <Numbers numbers={numbers} />}
      {isLoggedIn() && <p><button type="button" onClick={() => login(null)}>Forget the token</button></p>}
    </Panel>
  );
}

function Health({ told }: { told: Health }) {
  const { records, spool, store, breakers, rejected, workers } = told;
  const refusedAtDoor = Object.values(records?.rejected ?? {}).reduce((sum, count) => sum + count, 0);
  return (
    <>
      <p><strong class={told.status === "ok" ? "good" : "problem"}>{told.status}</strong>{told.problem && ` – ${told.problem}`}
        {told.version && <span class="quiet"> {told.instance} {told.version}, up for {length((told.uptimeSeconds ?? 0) * 1000)}</span>}</p>
      {store && spool && (
        <dl>
          <dt>Store</dt><dd><b class={store.available ? "good" : "problem"}>{store.available ? "available" : "away"}</b>, {store.kind}, {store.location}</dd>
          <dt>Breakers</dt><dd>{Object.entries(breakers ?? {}).map(([lane, { state, failed, slow }]) => <span key={lane}>{lane} <b class={state === "closed" ? "good" : "problem"}>{state}</b> ({number(failed)} failed, {number(slow)} slow) </span>)}{told.drain?.paused && <b class="problem"> drain paused</b>}</dd>
          <dt>Spool</dt><dd>{bytes(spool.bytes)} of {bytes(spool.maxBytes)}, {number(spool.batches)} batches, fsync p99 {(spool.fsyncP99Us / 1000).toFixed(1)} ms</dd>
          <dt>Waiting</dt><dd>{number(records?.waiting)} records</dd>
          <dt>Since the start</dt><dd>{number(records?.received)} received, {number(records?.stored)} stored, {number(records?.alreadyStored)} there already, {number(refusedAtDoor)} not taken</dd>
          <dt>Set aside</dt><dd><b class={rejected?.records ? "problem" : ""}>{number(rejected?.records)} records</b>, {bytes(rejected?.bytes ?? 0)}{!!rejected?.records && " – aggregator rejected list shows them, aggregator rejected replay puts them back"}</dd>
          <dt>Queries</dt><dd>{number(workers?.["read"]?.busy)} of {number(workers?.["read"]?.workers)} workers busy, {number(workers?.["read"]?.queued)} wait</dd>
        </dl>
      )}
      {!store && <p class="quiet">More is told to tokens with the scope read or operate.</p>}
    </>
  );
}

function Numbers({ numbers: { store, senders } }: { numbers: Stats }) {
  return (
    <>
      <h3>Stored</h3>
      <p>{number(store.records)} records{store.complete ? "" : " at least"}{store.bytes && `, ${bytes(store.bytes.onDisk)} on disk`}
        {store.oldest && store.newest && `, from ${moment(millis(store.oldest), zone.value)} to ${moment(millis(store.newest), zone.value)}`}</p>
      <h3>Who sends</h3>
      {!senders.length && <p class="quiet">Nobody since the start.</p>}
      {senders.length > 0 && (
        <div class="wide" tabIndex={0} role="region" aria-label="Senders">
          <table>
            <thead><tr><th scope="col">Protocol</th><th scope="col">Token</th><th scope="col">Records</th><th scope="col">Last minute</th><th scope="col">Last seen</th><th scope="col">Told</th></tr></thead>
            <tbody>
              {senders.map((sender) => (
                <tr key={`${sender.protocol} ${sender.token ?? ""}`}>
                  <th scope="row">{sender.protocol}</th><td>{sender.token ?? "–"}</td><td>{number(sender.records)}</td><td>{number(sender.recordsOfLastMinute)}</td>
                  <td>{moment(Math.floor(millis(sender.lastSeen) / 1000) * 1000, zone.value)}</td><td>{toldTo(sender)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </>
  );
}

function toldTo(sender: Stats["senders"][number]): string {
  const counted = [...Object.entries(sender.refused), ...Object.entries(sender.warnings)].filter(([, count]) => count);
  const counts = counted.map(([name, count]) => `${name} ${number(count)}`).join(", ");
  return [counts, sender.lastTold && `last: ${sender.lastTold.example}`].filter(Boolean).join("; ") || "nothing";
}
