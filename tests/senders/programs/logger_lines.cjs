// Logs each line of its input, with the logger of the configuration given to it (pino's or winston's).
const { createInterface } = require('node:readline')

const logger = require(process.argv[2])

async function main() {
  for await (const line of createInterface({ input: process.stdin })) logger.info(line)
  // pino's ends with the program.
  logger.close?.()
}

main()
