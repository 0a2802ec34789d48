import { OTLPLogExporter } from "@opentelemetry/exporter-logs-otlp-http";
import { BatchLogRecordProcessor, LoggerProvider } from "@opentelemetry/sdk-logs";

const exporter = new OTLPLogExporter({ url: "http://logs.example:8005/v1/logs" });
export const provider = new LoggerProvider({ processors: [new BatchLogRecordProcessor({ exporter })] });
