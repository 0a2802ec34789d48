// The language of the search box, of the commands, of times and of text: what is pure, without a browser.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { createServer } from "vite";

const server = await createServer({ configFile: false, server: { middlewareMode: true, hmr: false, ws: false }, appType: "custom", logLevel: "error" });
globalThis.document = { baseURI: "http://127.0.0.1:8005/ui/" };
const load = (name) => server.ssrLoadModule(`/src/${name}.ts`);
const { parse, parameters, meaning, written, withTerm, withoutTerm } = await load("question");
const text = await load("text");
const time = await load("time");
const { asCurl, asQuery } = await load("commands");
after(() => server.close());

const asked = (box, levels = [], exact = false) => decodeURIComponent(parameters(parse(box), levels, exact).toString().replaceAll("+", " "));

test("each form of a condition is the parameter that it says", () => {
  for (const [box, expected] of [
    ["", ""],
    ["timeout", "word=timeout"],
    ["10.0.0.1 refused", "word=10.0.0.1&word=refused"],
    ['"connection ref"', "q=connection ref"],
    ['"say \\"hi\\""', 'q=say "hi"'],
    ["???", "q=???"],
    ["/order \\d+/ x", "regex=order \\d+&word=x"],
    ["/a\\/b/", "regex=a/b"],
    ["/api/v1/orders", "word=/api/v1/orders"],
    ["level:error", "logLevel=ERROR"],
    ["level:warning,Fatal", "logLevel=WARN,FATAL"],
    ["level:loud", "logLevel=loud"],
    ["-level:debug,trace", "logLevel=INFO,WARN,ERROR,FATAL"],
    ["level>=warn", "minLevel=WARN"],
    ["service:orders", "attr.service=orders"],
    ["-service:orders", "attr.service=!orders"],
    ['path:"/a b"', "attr.path=/a b"],
    ['v:""', 'attr.v=""'],
    ['v:"!x"', 'attr.v="!x"'],
    ['-v:"!x"', 'attr.v=!"!x"'],
    ['v:"a\\nb"', "attr.v=a\nb"],
    ["http.status:*", "attr.http.status="],
    ["-user:*", "attr.user=!"],
    ['v:"*"', "attr.v=*"],
    ["http://example.com/x", "word=http://example.com/x"],
    ["12:30:01", "word=12:30:01"],
    ["error: broken", "word=error:&word=broken"],
    ["größe:ß", "attr.größe=ß"],
    ["a AND b", "word=a&word=b"],
    ["- x", "q=-&word=x"],
  ]) assert.equal(asked(box), expected, box);
});

test("levels of the chips and of the box hold together", () => {
  assert.equal(asked("x", ["ERROR", "FATAL"]), "word=x&logLevel=ERROR,FATAL");
  assert.equal(asked("level:error,warn", ["ERROR"]), "logLevel=ERROR");
  assert.equal(asked("level:error", ["INFO"]), "logLevel=none of these");
  assert.equal(asked("x", [], true), "word=x&caseSensitive=true");
  assert.equal(asked("a:b", [], true), "attr.a=b");
});

test("what cannot be asked for is told and not left out in silence", () => {
  for (const [box, said] of [
    ["-word", "-word cannot be asked for"], ["a OR b", "OR is not known"], ["NOT a", "NOT is not known"], ['"open', "has no end"],
    ["-/x/", "cannot be asked for"], ["size>=5", "only level can be compared"], ["level>=loud", "is no level"], ["-level>=warn", "cannot be asked for"],
  ]) {
    const { problems } = parse(box);
    assert.ok(problems.some((problem) => problem.includes(said)), `${box}: ${problems}`);
  }
});

test("a condition that is written is read as the same one, whatever stands in it", () => {
  const values = ["orders", "", "*", "a b", '"', '\\', 'a"b\\', "!x", "a\nb\tc", "\u202Ex", "//x", ">=x", "ä:ö", "/x/", "-x", "'"];
  for (const value of values) {
    for (const term of [
      { kind: "attribute", name: "a.b", value, not: false }, { kind: "attribute", name: "a.b", value, not: true }, { kind: "text", value },
      ...(value ? [{ kind: "regex", value: value.replaceAll("\\", "\\\\") }] : []),
    ]) {
      if (term.kind === "text" && !value) continue;
      const again = parse(written(term));
      assert.deepEqual(again, { terms: [term], problems: [] }, written(term));
    }
  }
});

test("a condition on an attribute takes the place of the one that it contradicts", () => {
  const term = (value, not = false) => ({ kind: "attribute", name: "service", value, not });
  assert.equal(withTerm("timeout service:orders", term("mailer")), "timeout service:mailer");
  assert.equal(withTerm("service:orders", term("orders", true)), "-service:orders");
  assert.equal(withTerm("-service:orders", term("mailer", true)), "-service:orders -service:mailer");
  assert.equal(withTerm("host:a", term("orders")), "host:a service:orders");
  assert.equal(withoutTerm("x service:orders y", term("orders")), "x y");
});

