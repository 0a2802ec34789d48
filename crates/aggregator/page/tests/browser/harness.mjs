// The real service, a real browser, and what holds in every test: no request to another host, no breach of the policy, no
// error in the page.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, request } from "node:http";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { chromium } from "playwright-core";

const TARGET = process.env.CARGO_TARGET_DIR ?? resolve(import.meta.dirname, "../../../../../target");
export const PROGRAM = process.env.AGGREGATOR ?? join(TARGET, "debug/aggregator");
/** Tries the built files as they lie there, with a program that was built before them. */
const UNBUILT = process.env.PAGE_AS_BUILT === "1";
const BROWSERS = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** A service with a data folder of its own. */
export async function startService(env = {}) {
  const folder = mkdtempSync(join(tmpdir(), "page-"));
  const settings = { PATH: process.env.PATH, HOME: process.env.HOME, DATA_DIR: join(folder, "data"), LISTEN_ADDR: "127.0.0.1:0", ...env };
  let running = await begin(settings);
  const { port } = running;
  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    port,
    folder,
    async send(records, headers = {}) {
      for (let at = 0; at < records.length; at += 2000) {
        const body = JSON.stringify(records.slice(at, at + 2000));
        const reply = await fetch(`${url}/logs/batch?ack=stored`, { method: "POST", headers: { "content-type": "application/json", ...headers }, body });
        assert.equal(reply.status, 200, await reply.text());
      }
    },
    kill: () => end(running, "SIGKILL"),
    async startAgain() {
      running = await begin({ ...settings, LISTEN_ADDR: `127.0.0.1:${port}` });
    },
    async stop() {
      await end(running, "SIGTERM");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function begin(env) {
  const started = spawn(PROGRAM, [], { env, stdio: ["ignore", "pipe", "pipe"] });
  const gone = new Promise((done) => started.once("exit", done));
  let said = "";
  const port = await new Promise((found, failed) => {
    const read = (piece) => {
      said += piece;
      const at = /listening.*?127\.0\.0\.1:(\d+)/.exec(said.replace(/\u001b\[[0-9;]*m/g, ""));
      if (at) found(Number(at[1]));
    };
    started.stdout.on("data", read);
    started.stderr.on("data", read);
    void gone.then((code) => failed(new Error(`the service ended with ${code}: ${said}`)));
  });
  return { started, gone, port };
}

async function end({ started, gone }, how) {
  started.kill(how);
  await gone;
}

let browser;

/** A page in a browser of its own state. */
export async function openPage(url, options = {}) {
  browser ??= await launch();
  const { scale = 1, ...others } = options;
  const context = await browser.newContext({
    locale: "en-GB", timezoneId: "Europe/Berlin", colorScheme: "light", viewport: { width: 1400, height: 850 },
    deviceScaleFactor: scale, permissions: [], acceptDownloads: true, ...others,
  });
  if (UNBUILT) await context.route(/\/ui\/[a-z.]*(\?.*)?$|:\d+(\/tools\/logs)?\/(\?.*)?$/, fromFolder);
  const page = await context.newPage();
  const troubles = [];
  const own = new URL(url).origin;
  page.on("pageerror", (error) => troubles.push(`error: ${error.message}`));
  page.on("console", (message) => {
    // An answer that is an error is logged by the browser itself.
    if (message.type() === "error" && !/Failed to load resource/.test(message.text())) troubles.push(`console: ${message.text()}`);
  });
  page.on("request", (asked) => {
    if (!asked.url().startsWith(own) && !asked.url().startsWith("blob:")) troubles.push(`asks ${asked.url()}`);
  });
  page.on("dialog", (dialog) => { troubles.push(`dialog: ${dialog.message()}`); void dialog.dismiss(); });
  await page.addInitScript(() => document.addEventListener("securitypolicyviolation", (event) => console.error(`policy: ${event.violatedDirective} ${event.sourceFile}`)));
  await page.goto(url);
  return {
    page,
    /** Ends the page; nothing untoward has happened. */
    async close() {
      await context.close();
      assert.deepEqual(troubles, []);
    },
  };
}

const KINDS = { html: "text/html", js: "text/javascript", css: "text/css", svg: "image/svg+xml", txt: "text/plain" };
const POLICY = "default-src 'self'; base-uri 'self'; require-trusted-types-for 'script'; trusted-types 'none'";

/** A file of the folder, under the policy of the service. */
async function fromFolder(route) {
  const path = new URL(route.request().url()).pathname;
  const name = path.endsWith("/ui/") ? "index.html" : path.endsWith("/") ? "root.html" : path.split("/").at(-1);
  const body = readFileSync(resolve(import.meta.dirname, process.env.PAGE_BUILT ?? "../../built", name));
  await route.fulfill({ body, contentType: `${KINDS[name.split(".").at(-1)]}; charset=utf-8`, headers: { "content-security-policy": POLICY } });
}

async function launch() {
  const executablePath = process.env.BROWSER_PROGRAM ?? BROWSERS.find(existsSync);
  assert.ok(executablePath, "no Chromium is there: apt-get install chromium");
  return chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-dev-shm-usage"] });
}

export async function closeBrowser() {
  await browser?.close();
  browser = undefined;
}

/** Waits until something is so. */
export async function until(what, check, patience = 10_000) {
  const end = Date.now() + patience;
  let last;
  while (Date.now() < end) {
    try {
      last = await check();
      if (last) return last;
    } catch (error) {
      last = error;
    }
    await new Promise((done) => setTimeout(done, 25));
  }
  throw new Error(`not so in time: ${what} (${last?.message ?? last})`);
}

/** Once the search and all its parts are answered. */
export async function answered(page) {
  await page.getByRole("button", { name: "Search", exact: true }).waitFor();
}

/** The rows that are seen, with what they show. */
export function seenRows(page) {
  return page.$$eval(".place", (places) => {
    const list = document.querySelector(".rows").getBoundingClientRect();
    return places
      .map((place) => ({ id: place.dataset.id, at: Number(place.dataset.index), top: place.getBoundingClientRect().top, text: place.querySelector(".line .message").textContent }))
      .filter(({ top }) => top > list.top - 24 && top < list.bottom)
      .sort((one, other) => one.at - other.at);
  });
}

/** What stands between a browser and the service: a prefix, and requests that are held or refused. */
export async function startProxy(target, { prefix = "", hold = () => false } = {}) {
  const held = [];
  const server = createServer((asked, answer) => {
    if (!asked.url.startsWith(prefix)) return answer.writeHead(404).end();
    const path = asked.url.slice(prefix.length) || "/";
    const pass = () => {
      const to = request(`${target}${path}`, { method: asked.method, headers: { ...asked.headers, host: new URL(target).host } }, (told) => {
        answer.writeHead(told.statusCode, told.rawHeaders);
        told.pipe(answer);
      });
      to.on("error", () => answer.destroy());
      answer.on("close", () => to.destroy());
      asked.pipe(to);
    };
    const what = hold(path);
    if (what === "refuse") return answer.destroy();
    if (!what) return pass();
    const one = { path, pass, left: false };
    answer.on("close", () => (one.left = true));
    held.push(one);
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  return { url: `http://127.0.0.1:${server.address().port}${prefix}`, held, stop: () => { server.closeAllConnections(); server.close(); } };
}

/** Records in the last hour, the newest last, one every so many milliseconds. */
export function records(count, each, every = 1000) {
  const now = Date.now() - 2000;
  return Array.from({ length: count }, (_, index) => ({ timestamp: new Date(now - (count - 1 - index) * every).toISOString(), level: "INFO", message: `record ${index}`, ...each(index) }));
}
