//! What a reader may try at each address: `{seen}` stands for the id of a record that he may know of, `{unseen}` for
//! that of one that he may not, `{plain}` for the latter without its order, and `{batch}` for the batch that it came in.

/// All that is tried at an address. Without a row for one that there is, nobody has thought of what it tells.
pub(super) fn tries(address: &str) -> Vec<&'static str> {
    match address {
        "GET /" => vec!["/"],
        "GET /ui/" => vec!["/ui/"],
        "GET /ui/{file}" => vec!["/ui/app.js", "/ui/nothing"],
        "GET /health" => vec!["/health", "/health?verbose"],
        "GET /logs/retrieve" => RETRIEVE.to_vec(),
        // It has no end: what it gives is tried by the tests of tails.
        "GET /logs/tail" => vec![
            "/logs/tail?after=x&q=sekret",
            "/logs/tail?endTime=now",
            "/logs/tail?attr.service=bank&limit=1",
        ],
        "GET /logs/histogram" => HISTOGRAM.to_vec(),
        "GET /logs/facets" => FACETS.to_vec(),
        "GET /metrics" => vec!["/metrics"],
        "GET /livez" => vec!["/livez"],
        "GET /readyz" => vec!["/readyz"],
        "GET /openapi.json" => vec!["/openapi.json"],
        "GET /docs" => vec!["/docs"],
        "GET /logs/{id}" => vec![
            "/logs/{seen}",
            "/logs/{unseen}",
            "/logs/{plain}",
            "/logs/0123",
        ],
        "GET /logs/{id}/context" => CONTEXT.to_vec(),
        "GET /logs/batches/{id}" => vec!["/logs/batches/{batch}", "/logs/batches/0123456789abcdef"],
        "GET /logs/rejected" => vec!["/logs/rejected", "/logs/rejected?limit=1"],
        "POST /logs/rejected/replay" => vec!["/logs/rejected/replay"],
        "GET /stats" => vec!["/stats"],
        "POST /operate/drain/{action}" => vec!["/operate/drain/resume", "/operate/drain/stop"],
        "POST /operate/breakers/{lane}/{action}" => vec![
            "/operate/breakers/read/release",
            "/operate/breakers/other/release",
        ],
        "GET /operate/log" => vec!["/operate/log"],
        "POST /operate/log" => vec!["/operate/log?filter=debug"],
        // A reader is refused, whatever he sends; what others send here is no answer to him.
        "POST /logs/batch" => vec!["/logs/batch"],
        "POST /v1/logs" => vec!["/v1/logs"],
        "POST /loki/api/v1/push" => vec!["/loki/api/v1/push"],
        "POST /_bulk" => vec!["/_bulk"],
        "POST /services/collector" => vec!["/services/collector"],
        "POST /api/v2/logs" => vec!["/api/v2/logs"],
        "POST /gelf" => vec!["/gelf"],
        "POST /upload" => vec!["/upload"],
        other => panic!("{other}: no row says what a reader may try there"),
    }
}

const RETRIEVE: [&str; 30] = [
    "/logs/retrieve",
    "/logs/retrieve?format=json",
    "/logs/retrieve?format=ndjson",
    "/logs/retrieve?format=csv",
    "/logs/retrieve?format=csv&fields=id,timestamp,level,message,attr.sekretname,attr.service",
    "/logs/retrieve?order=desc",
    "/logs/retrieve?limit=1&order=desc",
    "/logs/retrieve?limit=5",
    "/logs/retrieve?limit=12",
    "/logs/retrieve?limit=12&order=desc",
    "/logs/retrieve?limit=10000&format=ndjson",
    "/logs/retrieve?q=sekretword",
    "/logs/retrieve?word=sekretword&limit=3",
    "/logs/retrieve?regex=sekret.*&format=ndjson",
    "/logs/retrieve?attr.service=bank",
    "/logs/retrieve?attr.service=!orders&limit=1",
    "/logs/retrieve?attr.sekretname",
    "/logs/retrieve?attr.sekretname=sekretvalue%203",
    "/logs/retrieve?attributes.service=bank&attr.service=orders",
    "/logs/retrieve?logLevel=sekretlevel",
    "/logs/retrieve?logLevel=sekretlevel,INFO",
    "/logs/retrieve?minLevel=FATAL",
    "/logs/retrieve?minLevel=TRACE",
    "/logs/retrieve?startTime=2031-07-07&endTime=2031-07-08&limit=1",
    "/logs/retrieve?endTime=2020-01-01&limit=1",
    "/logs/retrieve?startTime=2024-10-08T00:00:05Z&endTime=2024-10-08T00:00:06Z",
    "/logs/retrieve?cursor=AAAA",
    "/logs/retrieve?limit=0",
    "/logs/retrieve?filter=attr.service=bank",
    "/logs/retrieve?token=all",
];

const HISTOGRAM: [&str; 13] = [
    "/logs/histogram",
    "/logs/histogram?by=level",
    "/logs/histogram?order=desc&by=level",
    "/logs/histogram?minLevel=FATAL",
    "/logs/histogram?logLevel=sekretlevel&by=level",
    "/logs/histogram?interval=1s",
    "/logs/histogram?interval=1ms",
    "/logs/histogram?interval=1d&timeZone=Europe/Berlin",
    "/logs/histogram?startTime=2000-01-01&endTime=2040-01-01&by=level",
    "/logs/histogram?startTime=2031-01-01",
    "/logs/histogram?endTime=2020-01-01",
    "/logs/histogram?attr.service=bank",
    "/logs/histogram?q=sekretword&by=level",
];

const FACETS: [&str; 10] = [
    "/logs/facets",
    "/logs/facets?limit=100",
    "/logs/facets?order=desc",
    "/logs/facets?fields=level",
    "/logs/facets?fields=attr.shop,attr.sekretname,attr.service",
    "/logs/facets?fields=attr.sekretname.0,attr.2031-07-07",
    "/logs/facets?attr.service=bank",
    "/logs/facets?attr.sekretname&fields=attr.shop",
    "/logs/facets?logLevel=sekretlevel",
    "/logs/facets?q=sekretword",
];

const CONTEXT: [&str; 7] = [
    "/logs/{seen}/context?before=1000&after=1000",
    "/logs/{seen}/context",
    "/logs/{seen}/context?q=sekretword",
    "/logs/{seen}/context?attr.service=bank&before=5",
    "/logs/{unseen}/context",
    "/logs/{unseen}/context?before=0&after=0",
    "/logs/{plain}/context",
];
