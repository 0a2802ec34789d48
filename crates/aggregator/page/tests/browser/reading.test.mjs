// The list: pages to the last match in both directions, rows that open, and the ways on from a record.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { answered, closeBrowser, openPage, records, seenRows, startProxy, startService, until } from "./harness.mjs";

const COUNT = 14_000;
let service;
before(async () => {
  service = await startService();
  // Of one time there are seven each: what is equal must not be shuffled or lost.
  const all = records(COUNT, (index) => ({
    service: ["orders", "mailer"][index % 2], traceId: `trace${Math.floor(index / 20)}`, n: index,
    timestamp: new Date(1_728_345_600_000 + Math.floor(index / 7) * 1000).toISOString(),
  }));
  Object.assign(all[COUNT - 3], { level: "ERROR", message: "failed\r\njava.lang.Exception: x\n\tat a.B.c(B.java:1)\n" });
  Object.assign(all[COUNT - 5], { message: '{"event":"paid","card":{"last4":"4242"},"items":[1,2]}' });
  await service.send(all);
});
after(async () => {
  await closeBrowser();
  await service?.stop();
});

const ALL = "?from=2024-10-07&to=2024-10-09&zone=UTC";
const number = (text) => Number(/record (\d+)/.exec(text)?.[1] ?? NaN);

/** Scrolls to an end of the list, page by page, and gives the ids in the order in which they were seen. */
async function scrollThrough(page, direction, isEnd) {
  const seen = new Map();
  await until(`the end ${direction}`, async () => {
    for (const row of await seenRows(page)) seen.set(row.id, row.text);
    // Two frames: the rows at the new place are drawn.
    await page.$eval(".rows", async (rows, by) => {
      rows.scrollBy(0, by * rows.clientHeight * 0.9);
      for (let frame = 0; frame < 2; frame += 1) await new Promise(requestAnimationFrame);
    }, direction);
    const rows = await seenRows(page);
    for (const row of rows) seen.set(row.id, row.text);
    return isEnd(rows);
  }, 150_000);
  return [...seen.values()];
}

test("the list goes to the last match and back to the first, in order, with nothing lost or doubled, and stays small", async () => {
  const { page, close } = await openPage(`${service.url}/ui/${ALL}`, { viewport: { width: 1400, height: 2000 } });
  await answered(page);
  const down = (await scrollThrough(page, 1, (rows) => rows.some(({ text }) => /^record 0\b/.test(text)))).map(number).filter((n) => !Number.isNaN(n));
  assert.equal(new Set(down).size, down.length);
  assert.deepEqual(down, down.toSorted((one, other) => other - one));
  assert.ok(down.length >= COUNT - 2, `${down.length}`);
  assert.match(await page.locator(".foot [role=status]").innerText(), /^10,000 rows loaded of 14,000/);
  const nodes = await page.evaluate(() => document.querySelectorAll("*").length);
  assert.ok(nodes < 5000, `${nodes} elements`);
  const up = (await scrollThrough(page, -1, (rows) => rows.some(({ text }) => /^record 13999\b/.test(text)))).map(number).filter((n) => !Number.isNaN(n));
  assert.deepEqual(up.toSorted((one, other) => other - one), down);
  await page.getByRole("combobox", { name: "Order" }).selectOption("asc");
  await answered(page);
  await until("the oldest first", async () => number((await seenRows(page))[0]?.text) === 0);
  await close();
});

test("rows that are loaded above move nothing that is seen", async () => {
  let holds = false;
  const proxy = await startProxy(service.url, { hold: (path) => holds && path.includes("order=asc") });
  holds = true;
  // In the middle there are others on both sides.
  const { page, close } = await openPage(`${proxy.url}/ui/${ALL}&at=${await idOf(7000)}`);
  await page.locator(".row.named").waitFor();
  await page.click(".row.named .open");
  await page.locator(".row.named.is-open").waitFor();
  await page.$eval(".rows", async (rows) => {
    rows.scrollTo(0, 300);
    for (let frame = 0; frame < 3; frame += 1) await new Promise(requestAnimationFrame);
  });
  await until("newer ones are asked for", () => proxy.held.length > 0);
  const loaded = () => page.locator(".foot [role=status]").innerText();
  const [before, mark] = [await loaded(), (await seenRows(page))[4]];
  holds = false;
  for (const { pass } of proxy.held) pass();
  await until("more above", async () => (await loaded()) !== before && !(await loaded()).includes("loading"));
  await page.waitForTimeout(200);
  const now = (await seenRows(page)).find(({ id }) => id === mark.id);
  assert.ok(now && Math.abs(now.top - mark.top) <= 1, `${mark.top} ${now?.top}`);
  assert.ok(now.at > mark.at + 500, "there are more above it");
  await close();
  proxy.stop();
});

async function idOf(n) {
  const reply = await fetch(`${service.url}/logs/retrieve?attr.n=${n}&limit=1`);
  return (await reply.json())[0].id;
}

