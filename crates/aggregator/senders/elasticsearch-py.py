from elasticsearch import Elasticsearch, helpers

client = Elasticsearch("http://logs.example:8005", retry_on_timeout=True, max_retries=20)
actions = [{"_op_type": "create", "_index": "app", "@timestamp": "2026-08-01T10:00:00.123456Z", "message": "started"}]
helpers.bulk(client, actions, max_retries=20)
