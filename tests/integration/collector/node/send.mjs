// Makes calls with Segment's own library: reads one JSON call a line from standard input, `{"type": "track", "message": {…}}`, and ends when
// all of them were answered. Failed deliveries are written to standard error, and end it with 1.
import readline from 'node:readline'
import { Analytics } from '@segment/analytics-node'

const analytics = new Analytics({ writeKey: process.env.WRITE_KEY, host: process.env.COLLECTOR, flushAt: 10, flushInterval: 200 })
let failed = 0
analytics.on('error', (error) => {
  failed += 1
  console.error(error.code, String(error.reason ?? ''))
})
for await (const line of readline.createInterface({ input: process.stdin })) {
  const { type, message } = JSON.parse(line)
  analytics[type](message)
}
await analytics.closeAndFlush({ timeout: 60000 })
process.exit(failed ? 1 : 0)
