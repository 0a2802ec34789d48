// What goes wrong, what is hostile, and who may not.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { PROGRAM, answered, closeBrowser, openPage, records, seenRows, startProxy, startService, until } from "./harness.mjs";

let service;
before(async () => {
  service = await startService();
  await service.send(records(2000, () => ({ service: "orders" })));
});
after(async () => {
  await closeBrowser();
  await service?.stop();
});

test("hostile records are text, are cut before the page has them, and are copied as they came", async () => {
  const own = await startService();
  const messages = [
    "<script>alert(1)</script><img src=x onerror=alert(2)><style>*{display:none}</style>",
    "\u202Efdp.exe \u2066x\u2069 \u0000\u0007 \u001b[31mred\u001b[0m \u001b]0;title\u0007",
    `begin ${"x".repeat(1_000_000)}`,
    "javascript:alert(1) data:text/html,<b>x</b> {{7*7}} ${7*7}",
  ];
  const many = Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`key${index}`, `<b>${index}</b>`]));
  const sent = records(messages.length, (index) => ({ message: messages[index], level: '<i>"level"</i>', "<b>name</b>": "<b>value</b>" }));
  await own.send([...sent, ...records(1, () => ({ message: "many", many }), 1)]);
  const { page, close } = await openPage(`${own.url}/ui/`, { permissions: ["clipboard-read", "clipboard-write"] });
  await answered(page);
  assert.equal(await page.locator(".rows script, .rows img, .rows style, .rows b, .side b").count(), 0);
  const row = (text) => page.locator(".place", { hasText: text });
  assert.match(await row("<script>").locator(".message").innerText(), /^<script>alert\(1\)<\/script><img src=x/);
  assert.equal(await row("fdp.exe").locator(".line .mark").allInnerTexts().then((marks) => marks.join(" ")), "U+202E U+2066 U+2069 U+0000 U+0007");
  assert.match(await row("fdp.exe").locator(".message").innerText(), / red/);
  for (const text of ["<script>", "fdp.exe", "begin xxx", "many", "javascript:"]) {
    const start = Date.now();
    await row(text).locator(".open").click();
    await row(text).locator(".opened").waitFor();
    assert.ok(Date.now() - start < 2000, text);
  }
  const shown = await row("begin xxx").locator(".whole").evaluate((whole) => whole.textContent.length);
  assert.equal(shown, 4096);
  assert.ok((await page.evaluate(() => document.querySelectorAll("*").length)) < 5000);
  for (const [text, message] of [["fdp.exe", messages[1]], ["begin xxx", messages[2]]]) {
    await row(text).getByRole("button", { name: "Copy message" }).click();
    await until("copied", async () => (await page.evaluate(() => navigator.clipboard.readText())) === message.replaceAll("\u0000", "\u0000"));
    await page.waitForTimeout(100);
  }
  await close();
  await own.stop();
});

test("a search that takes long is stopped: its requests end, its rows stay and are called a part, late answers change nothing", async () => {
  let holds = () => false;
  const proxy = await startProxy(service.url, { hold: (path) => holds(path) });
  const { page, close } = await openPage(`${proxy.url}/ui/`);
  await answered(page);
  holds = (path) => path.includes("cursor=") || path.includes("histogram") || path.includes("facets");
  await page.keyboard.press("r");
  await until("rows", async () => (await seenRows(page)).length > 10);
  await page.$eval(".rows", (rows) => rows.scrollTo(0, rows.scrollHeight));
  await until("three are held", () => proxy.held.length === 3);
  const start = Date.now();
  await page.getByRole("button", { name: "Stop" }).first().click();
  await until("all have ended", () => proxy.held.every(({ left }) => left)).catch((error) => assert.fail(`${error.message}: ${JSON.stringify(proxy.held)}`));
  assert.ok(Date.now() - start < 500, `${Date.now() - start} ms`);
  assert.match(await page.locator(".foot [role=status]").innerText(), /^200 rows loaded.*stopped, this is a part$/);
  holds = () => false;
  for (const { pass } of proxy.held) pass();
  await page.waitForTimeout(200);
  assert.match(await page.locator(".foot [role=status]").innerText(), /stopped/);
  await page.getByRole("button", { name: "Go on" }).click();
  await until("more", async () => /^1,200 rows loaded/.test(await page.locator(".foot [role=status]").innerText()));
  await close();
  proxy.stop();
});

