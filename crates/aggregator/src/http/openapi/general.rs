//! What is for all: what this is, and what it takes and gives.

use super::operation::Described;
use super::parameters::path;
use super::shapes::{Shape, list, named, object, open_object, text};
use super::tags::ABOUT;
use serde_json::{Value, json};
use utoipa::openapi::HttpMethod;

pub(super) fn described() -> Vec<Described> {
    let elsewhere = ["/elasticsearch", "/elasticsearch/"];
    let names = ["getElasticsearch", "getElasticsearchRoot"];
    let mut all = vec![root(), document(), page()];
    all.extend(web_page());
    all.extend(
        elsewhere
            .iter()
            .zip(names)
            .map(|(path, name)| welcome(path, name)),
    );
    all
}

fn welcome(at: &str, name: &str) -> Described {
    let example = json!({
        "service": "aggregator", "serviceVersion": "0.2.0",
        "about": "Takes batches of logs, keeps them, and gives them back.",
        "addresses": [{"method": "POST", "path": "/logs/batch", "about": "takes a batch of logs"}],
        "name": "aggregator", "cluster_name": "aggregator", "cluster_uuid": "bG9ncy1hZ2dyZWdhdG9yLg",
        "version": {"number": "8.17.0", "build_flavor": "default"}, "tagline": "You Know, for Search",
    });
    Described::new(HttpMethod::Get, at, name, "What this is and where to go")
        .under(ABOUT)
        .about("What clients of Elasticsearch look for is in it.")
        .answers(200, "An address for each protocol.")
        .with(200, "application/json", named("Welcome"), example)
        .header(200, "Vary", text("`accept`."))
        .header(
            200,
            "X-Elastic-Product",
            text("By which clients know Elasticsearch."),
        )
}

fn root() -> Described {
    let page = text("The web page, for whoever asks for `text/html`.");
    let root = welcome("/", "getAddresses").with(200, "text/html", page, Value::Null);
    kept(root)
}

/// The headers of what the program holds, and the answer to a browser that has the same.
fn kept(file: Described) -> Described {
    file.answers(304, "The browser's own copy is still good.")
        .header(
            200,
            "ETag",
            text("Of the web page: as long as its bytes are the same."),
        )
        .header(
            200,
            "Content-Security-Policy",
            text("Of the web page: it asks nobody but this service."),
        )
        .header(200, "X-Content-Type-Options", text("Of the web page."))
}

fn web_page() -> [Described; 3] {
    let page = Described::new(HttpMethod::Get, "/ui/", "getWebPage", "The web page")
        .under(ABOUT)
        .answers(
            200,
            "The page, which asks nobody but this service for anything.",
        )
        .with(200, "text/html", text("HTML."), Value::Null);
    let file = Described::new(
        HttpMethod::Get,
        "/ui/{file}",
        "getFileOfWebPage",
        "What the web page is made of",
    )
    .under(ABOUT)
    .parameters([path("file", text("Its name."), "app.js")])
    .answers(
        200,
        "A script, a style, an image, or the licences of what is built in.",
    )
    .with(200, "text/javascript", text("A script."), Value::Null)
    .with(200, "text/css", text("A style."), Value::Null)
    .with(200, "image/svg+xml", text("An image."), Value::Null)
    .with(200, "text/plain", text("Licences."), Value::Null)
    .refuses(&["not_found"]);
    let folder = Described::new(
        HttpMethod::Get,
        "/ui",
        "getFolderOfWebPage",
        "Leads to the web page",
    )
    .under(ABOUT)
    .answers(308, "The page is at `/ui/`.")
    .header(
        308,
        "Location",
        text("`ui/`, relative: behind a prefix as well."),
    );
    [kept(page), kept(file), folder]
}

fn document() -> Described {
    Described::new(
        HttpMethod::Get,
        "/openapi.json",
        "getDescription",
        "This description, as OpenAPI 3.1",
    )
    .under(ABOUT)
    .answers(
        200,
        "Every address, parameter, answer and code of an error.",
    )
    .with(
        200,
        "application/json",
        open_object("OpenAPI 3.1.", []),
        json!({"openapi": "3.1.0"}),
    )
}

fn page() -> Described {
    Described::new(
        HttpMethod::Get,
        "/docs",
        "getPage",
        "This description, as a page",
    )
    .under(ABOUT)
    .answers(200, "A page that asks nobody for anything.")
    .with(200, "text/html", text("HTML."), Value::Null)
    .header(
        200,
        "Content-Security-Policy",
        text("It asks nobody for anything."),
    )
    .header(200, "X-Content-Type-Options", text("`nosniff`."))
}

/// Components that only these have.
#[rustfmt::skip]
pub(super) fn schemas() -> Vec<(&'static str, Shape)> {
    let address = object("An address.", [
        ("method", text("The method that it takes.")),
        ("path", text("Its path; what stands in braces varies.")),
        ("about", text("What it is for.")),
    ]);
    let version = object("The version whose answers are given.", [
        ("number", text("")),
        ("build_flavor", text("")),
    ]);
    let welcome = object("What this is, also as clients of Elasticsearch look for it.", [
        ("service", text("")),
        ("serviceVersion", text("")),
        ("about", text("")),
        ("addresses", list(named("Address"))),
        ("name", text("")),
        ("cluster_name", text("")),
        ("cluster_uuid", text("")),
        ("version", version),
        ("tagline", text("")),
    ]);
    vec![("Welcome", welcome), ("Address", address)]
}
