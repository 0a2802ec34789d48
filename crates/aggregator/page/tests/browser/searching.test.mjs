// Searching: the box, the chips, the side list, the histogram, and the address that holds all of it.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { answered, closeBrowser, openPage, records, seenRows, startService, until } from "./harness.mjs";

const COUNT = 3000;
let service;
before(async () => {
  service = await startService();
  await service.send(records(COUNT, (index) => ({
    level: index % 10 === 0 ? "ERROR" : index % 4 === 0 ? "WARN" : "INFO",
    service: ["orders", "mailer", "gateway"][index % 3],
    user: { name: `user ${index % 7}` },
  })));
});
after(async () => {
  await closeBrowser();
  await service?.stop();
});

const total = (page) => page.locator(".foot [role=status]").innerText();

test("the list, the chips and the bars say the same number, and a file has as many records", async () => {
  const { page, close } = await openPage(`${service.url}/`);
  await answered(page);
  assert.match(await total(page), /of 3,000$/);
  assert.ok(await page.locator(".foot").isVisible());
  const chips = await page.$$eval(".chip .count", (counts) => counts.map((count) => Number(count.textContent.replaceAll(",", ""))));
  assert.equal(chips.reduce((sum, count) => sum + count, 0), COUNT);
  await page.getByRole("button", { name: "as a table" }).click();
  const bars = await page.$$eval(".chart td:nth-child(2)", (cells) => cells.map((cell) => Number(cell.textContent.replaceAll(",", ""))));
  assert.equal(bars.reduce((sum, count) => sum + count, 0), COUNT);
  await page.locator(".chip", { hasText: "ERROR" }).click();
  await answered(page);
  assert.match(await total(page), /of 300$/);
  await page.getByRole("button", { name: "Share", exact: true }).click();
  for (const [form, name, lines] of [["NDJSON", "logs.ndjson", 300], ["CSV", "logs.csv", 301]]) {
    const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: form }).click()]);
    assert.equal(file.suggestedFilename(), name);
    const text = readFileSync(await file.path(), "utf8").trim();
    assert.equal(text.split("\n").length, lines);
    assert.equal(text.split("\n").filter((line) => line.includes("ERROR")).length, 300);
  }
  await close();
});

test("what is written into the box is said in words and looked for, and the address has it", async () => {
  const { page, close } = await openPage(`${service.url}/ui/`);
  await answered(page);
  await page.keyboard.press("/");
  await page.keyboard.type("level:error service:orders");
  assert.equal(await page.locator(".meaning").innerText(), "Enter looks for records with level ERROR, and service being “orders”");
  await page.keyboard.press("Enter");
  await answered(page);
  assert.match(await total(page), /100 rows loaded, all of 100$/);
  assert.equal(new URL(page.url()).searchParams.get("q"), "level:error service:orders");
  for (const [box, found] of [['"record 29"', 111], ["/record 29\\d\\d/", 100], ["29", 1], ["user.name:\"user 3\"", 429], ["-service:orders -service:mailer", 1000], ["nothing:*", 0], ["level>=warn", 900]]) {
    await page.fill("#search", box);
    await page.keyboard.press("Enter");
    await until(box, async () => (await page.locator(".foot [role=status]").textContent()).match(/of ([\d,]+)/)?.[1].replace(",", "") === String(found) || (found === 0 && (await page.getByText("Nothing found").count())));
  }
  // An address of before shows the same in another browser.
  const other = await openPage(`${service.url}/ui/?q=level%3Aerror+service%3Aorders`);
  await answered(other.page);
  assert.match(await total(other.page), /all of 100$/);
  assert.equal(await other.page.inputValue("#search"), "level:error service:orders");
  await other.close();
  await close();
});

test("what cannot be asked for is told, and nothing is looked for meanwhile", async () => {
  const { page, close } = await openPage(`${service.url}/ui/?q=-word`);
  await page.getByText("only -name:value leaves records out").waitFor();
  assert.equal((await seenRows(page)).length, 0);
  await page.fill("#search", "regex /a(/");
  await page.keyboard.press("Enter");
  await page.getByText("The search did not succeed.").waitFor();
  assert.match(await page.locator(".list .trouble").innerText(), /regex cannot be used.*Change the search\./s);
  await page.fill("#search", "");
  await page.keyboard.press("Enter");
  await answered(page);
  assert.ok((await seenRows(page)).length > 10);
  await close();
});