test("what fails says so in its own part with what to do, and is tried again by a click", async () => {
  let refused = "histogram";
  const proxy = await startProxy(service.url, { hold: (path) => (refused && path.includes(refused) ? "refuse" : false) });
  const { page, close } = await openPage(`${proxy.url}/ui/`);
  await page.getByText("The records could not be counted.").waitFor();
  assert.ok((await seenRows(page)).length > 10, "the list does not mind");
  refused = "";
  await page.locator(".chart").getByRole("button", { name: "Try again" }).click();
  await until("counted", async () => /of 2,000$/.test(await page.locator(".foot [role=status]").innerText()));
  refused = "/logs/";
  await page.keyboard.press("r");
  await page.getByText("The search did not succeed.").waitFor();
  assert.match(await page.locator(".list .trouble").innerText(), /does not answer.*Look whether the service runs/s);
  refused = "";
  await page.locator(".list .trouble").getByRole("button", { name: "Try again" }).click();
  await until("rows", async () => (await seenRows(page)).length > 10);
  await close();
  proxy.stop();
});

test("behind a prefix everything works, from both places", async () => {
  const proxy = await startProxy(service.url, { prefix: "/tools/logs" });
  for (const place of ["/", "/ui/"]) {
    const { page, close } = await openPage(`${proxy.url}${place}`);
    await answered(page);
    assert.match(await page.locator(".foot [role=status]").innerText(), /of 2,000$/);
    await page.locator(".chip", { hasText: "ERROR" }).click();
    await until("in the address", () => page.url().startsWith(`${proxy.url}${place}?level=ERROR`));
    await page.getByRole("button", { name: "Share", exact: true }).click();
    assert.ok((await page.locator(".panel pre").first().innerText()).includes(`${proxy.url}/logs/retrieve`));
    await close();
  }
  proxy.stop();
});

test("an empty service says how to send, and shows the first record when it has come", async () => {
  const own = await startService();
  const { page, close } = await openPage(`${own.url}/`);
  await page.getByText("No logs yet").waitFor();
  const shown = await page.locator(".greeting pre").innerText();
  assert.ok(shown.includes(`${own.url}/logs/batch`), shown);
  for (const [name, text] of [["Fluent Bit", `Port             ${own.port}`], ["Vector", `uri: ${own.url}/logs/batch?key=content`], ["Filebeat", `hosts: ["${own.url}"]`]]) {
    await page.getByRole("button", { name }).click();
    assert.ok((await page.locator(".greeting pre").innerText()).includes(text), name);
  }
  await page.getByRole("button", { name: "curl" }).click();
  const command = await page.locator(".greeting pre").innerText();
  execFileSync("sh", ["-c", command.replace("curl ", "curl -s ")]);
  await until("the first", async () => (await seenRows(page)).some(({ text }) => text.startsWith("hello")));
  await close();
  await own.stop();
});

test("the status tells the store, the breakers, the spool, what waits and who sends", async () => {
  const { page, close } = await openPage(`${service.url}/ui/`);
  await answered(page);
  await page.getByRole("button", { name: "Status", exact: true }).click();
  const panel = page.getByRole("dialog", { name: "Status" });
  await panel.getByText("Who sends").waitFor();
  const told = await panel.innerText();
  for (const part of [/^Status/, /ok/, /available, blocks/, /write closed/, /read closed/, /2,000 received, 2,000 stored/, /Waiting\s+0 records/, /Set aside\s+0 records/, /native\s+–\s+2,000/]) assert.match(told, part);
  await close();
});

test("where there are tokens one is asked for, stays in the tab, reads and downloads, and is forgotten", async () => {
  const folder = mkdtempSync(join(tmpdir(), "page-"));
  const file = join(folder, "tokens.toml");
  const made = (...flags) => /logs_\S{43}/.exec(execFileSync(PROGRAM, ["token", "new", ...flags, "--tokens-file", file], { encoding: "utf8" }))[0];
  const [reads, sends] = [made("--name", "reads", "--scope", "read"), made("--name", "sends", "--scope", "ingest")];
  const own = await startService({ TOKENS_FILE: file });
  await own.send(records(20, () => ({})), { authorization: `Bearer ${sends}` });
  const { page, close } = await openPage(`${own.url}/ui/`);
  await page.getByText("A token is needed").waitFor();
  await page.getByLabel("Token").fill("logs_wrong");
  await page.getByRole("button", { name: "Read logs" }).click();
  await page.getByRole("alert").waitFor();
  assert.match(await page.getByRole("alert").innerText(), /Give a token that the service knows/);
  await page.getByLabel("Token").fill(reads);
  await page.keyboard.press("Enter");
  await answered(page);
  assert.ok((await seenRows(page)).length >= 20);
  assert.ok(!page.url().includes("logs_") && !(await page.content()).includes(reads));
  await page.reload();
  await answered(page);
  await page.keyboard.press("s");
  const [saved] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "NDJSON" }).click()]);
  assert.equal(readFileSync(await saved.path(), "utf8").trim().split("\n").length, 20);
  assert.ok((await page.locator(".panel pre").first().innerText()).includes('"Authorization: Bearer $TOKEN"'));
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Status", exact: true }).click();
  await page.getByText("is not told").waitFor();
  await page.getByRole("button", { name: "Forget the token" }).click();
  await page.getByText("A token is needed").waitFor();
  await close();
  await own.stop();
  rmSync(folder, { recursive: true });
});