test("the box says what it finds", () => {
  assert.equal(meaning(parse(""), [], false), "every record");
  assert.equal(
    meaning(parse('timeout "a b" level>=warn -service:x k:*'), ["ERROR", "FATAL"], true),
    "records with the word “timeout”, and “a b” anywhere in the message, and level WARN or worse, and service other than “x”, and any k, and level ERROR or FATAL (capitals as written)",
  );
});

test("text is cut between characters, and what cannot be seen has a name", () => {
  assert.equal(text.cut("ab😀", 3), "ab");
  assert.equal(text.withoutAnsi("\u001b[1;31mred\u001b[0m \u001b]8;;http://x\u0007link\u001b]8;;\u0007 \u001b(B"), "red link ");
  assert.deepEqual(text.parts("a\u202Eb"), ["a", { mark: "U+202E", title: "right-to-left override (U+202E)" }, "b"]);
  assert.deepEqual(text.parts("👩‍👩‍👧 ok\t\n"), ["👩‍👩‍👧 ok\t\n"]);
  assert.deepEqual(text.firstLine("one\r\ntwo\rthree\n"), { first: "one", more: 2, cut: false });
  assert.equal(text.firstLine("x".repeat(1e6)).first.length, 1000);
  assert.equal(text.pretty('{"a":1}'), '{\n  "a": 1\n}');
  assert.equal(text.pretty('{"a":12345678901234567890}'), null);
  assert.equal(text.pretty("{no"), null);
  assert.deepEqual(text.flattened({ a: { b: 1, c: [1, { d: 2 }] }, e: {}, f: null }), [["a.b", 1], ["a.c", [1, { d: 2 }]], ["e", {}], ["f", null]]);
  assert.deepEqual(["traceId", "trace_id", "otel.trace.id", "trace", "x-trace-id", "stacktraceid"].map(text.isTrace), [true, true, true, false, true, false]);
});

test("times are read on the clock of the zone, with an offset as it says, and before now", () => {
  const now = Date.UTC(2024, 9, 8, 12);
  for (const [said, zone, expected] of [
    ["2024-10-08", "Europe/Berlin", "2024-10-07T22:00:00.000Z"],
    ["2024-10-08 10:00", "Europe/Berlin", "2024-10-08T08:00:00.000Z"],
    ["2024-10-08T10:00:30.5", "UTC", "2024-10-08T10:00:30.500Z"],
    ["2024-10-08T10:00:00.123456789+05:30", "UTC", "2024-10-08T04:30:00.123Z"],
    ["2024-10-08T10:00:00Z", "America/New_York", "2024-10-08T10:00:00.000Z"],
    ["-1h30m", "UTC", "2024-10-08T10:30:00.000Z"],
    ["now", "UTC", "2024-10-08T12:00:00.000Z"],
    // The day on which clocks go on, and back: of the hour that comes twice the first.
    ["2024-03-31 04:00", "Europe/Berlin", "2024-03-31T02:00:00.000Z"],
    ["2024-10-27 02:30", "Europe/Berlin", "2024-10-27T00:30:00.000Z"],
    ["2024-10-27 03:30", "Europe/Berlin", "2024-10-27T02:30:00.000Z"],
  ]) assert.equal(new Date(time.instant(said, now, zone)).toISOString(), expected, `${said} ${zone}`);
  for (const none of ["", "yesterday", "2024-13-01", "2024-02-30", "10:00", "-1", "2024-10-08 25:00"]) assert.equal(time.instant(none, now, "UTC"), null, none);
});

test("times are written to the zone's clock, and a range has a name", () => {
  const at = Date.UTC(2024, 9, 8, 8, 0, 30, 5);
  assert.equal(time.moment(at, "Europe/Berlin"), "2024-10-08 10:00:30.005");
  assert.equal(time.moment(at - 30_005, "UTC"), "2024-10-08 08:00");
  assert.equal(time.nanos("2024-10-08T08:00:30.123456789Z"), 1728374430123456789n);
  assert.equal(time.millis("1969-12-31T23:59:59.5Z"), -500);
  assert.equal(time.rangeName({ from: "-1h30m", to: "" }, "UTC"), "last 1 h 30 m");
  assert.equal(time.rangeName({ from: "", to: "" }, "UTC"), "all time");
  assert.equal(time.rangeName({ from: "2024-10-08T08:00:00.000Z", to: "" }, "Europe/Berlin"), "2024-10-08 10:00 – the end");
  assert.deepEqual(time.moved({ start: 1000, end: 2000 }, 1), { from: time.iso(2000), to: time.iso(3000) });
  assert.deepEqual(time.moved({ start: 1000, end: 2000 }, 0, 2), { from: time.iso(500), to: time.iso(2500) });
  assert.equal(time.moved({ start: null, end: 2000 }, 1), null);
});

test("a search as a command is quoted for a shell", () => {
  const all = parameters(parse(`"it's" service:orders user:*`), ["ERROR"], false);
  assert.equal(
    asQuery(all, { from: "-1h", to: "" }, true),
    `aggregator query --since -1h -q 'it'\\''s' --attr service=orders --attr user --level ERROR --order desc`,
  );
  const curl = asCurl(all, { from: "-1h", to: "" }, false, true);
  assert.ok(curl.includes(`--data-urlencode 'q=it'\\''s'`) && curl.includes("-d attr.user ") && curl.includes("Bearer $TOKEN"), curl);
});
