//! The OCI image: for each board, and run by runc.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{self, Command};
use std::sync::atomic::{AtomicUsize, Ordering};

use ipcmk_tests::board::Board;
use ipcmk_tests::files::Scratch;
use ipcmk_tests::{namespace, suite};
use nix::unistd::gettid;
use serde_json::{Value, json};

use super::{root, run};

/// What the images of the boards say of their platform: architecture and variant.
const PLATFORMS: [(&str, &str, Option<&str>); 5] = [
    ("x86_64", "amd64", None),
    ("aarch64", "arm64", Some("v8")),
    ("riscv64", "riscv64", None),
    ("armv7", "arm", Some("v7")),
    ("i686", "386", None),
];

/// 2020-02-02T02:02:02Z.
const EPOCH: &str = "1580608922";

/// The value of this name in Cargo.toml.
fn of_manifest(name: &str) -> String {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).expect("Cargo.toml");
    let begin = format!("{name} = \"");
    let line = manifest.lines().find_map(|line| line.strip_prefix(&begin));
    let value = line.and_then(|line| line.strip_suffix('"'));
    value.unwrap_or_else(|| panic!("{name}")).to_owned()
}

/// The image's name in a layout.
fn reference() -> String {
    format!("ipcmk:{}", of_manifest("version"))
}

/// Makes the image of these boards, or of all, in this folder. Returns the layout's path.
fn make(folder: &Scratch, boards: &[&str]) -> String {
    let mut command = Command::new(root().join("tests/tools/oci.sh"));
    run(command
        .args(boards)
        .env("OCI", folder.join(""))
        .env("SOURCE_DATE_EPOCH", EPOCH));
    let name = boards.iter().map(|board| format!("-{board}"));
    let layout = folder.join(&format!("ipcmk{}", name.collect::<String>()));
    layout.to_str().expect("UTF-8").to_owned()
}

/// The blob that a descriptor names, whose digest and size it has.
fn blob(layout: &str, descriptor: &Value) -> Vec<u8> {
    let digest = descriptor["digest"].as_str().expect("a digest");
    let sum = digest.strip_prefix("sha256:").expect("its algorithm");
    let path = Path::new(layout).join("blobs/sha256").join(sum);
    let printed = run(Command::new("sha256sum").arg(&path));
    assert_eq!(printed.split(' ').next(), Some(sum));
    let content = fs::read(path).expect("a blob");
    assert_eq!(descriptor["size"], content.len());
    content
}

fn document(content: &[u8]) -> Value {
    serde_json::from_slice(content).expect("JSON")
}

/// The images that the layout's index leads to, each with its platform and its configuration.
fn images(layout: &str) -> Vec<(Value, Value)> {
    let index = document(&fs::read(Path::new(layout).join("index.json")).expect("an index"));
    let [named] = &index["manifests"].as_array().expect("a list")[..] else {
        panic!("one name: {index}")
    };
    assert_eq!(
        named["annotations"]["org.opencontainers.image.ref.name"],
        reference()
    );
    let manifests = match named["mediaType"].as_str().expect("a type") {
        "application/vnd.oci.image.manifest.v1+json" => vec![named.clone()],
        "application/vnd.oci.image.index.v1+json" => {
            let nested = document(&blob(layout, named));
            nested["manifests"].as_array().expect("a list").clone()
        }
        other => panic!("{other}"),
    };
    let image = |descriptor: Value| {
        let manifest = document(&blob(layout, &descriptor));
        let config = document(&blob(layout, &manifest["config"]));
        let [layer] = &manifest["layers"].as_array().expect("a list")[..] else {
            panic!("one layer: {manifest}")
        };
        blob(layout, layer);
        (descriptor["platform"].clone(), config)
    };
    manifests.into_iter().map(image).collect()
}