test("values are looked for, left out and made columns by a click, and Back undoes it", async () => {
  const { page, close } = await openPage(`${service.url}/ui/`);
  await answered(page);
  await page.getByRole("button", { name: "Only service orders" }).click();
  await until("orders only", async () => /of 1,000$/.test(await total(page)));
  await page.getByRole("button", { name: "Only service orders" }).click();
  await until("all again", async () => /of 3,000$/.test(await total(page)));
  await page.getByRole("button", { name: "Without service mailer" }).click();
  await until("without mailer", async () => /of 2,000$/.test(await total(page)));
  assert.equal(await page.inputValue("#search"), "-service:mailer");
  await page.getByRole("button", { name: "Column user.name" }).click();
  assert.match(await page.locator(".place .cell").first().innerText(), /^user \d$/);
  assert.equal(new URL(page.url()).searchParams.get("columns"), "user.name");
  await page.goBack();
  await until("back at all", async () => /of 3,000$/.test(await total(page)));
  await page.goBack();
  await until("back at orders", async () => /of 1,000$/.test(await total(page)));
  await page.goForward();
  await until("forward", async () => /of 3,000$/.test(await total(page)));
  await close();
});

test("dragging over the bars looks at that part, once, and Back at the whole", async () => {
  const { page, close } = await openPage(`${service.url}/ui/`);
  await answered(page);
  const asked = [];
  page.on("request", (request) => /logs\/(retrieve|histogram|facets)/.test(request.url()) && asked.push(request.url()));
  const box = await page.locator(".u-over").boundingBox();
  await page.mouse.move(box.x + box.width * 0.5, box.y + 40);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.6, box.y + 40, { steps: 8 });
  await page.mouse.up();
  await until("a part", async () => /of (2|3|4)\d\d$/.test(await total(page)));
  await answered(page);
  const each = (part) => asked.filter((url) => url.includes(part)).length;
  assert.deepEqual([each("histogram"), each("facets")], [1, 1]);
  assert.match(new URL(page.url()).searchParams.get("from"), /Z$/);
  await page.goBack();
  await until("the whole", async () => /of 3,000$/.test(await total(page)));
  // Without a mouse.
  await page.getByRole("button", { name: "Zoom in" }).click();
  await until("half", async () => /of 1,8\d\d$/.test(await total(page)) || /of 1,7\d\d$/.test(await total(page)));
  await close();
});

test("the range is chosen by lengths and by times on the clock of the zone", async () => {
  const { page, close } = await openPage(`${service.url}/ui/`);
  await answered(page);
  await page.keyboard.press("t");
  await page.getByRole("textbox", { name: "From" }).fill("2024-10-08 10:00");
  await page.getByRole("textbox", { name: "To" }).fill("gestern");
  await page.getByRole("button", { name: "Use it" }).click();
  assert.match(await page.getByRole("alert").innerText(), /“gestern” is no time/);
  await page.getByRole("textbox", { name: "To" }).fill("2024-10-09T00:00:00+05:00");
  await page.getByRole("button", { name: "Use it" }).click();
  const { searchParams } = new URL(page.url());
  assert.deepEqual([searchParams.get("from"), searchParams.get("to")], ["2024-10-08T08:00:00.000Z", "2024-10-08T19:00:00.000Z"]);
  await page.getByText("Nothing found").waitFor();
  await page.getByRole("button", { name: "The hour before it" }).click();
  await until("the newest", async () => /of 3,000$/.test(await total(page)));
  await page.getByLabel("Zone").selectOption("UTC");
  await until("in UTC", async () => (await page.locator(".range .name").innerText()).includes("–"));
  assert.equal(new URL(page.url()).searchParams.get("zone"), "UTC");
  const shown = await page.locator(".place time").first().innerText();
  const stored = await page.locator(".place time").first().getAttribute("datetime");
  assert.equal(stored.slice(11, 23), shown.slice(-12));
  await close();
});

test("names and values are offered while they are written", async () => {
  const { page, close } = await openPage(`${service.url}/ui/`);
  await answered(page);
  await page.click("#search");
  assert.ok((await page.locator(".offers li").count()) >= 6);
  await page.keyboard.type("serv");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  assert.equal(await page.inputValue("#search"), "service:");
  await page.keyboard.type("ma");
  await page.getByRole("option", { name: /service:mailer/ }).waitFor();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await until("mailer", async () => /of 1,000$/.test(await total(page)));
  // It is remembered.
  await page.fill("#search", "");
  await page.click("#search");
  await page.getByRole("option", { name: /service:mailer searched before/ }).waitFor();
  await close();
});
