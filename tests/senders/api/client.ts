// A small run of the client that is generated for TypeScript: a batch is sent and read back, and an error is seen.

import { client } from "./client/client.gen";
import { countRecords, getBatch, retrieveRecords, sendBatch } from "./client/sdk.gen";
import type { BatchAccepted, Record as Found } from "./client/types.gen";

declare const process: { argv: string[] };

function same<T>(found: T, expected: T): void {
  if (found !== expected) throw new Error(`${JSON.stringify(found)} is not ${JSON.stringify(expected)}`);
}

client.setConfig({ baseUrl: process.argv[2] });
const batch = {
  body: [{ level: "WARN", message: "sent by a generated client", service: "typescript" }],
  headers: { "Idempotency-Key": "generated-typescript" },
  query: { ack: "stored" as const },
};

async function run(): Promise<void> {
  await sendBatch({ ...batch, throwOnError: true });
  const sent = await sendBatch({ ...batch, throwOnError: true });
  const accepted: BatchAccepted = sent.data;
  same(accepted.accepted, 1);
  same(sent.response.headers.get("idempotent-replayed"), "true");

  const became = await getBatch({ path: { id: accepted.batchId }, throwOnError: true });
  same(became.data.stored, 1);

  const read = await retrieveRecords({ query: { q: "GENERATED", limit: 10 }, throwOnError: true });
  const found = read.data as Found[];
  same(found.length, 1);
  same(found[0]?.message, batch.body[0]?.message);
  same(found[0]?.attributes?.service, "typescript");

  const counted = await countRecords({ query: { minLevel: "WARN" }, throwOnError: true });
  same(counted.data.records, 1);

  const refused = await retrieveRecords({ query: { regex: "(" } });
  same(refused.response?.status, 400);
  same((refused.error as { code: string }).code, "invalid_regex");
  console.log("ran");
}

void run();
