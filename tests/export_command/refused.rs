//! What an export does not write to, to whom it does not speak, and what it says that it lacks.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use super::{PATIENCE, export, stored};
use crate::support::binaries;
use crate::support::scripted::{Action, Scripted};
use crate::support::stores::Backend;

#[tokio::test(flavor = "multi_thread")]
async fn what_is_there_and_is_not_its_own_is_refused_before_anything_is_asked() {
    let server = Scripted::start(|_| Action::Hang).await;
    let out = tempfile::tempdir().unwrap();
    let folder = out.path().join("folder");
    fs::create_dir(&folder).unwrap();
    let path = |name: &str| out.path().join(name).to_str().unwrap().to_owned();
    let (folder, slash) = (path("folder"), path("folder/"));
    let (file, days) = (path("mine"), path("days.csv"));
    for (name, said) in [("mine.part", "mine"), ("days-2024-10-08.csv", "mine")] {
        fs::write(path(name), said).unwrap();
    }
    for (flags, code, said) in [
        (
            vec!["--output", &folder],
            1,
            "folder is there, and is no file",
        ),
        (vec!["--output", &slash], 2, "--output must name a file"),
        (vec!["--output", ""], 2, "a value is required for '--output"),
        (vec!["--output", "/dev/null", "--overwrite"], 1, "/dev/null"),
        (vec!["--output", &file], 1, "mine.part is there already"),
        (
            vec!["--output", &days, "--by", "day", "--until", "2024-10-09"],
            1,
            "days-2024-10-08.csv is there already",
        ),
    ] {
        let ended = export(&server.url(), &flags).await;
        assert_eq!(ended.code, code, "{flags:?}: {ended:?}");
        assert!(ended.stderr.contains(said), "{flags:?}: {ended:?}");
    }
    assert_eq!(server.count(), 0);
    assert!(!Path::new("/dev/null").is_file());
    let mut left: Vec<_> = fs::read_dir(out.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    left.sort_unstable();
    assert_eq!(left, ["days-2024-10-08.csv", "folder", "mine.part"]);
    for name in ["mine.part", "days-2024-10-08.csv"] {
        assert_eq!(fs::read_to_string(path(name)).unwrap(), "mine");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_to_files_does_not_need_standard_output_and_is_for_its_owner_alone() {
    let service = Backend::Blocks.start("export_closed").await;
    stored(&service).await;
    let out = tempfile::tempdir().unwrap();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = Command::new(binaries::aggregator());
    command
        .args(["export", "--url", &service.url(""), "--by", "day"])
        .arg("--output")
        .arg(out.path().join("logs"))
        .stdout(writer);
    let ended = tokio::task::spawn_blocking(move || command.output().unwrap());
    let ended = ended.await.unwrap();
    assert!(ended.status.success(), "{ended:?}");
    let files: Vec<_> = fs::read_dir(out.path()).unwrap().collect();
    assert_eq!(files.len(), 3, "one for each day, and nothing else");
    for file in files {
        let mode = file.unwrap().metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_of_a_folder_says_what_may_wait_in_the_spool() {
    let service = Backend::Blocks.start("export_waiting").await;
    stored(&service).await;
    let folder = service.data_dir().to_str().unwrap();
    service.terminate();
    assert!(service.wait_exit(PATIENCE).await.success());
    let whole = export("", &["--data-dir", folder]).await;
    assert_eq!((whole.code, whole.stderr.as_str()), (0, "33 records\n"));
    // What it does not know to be done may wait.
    fs::remove_file(service.data_dir().join("spool/done")).unwrap();
    let told = export("", &["--data-dir", folder]).await;
    assert_eq!((told.code, told.stdout), (0, whole.stdout));
    let said = "warning: 1 batch in the spool may not have been in the store yet";
    assert!(told.stderr.contains(said), "{}", told.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dash_is_standard_output_and_a_link_that_stands_under_the_name_of_a_part_is_not_followed()
{
    let service = Backend::Blocks.start("export_links").await;
    let url = service.url("");
    stored(&service).await;
    let out = tempfile::tempdir().unwrap();
    let dash = export(&url, &["--output", "-"]).await;
    let plain = export(&url, &[]).await;
    assert_eq!(dash.code, 0, "{dash:?}");
    assert!(!dash.stdout.is_empty() && dash.stdout == plain.stdout);

    let (other, file) = (out.path().join("other"), out.path().join("logs.ndjson"));
    fs::write(&other, "of somebody else").unwrap();
    for name in ["logs.ndjson.part", "logs.ndjson.place"] {
        fs::write(out.path().join("logs.ndjson.place"), "").unwrap();
        let link = out.path().join(name);
        fs::remove_file(&link).ok();
        std::os::unix::fs::symlink(&other, &link).unwrap();
        let ended = export(&url, &["--output", file.to_str().unwrap()]).await;
        assert_eq!(ended.code, 1, "{name}: {ended:?}");
        assert_eq!(fs::read_to_string(&other).unwrap(), "of somebody else");
        fs::remove_file(&link).unwrap();
    }
}
