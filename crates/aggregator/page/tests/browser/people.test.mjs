// For all people: axe-core in every state and both colours, a phone's width, 200 % zoom.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { answered, closeBrowser, openPage, records, seenRows, startService, until } from "./harness.mjs";

const AXE = readFileSync(join(import.meta.dirname, "../../node_modules/axe-core/axe.min.js"), "utf8");
let service;
before(async () => {
  service = await startService();
  const levels = ["FATAL", "ERROR", "WARN", "INFO", "DEBUG", "TRACE", "loud"];
  await service.send(records(700, (index) => ({ level: levels[index % 7], service: "orders", traceId: `t${index}`, message: index % 5 ? `record ${index}` : `first ${index}\nsecond` })));
});
after(async () => {
  await closeBrowser();
  await service?.stop();
});

async function findings(page) {
  // As a debugger does it: the policy of the page lets in no script of the test.
  await page.evaluate(AXE);
  const found = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  return found.violations.flatMap(({ id, nodes }) => nodes.slice(0, 3).map((node) => `${id}: ${node.html.slice(0, 160)} ${node.failureSummary.slice(0, 200)}`));
}

for (const colorScheme of ["light", "dark"]) {
  test(`axe finds nothing in any state (${colorScheme})`, async () => {
    const { page, close } = await openPage(`${service.url}/ui/?columns=service`, { colorScheme });
    await answered(page);
    const states = {
      list: async () => undefined,
      opened: async () => { for (const index of [0, 3, 6]) await page.click(`.place[data-index="${index}"] .open`); },
      suggestions: async () => { await page.click("#search"); await page.locator(".offers li").first().waitFor(); },
      range: async () => { await page.keyboard.press("Escape"); await page.keyboard.press("Escape"); await page.keyboard.press("t"); },
      table: async () => { await page.keyboard.press("Escape"); await page.getByRole("button", { name: "as a table" }).click(); },
      share: async () => page.getByRole("button", { name: "Share", exact: true }).click(),
      help: async () => { await page.keyboard.press("Escape"); await page.getByRole("button", { name: "Help", exact: true }).click(); },
      status: async () => { await page.keyboard.press("Escape"); await page.getByRole("button", { name: "Status", exact: true }).click(); await page.getByText("Who sends").waitFor(); },
      nothing: async () => { await page.keyboard.press("Escape"); await page.goto(`${service.url}/ui/?q=nowhere`); await page.getByText("Nothing found").waitFor(); },
      problem: async () => { await page.goto(`${service.url}/ui/?q=-x`); await page.getByText("-x cannot be asked for").waitFor(); },
      failed: async () => { await page.goto(`${service.url}/ui/?q=${encodeURIComponent("/(/")}`); await page.getByText("did not succeed").waitFor(); },
    };
    for (const [name, enter] of Object.entries(states)) {
      await enter();
      await page.waitForTimeout(100);
      assert.deepEqual(await findings(page), [], name);
    }
    await close();
  });
}

test("on a phone nothing has to be scrolled sideways, and rows are read and opened", async () => {
  const { page, close } = await openPage(`${service.url}/ui/?columns=service`, { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true });
  await answered(page);
  const width = () => page.evaluate(() => document.documentElement.scrollWidth);
  assert.equal(await width(), 360);
  await page.locator(".open").first().tap();
  await page.locator(".opened").waitFor();
  assert.equal(await width(), 360);
  for (const name of ["Status", "Share"]) {
    await page.getByRole("button", { name, exact: true }).tap();
    await page.getByRole("dialog").waitFor();
    assert.equal(await width(), 360, name);
    await page.getByRole("button", { name: "Close", exact: true }).tap();
  }
  await page.locator(".range .name").tap();
  const popover = await page.locator(".popover").boundingBox();
  assert.ok(popover.x >= 0 && popover.x + popover.width <= 360, JSON.stringify(popover));
  await close();
});

test("at 200 % everything is there and nothing has to be scrolled sideways", async () => {
  const { page, close } = await openPage(`${service.url}/ui/`, { viewport: { width: 640, height: 512 }, scale: 2 });
  await answered(page);
  assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= 640);
  await page.locator(".rows").scrollIntoViewIfNeeded();
  await until("rows", async () => (await seenRows(page)).length > 3);
  await close();
});

test("colours are chosen, kept, and as the system's unless they are", async () => {
  const { page, close } = await openPage(`${service.url}/ui/`, { colorScheme: "dark" });
  await answered(page);
  const back = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  assert.equal(await back(), "rgb(14, 18, 22)");
  await page.getByLabel("Colours").selectOption("light");
  assert.equal(await back(), "rgb(255, 255, 255)");
  await page.reload();
  await answered(page);
  assert.equal(await back(), "rgb(255, 255, 255)");
  await close();
});
