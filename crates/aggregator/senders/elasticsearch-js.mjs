import { Client } from '@elastic/elasticsearch'

const client = new Client({ node: 'http://logs.example:8005', maxRetries: 20 })

// documents such as { '@timestamp': '2026-08-01T10:00:00.123456Z', message: 'started' }
export const send = (datasource) =>
  client.helpers.bulk({ datasource, onDocument: () => ({ create: { _index: 'app' } }), retries: 20 })