pub fn boards() {
    let folder = Scratch::new().expect("a directory");
    let layout = make(&folder, &[]);
    let names: Vec<&str> = Board::all().iter().map(|board| board.name).collect();
    assert_eq!(
        names,
        PLATFORMS.map(|(name, ..)| name),
        "a row for each board"
    );
    let images = images(&layout);
    assert_eq!(images.len(), PLATFORMS.len());
    for ((name, architecture, variant), (platform, config)) in PLATFORMS.into_iter().zip(images) {
        let mut expected = json!({"architecture": architecture, "os": "linux"});
        if let Some(variant) = variant {
            expected["variant"] = variant.into();
        }
        assert_eq!(platform, expected, "{name}");
        for key in ["architecture", "os", "variant"] {
            assert_eq!(config[key], expected[key], "{name}: {key}");
        }
        assert_eq!(config["created"], "2020-02-02T02:02:02Z", "{name}");
        assert_eq!(config["config"]["Entrypoint"], json!(["/ipcmk"]), "{name}");
        let labels: BTreeMap<&str, &str> = config["config"]["Labels"]
            .as_object()
            .expect("labels")
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str().expect("a string")))
            .collect();
        let [version, description] = ["version", "description"].map(of_manifest);
        let expected = [
            ("created", "2020-02-02T02:02:02Z"),
            ("description", description.as_str()),
            ("licenses", "MIT AND BSD-2-Clause"),
            ("title", "ipcmk"),
            ("version", version.as_str()),
        ];
        let expected =
            expected.map(|(key, value)| (format!("org.opencontainers.image.{key}"), value));
        let expected = expected.iter().map(|(key, value)| (key.as_str(), *value));
        assert_eq!(labels, expected.collect(), "{name}");

        // A tool of others finds it by its platform, checks all digests, and unpacks it.
        let copy = folder.join(name);
        let mut skopeo = Command::new("skopeo");
        skopeo.args(["--override-os", "linux", "--override-arch", architecture]);
        if let Some(variant) = variant {
            skopeo.args(["--override-variant", variant]);
        }
        run(skopeo
            .args(["copy", "--quiet", &format!("oci:{layout}:{}", reference())])
            .arg(format!("oci:{}:{}", copy.display(), reference())));
        let bundle = unpack(&folder, copy.to_str().expect("UTF-8"));
        let rootfs = Path::new(&bundle).join("rootfs");
        let held: Vec<_> = fs::read_dir(&rootfs)
            .expect("a root")
            .map(|entry| entry.expect("an entry").file_name())
            .collect();
        assert_eq!(held, ["ipcmk"], "{name}");
        assert!(
            fs::read(rootfs.join("ipcmk")).expect("a file")
                == fs::read(suite::ipcmk(name)).expect("a file"),
            "{name}"
        );
    }
}

/// Unpacks an image into a bundle, whose path it returns.
fn unpack(folder: &Scratch, layout: &str) -> String {
    let bundle = format!("{layout}.bundle");
    assert!(Path::new(&bundle).starts_with(folder.join("")));
    run(Command::new("umoci").args([
        "--log=error",
        "unpack",
        "--image",
        &format!("{layout}:{}", reference()),
        &bundle,
    ]));
    bundle
}

pub fn tools() {
    let folder = Scratch::new().expect("a directory");
    for boards in [&["x86_64"][..], &["armv7"], &[]] {
        let layout = make(&folder, boards);
        let validate = |layout: &str| {
            let mut command = Command::new("oci-image-tool");
            command.args([
                "validate",
                "--type",
                "image",
                "--ref",
                &format!("name={}", reference()),
            ]);
            command.arg(layout).output().expect("oci-image-tool")
        };
        let output = validate(&layout);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{said}");
        // The archive is the same image.
        let archive = format!("oci-archive:{layout}.tar:{}", reference());
        let [of_archive, of_layout] = [archive, format!("oci:{layout}:{}", reference())]
            .map(|image| run(Command::new("skopeo").args(["inspect", "--raw", &image])));
        assert_eq!(of_archive, of_layout);
        // It notices a layer that is not the one of the manifest.
        let index = document(&fs::read(Path::new(&layout).join("index.json")).expect("an index"));
        let named = &index["manifests"][0];
        let sum = named["digest"].as_str().expect("a digest");
        let path = Path::new(&layout).join("blobs/sha256").join(&sum[7..]);
        let mut content = fs::read(&path).expect("a blob");
        content.push(b' ');
        fs::write(&path, content).expect("it is ours");
        assert!(!validate(&layout).status.success(), "{layout}");
    }
}

