// How many records, and when: bars by level, of which a part is chosen by dragging.

import { useEffect, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { Bucket, Histogram } from "../api";
import { Trouble } from "./Trouble";
import { count, counts, seen } from "../searching";
import { look, search, theme, zone } from "../state";
import { LEVELS } from "../question";
import { clock, iso, moment } from "../time";

/** From the axis upwards: what is worst is never hidden. */
const STACK = [...[...LEVELS].reverse(), "other"] as const;
const HEIGHT = 110;

function shownLevels(): readonly string[] {
  const { levels } = search.value;
  return levels.length ? STACK.filter((level) => levels.includes(level)) : STACK;
}

/** The times of the bars, and for each level the height of what is stacked up to it, the highest first. */
function stacked(buckets: Bucket[], levels: readonly string[]): uPlot.AlignedData {
  const times = buckets.map(({ start }) => Date.parse(start) / 1000);
  // The first one may be cut by the range: it is drawn as wide as the others, of which the rest is out of sight.
  const [first, second, third] = times;
  if (first !== undefined && second !== undefined && third !== undefined) times[0] = Math.min(first, 2 * second - third);
  let below = buckets.map(() => 0);
  const rows = levels.map((level) => (below = buckets.map((bucket, index) => (below[index] ?? 0) + (bucket.levels?.[level] ?? 0))));
  return [times, ...rows.reverse()];
}

const colour = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function options(width: number, levels: readonly string[], buckets: Bucket[], point: (index: number | null) => void): uPlot.Options {
  const bars = uPlot.paths.bars?.({ size: [1, 200], align: 1, gap: buckets.length > 1 ? 1 : 0 });
  const ends = { start: Date.parse(buckets[0]?.start ?? ""), end: Date.parse(buckets.at(-1)?.end ?? "") };
  const axis = { stroke: colour("--quiet"), grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false }, font: "11px system-ui" };
  const series = [...levels].reverse().map((level) => ({
    label: level, fill: colour(`--level-${level.toLowerCase()}`), width: 0, points: { show: false }, ...(bars ? { paths: bars } : {}),
  }));
  return {
    width,
    height: HEIGHT,
    padding: [6, 8, 0, 0],
    legend: { show: false },
    cursor: { drag: { x: true, y: false, setScale: false }, points: { show: false }, y: false },
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), zone.value),
    scales: {
      x: { time: true, range: () => [ends.start / 1000, ends.end / 1000] },
      y: { range: (_, __, most) => [0, Math.max(most, 1) * 1.05] },
    },
    axes: [
      { ...axis, size: 24, space: 90, values: (_, splits) => splits.map((at) => axisLabel(at * 1000, ends.end - ends.start)) },
      { ...axis, size: 52, space: 30, values: (_, splits) => splits.map((value) => (Number.isInteger(value) ? compact(value) : "")) },
    ],
    series: [{}, ...series],
    hooks: {
      setSelect: [(plot) => choose(plot, ends)],
      setCursor: [(plot) => point(plot.cursor.idx ?? null)],
      draw: [drawSeen],
    },
  };
}

function axisLabel(at: number, length: number): string {
  if (length > 3 * 86_400_000) return moment(at, zone.value).slice(5);
  return clock(Math.round(at), zone.value, length < 10_000 ? "millis" : length < 1_200_000 ? "seconds" : "minutes");
}

const compact = (value: number) => Intl.NumberFormat("en", { notation: "compact" }).format(value);

function choose(plot: uPlot, ends: { start: number; end: number }): void {
  const { left, width } = plot.select;
  if (width < 3) return;
  const at = (x: number) => Math.min(Math.max(Math.round(plot.posToVal(x, "x") * 1000), ends.start), ends.end);
  const [from, to] = [at(left), at(left + width)];
  plot.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
  look({ range: { from: iso(from), to: iso(Math.max(to, from + 1)) } });
}

