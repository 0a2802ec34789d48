import logging
import logging_loki

handler = logging_loki.LokiHandler(url="http://logs.example:8005/loki/api/v1/push", version="1")
logging.getLogger().addHandler(handler)
