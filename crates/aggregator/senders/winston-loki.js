const winston = require("winston");
const LokiTransport = require("winston-loki");

// The message alone is the line: the other fields of a record come beside it.
const format = winston.format.printf(({ message }) => message);
const transport = new LokiTransport({ host: "http://logs.example:8005", json: true, format });
module.exports = winston.createLogger({ transports: [transport] });