/** A line under the part of which rows are seen. */
function drawSeen(plot: uPlot): void {
  const at = seen.peek();
  if (!at) return;
  const [from, to] = [plot.valToPos(at.first / 1000, "x", true), plot.valToPos(at.last / 1000, "x", true)];
  const { left, top, width, height } = plot.bbox;
  const x = Math.max(Math.min(from, to), left);
  plot.ctx.fillStyle = colour("--accent");
  plot.ctx.fillRect(x, top + height - 3, Math.max(Math.min(Math.abs(to - from), left + width - x), 3), 3);
}

export function Chart() {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const [pointed, setPointed] = useState<number | null>(null);
  const [asTable, setAsTable] = useState(false);
  const { found, loading, failed } = counts.value;
  const { levels } = search.value;
  useEffect(() => {
    const element = box.current;
    if (!element || !found?.buckets.length) return;
    const shown = shownLevels();
    const made = new uPlot(options(element.clientWidth, shown, found.buckets, setPointed), stacked(found.buckets, shown), element);
    plot.current = made;
    const observer = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: HEIGHT }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = null;
      setPointed(null);
    };
  }, [found, levels, theme.value, zone.value]);
  useEffect(() => seen.subscribe(() => plot.current?.redraw(false)), []);
  const bucket = pointed === null ? undefined : found?.buckets[pointed];
  return (
    <section class="chart" aria-label="How many records, and when">
      <div ref={box} class={`plot${loading ? " loading" : ""}`} role="img" aria-label={found ? summary(found) : "Not counted yet"} />
      {failed && <Trouble failed={failed} what="The records could not be counted." retry={() => void count()} />}
      <p class="reading quiet" aria-hidden="true">{bucket ? told(bucket) : found && !found.complete ? counted(found) : "Drag over the bars to look closer."}</p>
      {found && found.buckets.length > 0 && (
        <button type="button" class="plain as-table" aria-expanded={asTable} onClick={() => setAsTable(!asTable)}>{asTable ? "no table" : "as a table"}</button>
      )}
      {asTable && found && <Table found={found} />}
    </section>
  );
}

const counted = (found: Histogram) => `Counted as far as ${found.countedUpTo ? moment(Date.parse(found.countedUpTo), zone.value) : "there was time"}.`;

function summary(found: Histogram): string {
  const levels = STACK.filter((level) => found.levels?.[level]).map((level) => `${level} ${found.levels?.[level]?.toLocaleString()}`);
  const ends = `${moment(Date.parse(found.startTime), zone.value)} to ${moment(Date.parse(found.endTime), zone.value)}`;
  return `Histogram: ${found.records.toLocaleString()} records from ${ends}. ${levels.join(", ")}`;
}

function told(bucket: Bucket): string {
  const levels = shownLevels();
  const parts = levels.filter((level) => bucket.levels?.[level]).map((level) => `${level} ${bucket.levels?.[level]?.toLocaleString()}`);
  const sum = levels.reduce((all, level) => all + (bucket.levels?.[level] ?? 0), 0);
  return `${moment(Date.parse(bucket.start), zone.value)} – ${clock(Date.parse(bucket.end), zone.value)}: ${sum.toLocaleString()}${parts.length ? ` (${parts.join(", ")})` : ""}`;
}

function Table({ found }: { found: Histogram }) {
  const filled = found.buckets.filter((bucket) => bucket.count);
  return (
    <div class="table" tabIndex={0} role="region" aria-label="Counts as a table">
      <table>
        <thead><tr><th scope="col">From</th><th scope="col">Records</th>{LEVELS.map((level) => <th key={level} scope="col">{level}</th>)}</tr></thead>
        <tbody>
          {filled.map((bucket) => (
            <tr key={bucket.start}>
              <th scope="row">{moment(Date.parse(bucket.start), zone.value)}</th><td>{bucket.count.toLocaleString()}</td>
              {LEVELS.map((level) => <td key={level}>{bucket.levels?.[level]?.toLocaleString() ?? ""}</td>)}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
