// The list: only rows that are seen are in the page, and more are loaded where it comes to an end.

import { Virtualizer, elementScroll, observeElementOffset, observeElementRect } from "@tanstack/virtual-core";
import { useEffect, useLayoutEffect, useReducer, useRef, useState } from "preact/hooks";
import type { LogRecord } from "../api";
import { follows } from "../live";
import { active, opened, reveal } from "../reading";
import { list, seen } from "../searching";
import { columns, search, toggleColumn, zone } from "../state";
import { millis } from "../time";
import { Row } from "./Row";

const NEAR = 40;

function useVirtual(rows: LogRecord[], scroller: { current: HTMLElement | null }) {
  const [, again] = useReducer((count: number) => count + 1, 0);
  const height = matchMedia("(max-width: 640px)").matches ? 46 : 24;
  const settings = {
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => height,
    getItemKey: (index: number) => rows[index]?.id ?? index,
    // Rows that come or go at either end move nothing that is seen.
    anchorTo: "end" as const,
    overscan: 8,
    scrollToFn: elementScroll,
    observeElementRect,
    observeElementOffset,
    onChange: () => again(undefined as never),
  };
  const [virtual] = useState(() => new Virtualizer<HTMLElement, HTMLElement>(settings));
  virtual.setOptions(settings);
  useLayoutEffect(() => virtual._didMount(), []);
  useLayoutEffect(() => virtual._willUpdate());
  return virtual;
}

export function Rows() {
  const shown = list.value;
  const rows = shown.rows.value;
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtual(rows, scroller);
  const items = virtual.getVirtualItems();
  const range = virtual.range;
  follows.now = () => (scroller.current?.scrollTop ?? 0) < 2 && getSelection()?.isCollapsed !== false;
  follows.toTop = () => queueMicrotask(() => requestAnimationFrame(() => scroller.current?.scrollTo(0, 0)));
  reveal.row = (index) => virtual.scrollToIndex(index, { align: "auto" });

  useLayoutEffect(() => {
    const first = rows.findIndex(({ id }) => id === search.value.at);
    if (first >= 0) {
      active.value = search.value.at;
      virtual.scrollToIndex(first, { align: "center" });
    } else {
      scroller.current?.scrollTo(0, 0);
    }
  }, [shown, rows.length > 0]);
  useEffect(() => {
    if (!range || !rows.length) return;
    const [first, last] = [rows[range.startIndex], rows[Math.min(range.endIndex, rows.length - 1)]];
    if (first && last) seen.value = { first: millis(first.timestamp), last: millis(last.timestamp) };
    if (range.endIndex >= rows.length - NEAR) void shown.more(shown.direction("bottom"));
    if (range.startIndex < NEAR) void shown.more(shown.direction("top"));
  }, [shown, rows, range?.startIndex, range?.endIndex, shown.progress.value]);
  useEffect(() => {
    const row = active.value && scroller.current?.querySelector(`[data-id="${active.value}"] .open`);
    const isElsewhere = document.activeElement && document.activeElement !== document.body && !scroller.current?.contains(document.activeElement);
    if (row instanceof HTMLElement && !isElsewhere) row.focus({ preventScroll: true });
  }, [active.value, range?.startIndex]);

  const days = rows.length > 1 && Math.abs(millis(rows[0]?.timestamp ?? "") - millis(rows.at(-1)?.timestamp ?? "")) > 64_800_000;
  return (
    <div class="rows" ref={scroller} tabIndex={0} role="region" aria-label="Records">
      {columns.value.length > 0 && <Head days={days} />}
      <div class="all" role="list" aria-label="Records" style={{ height: `${virtual.getTotalSize()}px` }}>
        {items.map((item) => {
          const record = rows[item.index];
          return record && (
            <div key={item.key} class="place" role="listitem" aria-setsize={-1} aria-posinset={item.index + 1} data-index={item.index} data-id={record.id}
              ref={(element) => virtual.measureElement(element)} style={{ transform: `translateY(${item.start}px)` }}>
              <Row record={record} isOpen={opened.value.has(record.id)} isActive={active.value === record.id} isNamed={search.value.at === record.id}
                days={days} zone={zone.value} columns={columns.value} />
            </div>
          );
        })}
      </div>
    </div>
  );
}

function Head({ days }: { days: boolean }) {
  return (
    <div class="head">
      <span class="opener" /><span class="level" /><span class={days ? "time days" : "time"}>time</span>
      {columns.value.map((name) => (
        <span key={name} class="cell">{name} <button type="button" class="small" aria-label={`Take the column ${name} away`} onClick={() => toggleColumn(name)}>×</button></span>
      ))}
      <span class="message">message</span>
    </div>
  );
}
