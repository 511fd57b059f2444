//! `make install` and `make uninstall`.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use super::{Copy, Path, Scratch, fs, list, read, refused, run, suite};

/// What is installed below PREFIX: its mode, its name, and the file of the sources.
const INSTALLED: [(&str, &str, &str); 12] = [
    ("-rwxr-xr-x", "bin/ipcmk", "target/dist/ipcmk-x86_64"),
    (
        "-rw-r--r--",
        "share/bash-completion/completions/ipcmk",
        "dist/completions/ipcmk.bash",
    ),
    (
        "-rwxr-xr-x",
        "share/doc/ipcmk/dracut/module-setup.sh",
        "dist/dracut/module-setup.sh",
    ),
    (
        "-rwxr-xr-x",
        "share/doc/ipcmk/initramfs-tools/ipcmk",
        "dist/initramfs-tools/ipcmk",
    ),
    (
        "-rw-r--r--",
        "share/doc/ipcmk/ipcmk.conf",
        "dist/ipcmk.conf",
    ),
    (
        "-rwxr-xr-x",
        "share/doc/ipcmk/ipcmk.initd",
        "dist/ipcmk.initd",
    ),
    (
        "-rw-r--r--",
        "share/doc/ipcmk/ipcmk.inittab",
        "dist/ipcmk.inittab",
    ),
    (
        "-rw-r--r--",
        "share/doc/ipcmk/ipcmk.service",
        "dist/ipcmk.service",
    ),
    (
        "-rwxr-xr-x",
        "share/doc/ipcmk/ipcmk.sysvinit",
        "dist/ipcmk.sysvinit",
    ),
    (
        "-rw-r--r--",
        "share/fish/vendor_completions.d/ipcmk.fish",
        "dist/completions/ipcmk.fish",
    ),
    ("-rw-r--r--", "share/man/man1/ipcmk.1", "dist/ipcmk.1"),
    (
        "-rw-r--r--",
        "share/zsh/site-functions/_ipcmk",
        "dist/completions/_ipcmk",
    ),
];

/// The lines of [`list`] for the files that are installed.
fn expected(prefix: &str) -> String {
    let line = |(mode, name, _): &(&str, &str, &str)| format!("{mode} {prefix}{name}\n");
    INSTALLED.iter().map(line).collect()
}

/// Runs make as a user who is not root, with a umask that hides files.
fn make(copy: &Copy, words: &str) -> Command {
    let drop = if nix::unistd::geteuid().is_root() {
        "setpriv --reuid 65534 --regid 65534 --clear-groups"
    } else {
        ""
    };
    let mut command = copy.command(&format!("umask 077; {drop} make {words}"));
    command.env("HOME", "/nonexistent");
    command
}

/// A folder, with a blank and a quote in its name, that every user can write to.
fn destination(scratch: &Scratch) -> std::path::PathBuf {
    let folder = scratch.join("a 'b");
    fs::create_dir(&folder).expect("a scratch directory");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o777)).expect("its owner may");
    folder
}

/// Twice, since the second install replaces what is there.
pub fn both() {
    let (copy, scratch) = (Copy::new(), Scratch::new().expect("a directory"));
    let folder = destination(&scratch);
    let words = |target: &str| format!("{target} DESTDIR=\"{}\"", folder.display());
    for _ in 0..2 {
        run(&mut make(&copy, &words("install")));
        assert_eq!(list(&folder, false), expected("usr/local/"));
        for (_, name, from) in INSTALLED {
            let installed = read(&folder.join("usr/local").join(name));
            assert!(installed == read(&copy.root.join(from)), "{name}");
        }
    }
    assert!(read(&folder.join("usr/local/bin/ipcmk")) == read(&suite::x86_64()));
    // Folders that others may enter, whatever the umask.
    let folders = list(&folder, true);
    let folders: Vec<&str> = folders
        .lines()
        .filter(|line| line.starts_with('d'))
        .collect();
    assert!(folders.len() > 10, "{folders:?}");
    for line in folders {
        assert!(line.starts_with("drwxr-xr-x "), "{line}");
    }

    // Another's files stay.
    let others = ["usr/local/bin/ipcrm", "usr/local/share/doc/ipcmk/notes"];
    for name in others {
        fs::write(folder.join(name), "").expect("a folder");
    }
    run(&mut make(&copy, &words("uninstall")));
    let left = others.map(|name| format!("-rw-r--r-- {name}\n")).concat();
    assert_eq!(list(&folder, false), left);
    for name in others {
        fs::remove_file(folder.join(name)).expect("it is there");
    }
    run(&mut make(&copy, &words("install")));
    run(&mut make(&copy, &words("uninstall")));
    run(&mut make(&copy, &words("uninstall")));
    assert_eq!(list(&folder, false), "");
    let doc = folder.join("usr/local/share/doc");
    assert!(doc.exists() && !doc.join("ipcmk").exists());
}