pub fn reproducible() {
    let files = |umask: &str, zone: &str, boards: &[&str]| {
        let folder = Scratch::new().expect("a directory");
        let mut command = Command::new("sh");
        command.args(["-c", &format!("umask {umask}; exec \"$@\""), "sh"]);
        command.arg(root().join("tests/tools/oci.sh")).args(boards);
        run(command
            .env("OCI", folder.join(""))
            .env("SOURCE_DATE_EPOCH", EPOCH)
            .env("TZ", zone));
        let mut names: Vec<_> = fs::read_dir(folder.join(""))
            .expect("a folder")
            .map(|entry| entry.expect("an entry").path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "tar"))
            .collect();
        let name = names.pop().expect("an archive");
        assert!(names.is_empty());
        fs::read(name).expect("an archive")
    };
    for boards in [&[][..], &["x86_64"]] {
        let first = files("022", "UTC", boards);
        assert!(first == files("077", "Asia/Tokyo", boards), "{boards:?}");
    }
}

/// What keeps runc from running containers here.
pub fn missing() -> Option<&'static str> {
    let mounts = fs::read_to_string("/proc/self/mounts").expect("/proc");
    let is_cgroup = |line: &str| {
        let words: Vec<&str> = line.split(' ').collect();
        matches!(words[..], [_, _, kind, options, ..]
            if kind.starts_with("cgroup") && options.starts_with("rw"))
    };
    (!mounts.lines().any(is_cgroup)).then_some("no cgroups can be written, which runc needs")
}

/// Runs ipcmk in a container, whose IPC namespace is its own or that of this path.
fn contained(folder: &Scratch, bundle: &str, namespace: Option<&str>, words: &[&str]) -> String {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let path = Path::new(bundle).join("config.json");
    let mut config = document(&fs::read(&path).expect("umoci wrote it"));
    // As the image says, with these words after its entrypoint.
    let mut all = json!(["/ipcmk"]);
    assert_eq!(config["process"]["args"], all);
    all.as_array_mut()
        .expect("a list")
        .extend(words.iter().map(|&word| word.into()));
    let before = config.clone();
    config["process"]["args"] = all;
    config["process"]["terminal"] = false.into();
    let namespaces = config["linux"]["namespaces"]
        .as_array_mut()
        .expect("a list");
    let ipc = namespaces.iter_mut().find(|entry| entry["type"] == "ipc");
    if let Some(namespace) = namespace {
        ipc.expect("a container has an IPC namespace")["path"] = namespace.into();
    }
    fs::write(&path, config.to_string()).expect("it is ours");
    let name = format!(
        "ipcmk-{}-{}",
        process::id(),
        COUNT.fetch_add(1, Ordering::Relaxed)
    );
    let output = run(Command::new("runc")
        .arg("--root")
        .arg(folder.join("state"))
        .args(["run", "--bundle", bundle, &name]));
    fs::write(&path, before.to_string()).expect("it is ours");
    output
}

pub fn containers() {
    let folder = Scratch::new().expect("a directory");
    let bundle = unpack(&folder, &make(&folder, &["x86_64"]));
    let ours = format!("/proc/{}/task/{}/ns/ipc", process::id(), gettid());
    let texts = || -> Vec<String> {
        let objects = namespace::objects().expect("what the namespace holds");
        objects.iter().map(ToString::to_string).collect()
    };
    let run = |namespace, words: &[&str]| contained(&folder, &bundle, namespace, words);
    let shared = Some(ours.as_str());

    let id = run(shared, &["-M", "4096", "-k", "0x5101", "-p", "640", "-r"]);
    let id = id.trim_end();
    let segment = format!("shm key=0x5101 size=4096 mode=640 owner=0:0 (id {id})");
    assert_eq!(texts(), [segment.as_str()]);

    // One that shares the namespace finds the object, and removes another one.
    let words = ["-M", "4096", "-k", "0x5101", "-e", "-J"];
    let found = document(run(shared, &words).as_bytes());
    let found = &found["ipcmk"][0];
    assert_eq!(found["created"], false);
    assert_eq!(found["id"].to_string(), id);
    // One that does not gets an object of its own, which ends with it.
    let other = document(run(None, &words).as_bytes());
    assert_eq!(other["ipcmk"][0]["created"], true);
    assert_eq!(texts(), [segment]);

    run(shared, &["-M", "4096", "-k", "0x5101", "--remove"]);
    assert_eq!(texts(), Vec::<String>::new());
}
