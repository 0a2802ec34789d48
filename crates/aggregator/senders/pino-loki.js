const pino = require("pino");

const transport = pino.transport({ target: "pino-loki", options: { host: "http://logs.example:8005" } });
module.exports = pino(transport);
