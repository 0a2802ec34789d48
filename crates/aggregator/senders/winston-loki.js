const winston = require("winston");
const LokiTransport = require("winston-loki");

module.exports = winston.createLogger({ transports: [new LokiTransport({ host: "http://localhost:8005", json: true })] });