/// The variables of the GNU coding standards, and another architecture.
pub fn names() {
    let (copy, scratch) = (Copy::new(), Scratch::new().expect("a directory"));
    let folder = destination(&scratch);
    let run_with = |target: &str, words: &str| {
        let words = format!("{target} DESTDIR=\"{}\" {words}", folder.display());
        run(&mut make(&copy, &words));
        let listed = list(&folder, false);
        if target == "install" {
            assert_eq!(listed.lines().count(), INSTALLED.len(), "{listed}");
        } else {
            assert_eq!(listed, "", "{words}");
        }
        listed
    };
    for words in ["PREFIX=/usr", "prefix=/usr"] {
        assert_eq!(run_with("install", words), expected("usr/"));
        run_with("uninstall", words);
    }
    let words = "prefix=/p exec_prefix=/x datarootdir='/d d' mandir=/m docdir=/doc ARCH=riscv64 \
        INSTALL_DATA='install -m 640' INSTALL_PROGRAM='install -m 750'";
    let listed = run_with("install", words);
    for line in [
        "-rwxr-x--- x/bin/ipcmk\n",
        "-rw-r----- d d/bash-completion/completions/ipcmk\n",
        "-rw-r----- doc/ipcmk.conf\n",
        "-rw-r----- m/man1/ipcmk.1\n",
    ] {
        assert!(listed.contains(line), "{listed}");
    }
    assert!(read(&folder.join("x/bin/ipcmk")) == read(&suite::ipcmk("riscv64")));
    run_with("uninstall", words);
    let words = "bindir=/b INSTALL='install -p'";
    let listed = run_with("install", words);
    assert!(listed.contains("-rwxr-xr-x b/ipcmk\n"), "{listed}");
    run_with("uninstall", words);
}

/// Root gets what `make build` has left, and nothing where it has left nothing.
pub fn builds_nothing() {
    let (copy, scratch) = (Copy::new(), Scratch::new().expect("a directory"));
    let folder = destination(&scratch);
    let words = format!("install DESTDIR=\"{}\"", folder.display());
    let built = copy.root.join("target/dist/ipcmk-x86_64");
    fs::write(&built, "any").expect("a copy");
    run(&mut make(&copy, &words));
    assert_eq!(read(&folder.join("usr/local/bin/ipcmk")), b"any");
    fs::remove_file(&built).expect("a copy");
    fs::remove_dir_all(folder.join("usr")).expect("this user's");
    let said = refused(&mut make(&copy, &words));
    let reason = "there is no target/dist/ipcmk-x86_64 yet: run `make build` first";
    assert!(said.contains(reason), "{said}");
    assert_eq!(list(&folder, true), "");
}

/// A file that is new in dist/ is installed, or taken by another build.
pub fn complete() {
    let dist = super::root().join("dist");
    let installed = |name: &str| {
        let mut files = INSTALLED.iter();
        files.any(|(_, _, from)| from.strip_prefix("dist/") == Some(name))
    };
    let names = list(&dist, false);
    let names = names.lines().map(|line| &line["-rw-r--r-- ".len()..]);
    for name in names.clone() {
        let folder = Path::new(name).iter().next().expect("a name");
        assert!(
            installed(name)
                || ["CHANGELOG.md", "copyright"].contains(&name)
                || folder == "buildroot"
                || folder == "yocto",
            "dist/{name}: `make install` does not know it"
        );
    }
    for (_, _, from) in &INSTALLED[1..] {
        assert!(
            names.clone().any(|name| *from == format!("dist/{name}")),
            "{from}"
        );
    }
}
