from elasticsearch import Elasticsearch, helpers

client = Elasticsearch(
    "http://logs.example:8005", retry_on_timeout=True, max_retries=20, retry_backoff_base=1, retry_backoff_cap=10
)


def send(documents):  # such as {"@timestamp": "2026-08-01T10:00:00.123456Z", "message": "started"}
    actions = [{"_op_type": "create", "_index": "app", **document} for document in documents]
    return helpers.bulk(client, actions, max_retries=20)
