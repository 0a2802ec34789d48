import { Client } from '@elastic/elasticsearch'

const client = new Client({ node: 'http://logs.example:8005', maxRetries: 20 })
const datasource = [{ '@timestamp': '2026-08-01T10:00:00.123456Z', message: 'started' }]
await client.helpers.bulk({ datasource, onDocument: () => ({ create: { _index: 'app' } }), retries: 20 })