test("a row opens into its message as it was sent and its attributes, and closes", async () => {
  const { page, close } = await openPage(`${service.url}/ui/${ALL}`);
  await answered(page);
  const failed = page.locator(".place", { hasText: "failed" });
  assert.match(await failed.innerText(), /\+2 lines/);
  await failed.locator(".line").click();
  assert.equal(await failed.locator(".whole").textContent(), "failed\njava.lang.Exception: x\n\tat a.B.c(B.java:1)");
  assert.match(await failed.locator(".values").innerText(), /service.*mailer|service.*orders/s);
  const paid = page.locator(".place", { hasText: '"event"' });
  await paid.locator(".line").click();
  assert.match(await paid.locator(".whole").innerText(), /\n {2}"card": \{\n {4}"last4": "4242"/);
  await paid.getByRole("button", { name: "As sent" }).click();
  assert.equal(await paid.locator(".whole").innerText(), '{"event":"paid","card":{"last4":"4242"},"items":[1,2]}');
  await page.keyboard.press("Escape");
  assert.equal(await page.locator(".opened").count(), 0);
  await close();
});

test("selecting text with the mouse opens no row", async () => {
  const { page, close } = await openPage(`${service.url}/ui/${ALL}`);
  await answered(page);
  const box = await page.locator(".place .message").nth(6).boundingBox();
  await page.mouse.move(box.x + 2, box.y + 12);
  await page.mouse.down();
  await page.mouse.move(box.x + 60, box.y + 12, { steps: 5 });
  await page.mouse.up();
  assert.ok((await page.evaluate(() => String(getSelection()))).length > 2);
  assert.equal(await page.locator(".opened").count(), 0);
  await close();
});

test("from a record the reader goes to what its service said around it, to its trace, and gives a link to it", async () => {
  const { page, close } = await openPage(`${service.url}/ui/${ALL}`, { permissions: ["clipboard-read", "clipboard-write"] });
  await answered(page);
  const row = page.locator(".place", { hasText: "record 13990" });
  await row.locator(".open").click();
  const id = await row.getAttribute("data-id");
  await row.getByRole("button", { name: "Same service around it" }).click();
  await page.locator(".row.named").waitFor();
  assert.equal(await page.inputValue("#search"), "service:orders");
  const texts = (await seenRows(page)).map(({ text }) => number(text)).filter((n) => !Number.isNaN(n));
  assert.ok(texts.includes(13990) && texts.every((n) => n % 2 === 0), `${texts}`);
  // It is open as it was.
  await page.getByRole("button", { name: "Copy link" }).click();
  await page.getByText("Link copied").waitFor();
  const link = await page.evaluate(() => navigator.clipboard.readText());
  assert.ok(link.includes(`at=${id}`) && link.length < 2000, link);
  const other = await openPage(link, { timezoneId: "America/New_York" });
  await other.page.locator(".row.named").waitFor();
  assert.match(await other.page.locator(".row.named .message").innerText(), /^record 13990/);
  const place = await other.page.locator(".row.named").boundingBox();
  assert.ok(place.y > 200 && place.y < 850, `${place.y}`);
  await other.close();
  await page.getByRole("button", { name: "All of its trace" }).click();
  await until("twenty", async () => /all of 20$/.test(await page.locator(".foot [role=status]").innerText()));
  assert.equal(await page.inputValue("#search"), "traceId:trace699");
  await close();
});

test("the link to these rows shows the same rows in the same order when newer ones have come", async () => {
  const { page, close } = await openPage(`${service.url}/ui/?from=2024-10-07&q=service:mailer&columns=n`, { permissions: ["clipboard-read", "clipboard-write"] });
  await answered(page);
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  await page.keyboard.press("s");
  await page.getByRole("button", { name: "Copy the link to these rows" }).click();
  await page.getByText("Link copied").waitFor();
  const link = await page.evaluate(() => navigator.clipboard.readText());
  const before = (await seenRows(page)).map(({ id }) => id);
  const other = await openPage(link, { timezoneId: "Asia/Tokyo" });
  await other.page.locator(".row.named").waitFor();
  const after = (await seenRows(other.page)).map(({ id }) => id);
  assert.deepEqual(after.slice(0, 15), before.slice(0, 15));
  assert.match(await other.page.locator(".head").innerText(), /^time\s+n/);
  await other.close();
  await close();
});

test("keys go through rows, open them, move the range and fire in no field", async () => {
  const { page, close } = await openPage(`${service.url}/ui/${ALL}`);
  await answered(page);
  for (const key of ["j", "j", "j", "k"]) await page.keyboard.press(key);
  const active = () => page.locator(".place", { has: page.locator(".row.active") }).getAttribute("data-index");
  assert.equal(await active(), "1");
  await until("focus", () => page.evaluate(() => document.activeElement?.classList.contains("open")));
  await page.keyboard.press("Enter");
  assert.equal(await page.locator(".opened").count(), 1);
  await page.keyboard.press("o");
  assert.equal(await page.locator(".opened").count(), 0);
  await page.keyboard.press("?");
  await page.getByRole("dialog", { name: "Help" }).waitFor();
  await page.keyboard.press("Escape");
  await until("closed", async () => !(await page.getByRole("dialog").count()));
  await page.keyboard.press("/");
  await page.keyboard.type("jkhlt?r");
  assert.equal(await page.inputValue("#search"), "jkhlt?r");
  assert.equal(await page.getByRole("dialog").count(), 0);
  await page.keyboard.press("Escape");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Escape");
  await page.keyboard.press("h");
  await until("earlier", async () => page.url().includes("from=2024-10-05"));
  await close();
});
