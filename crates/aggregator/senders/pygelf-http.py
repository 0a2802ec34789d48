import logging
from pygelf import GelfHttpHandler

handler = GelfHttpHandler(host="logs.example", port=8005, path="/gelf", include_extra_fields=True)
logging.getLogger().addHandler(handler)
