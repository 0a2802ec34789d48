// Logs each line of its input, with the provider of the configuration given to it.
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'

const { provider } = await import(pathToFileURL(process.argv[2]))
const log = provider.getLogger('app')
for await (const body of createInterface({ input: process.stdin })) {
  log.emit({ severityNumber: 9, severityText: 'INFO', body })
}
await provider.shutdown()
