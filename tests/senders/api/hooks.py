"""What Schemathesis does not know of the service: its types of bodies, and that an error's code is described."""

import schemathesis

AS_THEY_ARE = [
    "application/protobuf",
    "application/vnd.fdo.journal",
    "application/x-ndjson",
    "application/x-protobuf",
]


@schemathesis.serializer(*AS_THEY_ARE)
def as_it_is(_context, value):
    data = value if isinstance(value, bytes) else str(getattr(value, "data", value)).encode()
    return {"data": data}


@schemathesis.deserializer("application/x-ndjson", "text/csv", "text/html")
def text(_context, response):
    return response.content.decode()


@schemathesis.deserializer("application/protobuf", "application/x-protobuf")
def binary(_context, response):
    return response.content.decode("latin-1")


@schemathesis.check
def code_is_described(_context, response, case):
    document = case.operation.schema.raw_schema
    answers = document["paths"][case.operation.path].get(case.method.lower(), {}).get("responses", {})
    told = answers.get(str(response.status_code))
    if told is None or response.status_code < 400:
        return
    if "$ref" in told:
        told = document["components"]["responses"][told["$ref"].rpartition("/")[2]]
    try:
        code = response.json()["code"]
    except (ValueError, KeyError, TypeError):
        return
    assert isinstance(code, int) or code in told["x-codes"], f"the code {code} is not described"
