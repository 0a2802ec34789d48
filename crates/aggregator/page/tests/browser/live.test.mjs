// The live tail: it comes by itself, moves nothing under the reader's eyes, and goes on after a loss.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { answered, closeBrowser, openPage, records, seenRows, startService, until } from "./harness.mjs";

let service;
before(async () => {
  service = await startService();
  await service.send(records(500, () => ({ service: "orders" })));
});
after(async () => {
  await closeBrowser();
  await service?.stop();
});

const fresh = (count, name, more = {}) => Array.from({ length: count }, (_, index) => ({ level: "INFO", message: `${name} ${index}`, service: "orders", ...more }));
const isOn = (page) => until("live", async () => /Live: new records/.test(await page.locator(".coming").innerText()));
const newest = async (page) => (await seenRows(page))[0]?.text ?? "";

test("new records come to the top by themselves, those that fit, and each once", async () => {
  const { page, close } = await openPage(`${service.url}/ui/?q=service:orders`);
  await answered(page);
  await page.keyboard.press("f");
  await isOn(page);
  assert.equal(new URL(page.url()).searchParams.get("live"), "1");
  await service.send(fresh(3, "first"));
  await service.send(fresh(1, "other", { service: "mailer" }));
  await service.send(fresh(1, "second"));
  await until("second", async () => (await newest(page)).startsWith("second 0"));
  const texts = (await seenRows(page)).map(({ text }) => text).filter((text) => !text.startsWith("record"));
  assert.deepEqual(texts.map((text) => text.split(" service")[0]), ["second 0", "first 2", "first 1", "first 0"]);
  await page.goBack();
  await until("ended", async () => !(await page.locator(".coming").count()));
  await service.send(fresh(1, "third"));
  await page.waitForTimeout(600);
  assert.ok(!(await newest(page)).startsWith("third"));
  await close();
});

for (const [name, pause] of Object.entries({
  "scrolled down": (page) => page.$eval(".rows", (rows) => rows.scrollBy(0, 600)),
  "reading an open row": (page) => page.click('.place[data-index="5"] .open'),
  "selecting text": (page) => page.evaluate(() => getSelection().selectAllChildren(document.querySelectorAll(".place .message")[4])),
})) {
  test(`whoever is ${name} sees nothing move, is told how many are new, and goes to them by a click`, async () => {
    const { page, close } = await openPage(`${service.url}/ui/?live=1`);
    await answered(page);
    await isOn(page);
    await pause(page);
    await page.waitForTimeout(100);
    const before = await seenRows(page);
    await page.evaluate(() => {
      window.shifts = 0;
      new PerformanceObserver((all) => all.getEntries().forEach((entry) => (window.shifts += entry.value))).observe({ type: "layout-shift" });
    });
    for (let batch = 0; batch < 4; batch += 1) await service.send(fresh(40, `${name} ${batch}`));
    await page.getByRole("button", { name: "160 new" }).waitFor();
    const after = await seenRows(page);
    // What says that it is paused takes no room of the list.
    assert.deepEqual(after.map(({ id, top }) => [id, top]), before.map(({ id, top }) => [id, top]));
    assert.equal(await page.evaluate(() => window.shifts), 0);
    await page.getByRole("button", { name: "160 new" }).click();
    await until("the newest", async () => (await newest(page)).startsWith(`${name} 3 39`));
    await close();
  });
}

test("when the service was killed it goes on where it was, with no gap and nothing twice", async () => {
  const { page, close } = await openPage(`${service.url}/ui/?live=1`);
  await answered(page);
  await isOn(page);
  await service.send(fresh(5, "before"));
  await until("before", async () => (await newest(page)).startsWith("before 4"));
  await service.kill();
  await page.getByText("The connection is lost").waitFor();
  await service.startAgain();
  await service.send(fresh(5, "after"));
  await until("after", async () => (await newest(page)).startsWith("after 4"), 8000);
  const texts = (await seenRows(page)).map(({ text }) => text.split(" service")[0]).slice(0, 10);
  assert.deepEqual(texts, ["after 4", "after 3", "after 2", "after 1", "after 0", "before 4", "before 3", "before 2", "before 1", "before 0"]);
  await close();
});

test("under load the page stays small and the list in order", async () => {
  const { page, close } = await openPage(`${service.url}/ui/?live=1`);
  await answered(page);
  await isOn(page);
  for (let batch = 0; batch < 20; batch += 1) {
    await service.send(fresh(500, `load ${batch}`));
  }
  await until("all", async () => (await newest(page)).startsWith("load 19 499"), 30_000);
  assert.match(await page.locator(".foot [role=status]").innerText(), /^5,000 rows loaded/);
  assert.ok((await page.evaluate(() => document.querySelectorAll("*").length)) < 5000);
  const ids = (await seenRows(page)).map(({ id }) => id);
  assert.deepEqual(ids, ids.toSorted().reverse());
  await close();
});
