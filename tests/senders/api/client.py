"""A small run of the client that is generated for Python: a batch is sent and read back, and an error is seen."""

import sys
from http import HTTPStatus

from client import Client
from client.api.reading import count_records, retrieve_records
from client.api.sending import get_batch, send_batch
from client.models import BatchAccepted, Error, NewRecord, Record, SendBatchAck

KEY = "generated-python"

service = Client(base_url=sys.argv[1], timeout=30)
record = NewRecord.from_dict({"level": "WARN", "message": "sent by a generated client", "service": "python"})

for _ in range(2):
    sent = send_batch.sync_detailed(client=service, body=[record], ack=SendBatchAck.STORED, idempotency_key=KEY)
    assert sent.status_code == HTTPStatus.OK, sent
    assert isinstance(sent.parsed, BatchAccepted) and sent.parsed.accepted == 1, sent
assert sent.headers["Idempotent-Replayed"] == "true", sent

became = get_batch.sync(sent.parsed.batch_id, client=service)
assert became.stored == 1, became

found = retrieve_records.sync(client=service, q="GENERATED", limit=10)
assert [type(row) for row in found] == [Record], found
assert found[0].message == record.message and found[0].attributes["service"] == "python", found

counted = count_records.sync(client=service, min_level="WARN")
assert counted.records == 1 and counted.complete, counted

refused = retrieve_records.sync_detailed(client=service, regex="(")
assert refused.status_code == HTTPStatus.BAD_REQUEST, refused
assert isinstance(refused.parsed, Error) and refused.parsed.code == "invalid_regex", refused
print("ran")
