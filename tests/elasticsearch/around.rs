//! What clients ask before they send anything.

use super::assert_of_elasticsearch;
use crate::support::service::Service;
use crate::support::wait_until;
use reqwest::Method;
use serde_json::json;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread")]
async fn the_first_address_introduces_the_service_and_what_it_stands_for() {
    let service = Service::builder().start().await;
    for path in ["/", "/elasticsearch", "/elasticsearch/"] {
        let reply = service.get(path).await;
        assert_of_elasticsearch(&reply);
        let told = reply.json();
        let version = json!({"number": "8.17.0", "build_flavor": "default"});
        assert_eq!(told["version"], version, "{path}");
        assert_eq!(told["tagline"], "You Know, for Search");
        for name in ["name", "cluster_name", "cluster_uuid"] {
            assert!(told[name].is_string(), "{name}");
        }
        assert_eq!(told["service"], "aggregator");
        assert!(told["serviceVersion"].is_string() && told["addresses"].is_array());
        let head = service.http().head(service.url(path)).send().await.unwrap();
        assert_eq!(head.status(), 200);
        assert_eq!(head.headers()["x-elastic-product"], "Elasticsearch");
        assert!(head.bytes().await.unwrap().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_to_be_set_up_is_there() {
    let service = Service::builder().start().await;
    for base in ["", "/elasticsearch"] {
        let license = service.get(&format!("{base}/_license")).await;
        assert_of_elasticsearch(&license);
        assert_eq!(license.json()["license"]["type"], "basic");
        assert_eq!(license.json()["license"]["status"], "active");
        for path in [
            "/_ilm/policy",
            "/_ilm/policy/filebeat",
            "/_index_template/filebeat-8.17.0",
            "/_ingest/pipeline/x",
            "/_nodes",
            "/_nodes/_all/http",
            "/_template/x",
            "/_component_template/x",
            "/_data_stream/x",
        ] {
            for method in [
                Method::GET,
                Method::PUT,
                Method::POST,
                Method::DELETE,
                Method::HEAD,
            ] {
                let url = service.url(&format!("{base}{path}"));
                let request = service.http().request(method.clone(), url).body("{}");
                let reply = request.send().await.unwrap();
                assert_eq!(reply.status(), 200, "{method} {path}");
                assert_eq!(reply.headers()["x-elastic-product"], "Elasticsearch");
                let expected = if method == Method::HEAD { "" } else { "{}" };
                assert_eq!(reply.text().await.unwrap(), expected, "{method} {path}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_health_of_the_cluster_is_that_of_the_service() {
    let nobody = "mongodb://127.0.0.1:1/?directConnection=true";
    let well = Service::builder();
    let away = Service::builder().mongodb(nobody, "logdb");
    let full = Service::builder().env("SPOOL_MIN_FREE_DISK", "1TiB");
    for (settings, status, color) in [
        (well, 200, "green"),
        (away, 200, "yellow"),
        (full, 503, "red"),
    ] {
        let service = settings.start().await;
        for path in [
            "/_cluster/health",
            "/_cat/health",
            "/elasticsearch/_cluster/health",
        ] {
            let mut reply = service.get(path).await;
            wait_until(&format!("health to be {color}"), PATIENCE, async || {
                reply = service.get(path).await;
                reply.json() == json!({"status": color})
            })
            .await;
            assert_eq!(reply.status, status, "{color}");
            assert_of_elasticsearch(&reply);
        }
    }
}
