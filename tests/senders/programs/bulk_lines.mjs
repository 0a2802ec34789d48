// Sends the lines of its input as documents, fifty in a request, with the client of the configuration given to it.
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'

const { send } = await import(pathToFileURL(process.argv[2]))

// A `Date` has whole milliseconds: a request that comes again is not known by its content where all are the same one.
function now() {
  const micros = Math.floor((performance.timeOrigin + performance.now()) * 1000)
  return new Date(micros / 1000).toISOString().replace('Z', `${String(micros % 1000).padStart(3, '0')}Z`)
}

let documents = []
for await (const message of createInterface({ input: process.stdin })) {
  documents.push({ '@timestamp': now(), 'log.level': 'info', message })
  if (documents.length === 50) {
    await send(documents)
    documents = []
  }
}
