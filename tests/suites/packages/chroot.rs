//! On a minimal Debian, in a chroot: what tests/tools/in-chroot.sh runs leaves nothing behind.

use std::fs::File;
use std::process::Stdio;

use super::deb::Packages;
use super::{Command, Completion, Trial, root, run, suite};

/// A test that takes a chroot. It is ignored where neither root nor sudo can make one.
pub fn trial((name, test): suite::Test) -> Trial {
    Trial::ignorable_test(name, move || {
        let sudo = || {
            Command::new("sudo")
                .args(["-n", "true"])
                .stderr(Stdio::null())
                .status()
        };
        if !nix::unistd::geteuid().is_root() && !sudo().is_ok_and(|status| status.success()) {
            return Ok(Completion::ignored_with("it takes root, or sudo"));
        }
        test();
        Ok(Completion::Completed)
    })
}

/// Makes the chroot of a release of Debian, if it is not there yet.
fn made(release: &str) -> &'static str {
    let name = match release {
        "bookworm" => "debian-12",
        "trixie" => "debian-13",
        _ => panic!("{release}: what is its number?"),
    };
    run(Command::new(root().join("tests/tools/chroot.sh")).args([name, release]));
    name
}

/// Runs a script there, with a package at /tmp/ipcmk.deb.
fn inside(release: &str, script: &str) -> String {
    let packages = Packages::new(&["x86_64"]);
    let package = File::open(packages.file("x86_64")).expect("a package");
    run(Command::new(root().join("tests/tools/in-chroot.sh"))
        .args([made(release), "bash", "-ec"])
        .arg(format!("cat >/tmp/ipcmk.deb; exec </dev/null\n{script}"))
        .stdin(package))
}

/// Installs the package, runs the program, removes the package in both ways. What dpkg itself
/// records is not of the package.
pub fn deb(release: &str) {
    let printed = inside(
        release,
        "state() {
            find / -xdev -path /tmp -prune -o -path '/var/lib/dpkg/*' -prune -o -path '/var/log/*' -prune -o -type f -print0 |
                sort -z | xargs -0 sha256sum
            find / -xdev ! -type f ! -path '/var/lib/dpkg/*' | sort
        }
        of_package() { find / -xdev -name '*ipcmk-static*' ! -path '/var/lib/dpkg/*'; }
        state >/tmp/before
        grep -q ' /usr/bin/ipcmk$' /tmp/before
        dpkg -i /tmp/ipcmk.deb >&2
        dpkg -V ipcmk-static util-linux
        ipcmk-static -M 4096
        awk 'NR > 1 { print \"segment\", $2, $4 }' /proc/sysvipc/shm
        ipcs -m | awk '$2 == 0 { print \"ipcs\", $2, $5 }'
        ipcmk-static -m 4096 -n /x
        stat -c '%n %s' /dev/shm/*
        ipcmk --version
        ipcmk-static --version
        of_package | sort
        dpkg -r ipcmk-static >&2
        of_package
        state | diff /tmp/before - && echo removed
        dpkg -i /tmp/ipcmk.deb >&2
        dpkg -P ipcmk-static >&2
        state | diff /tmp/before - && echo purged
        ! dpkg -s ipcmk-static 2>&1",
    );
    let version = super::version();
    let before = "Shared memory id: 0\nsegment 0 4096\nipcs 0 4096\nPOSIX shared memory name: /x\n/dev/shm/x 4096\nipcmk from util-linux ";
    assert!(printed.starts_with(before), "{printed}");
    let (_, rest) = printed[before.len()..].split_once('\n').expect("a line");
    let after = format!(
        "ipcmk from ipcmk {version}
/usr/bin/ipcmk-static
/usr/share/bash-completion/completions/ipcmk-static
/usr/share/doc/ipcmk-static
/usr/share/fish/vendor_completions.d/ipcmk-static.fish
/usr/share/lintian/overrides/ipcmk-static
/usr/share/man/man1/ipcmk-static.1.gz
/usr/share/zsh/vendor-completions/_ipcmk-static
removed
purged
dpkg-query: package 'ipcmk-static' is not installed and no information is available
"
    );
    assert!(rest.starts_with(&after), "{rest}\n{after}");
}

/// Each shell completes the program's options, without being told where the files are; util-linux's
/// ipcmk keeps its own completion; man and whatis find the page.
pub fn shells(release: &str) {
    let printed = inside(
        release,
        "{
            apt-get -qq update
            apt-get -qq --no-install-recommends install bash-completion fish man-db zsh
            dpkg -i /tmp/ipcmk.deb
        } >/tmp/log 2>&1 || { cat /tmp/log; exit 1; }
        man -w ipcmk-static
        whatis ipcmk-static
        man ipcmk-static | grep -A 1 ^NAME
        bash -c '. /usr/share/bash-completion/bash_completion
            for command in ipcmk ipcmk-static; do _completion_loader $command; done
            complete -p ipcmk ipcmk-static'
        zsh -f -c 'autoload -U compinit; compinit -u; print -r -- $_comps[ipcmk-static]; print -r -- \"($_comps[ipcmk])\"'
        fish -c 'complete -C \"ipcmk-static --batc\"' | cut -f 1",
    );
    let lines: Vec<&str> = printed.lines().collect();
    assert_eq!(
        lines[0], "/usr/share/man/man1/ipcmk-static.1.gz",
        "{printed}"
    );
    let what = "ipcmk-static (1)     - create and remove System V and POSIX IPC objects";
    assert_eq!(lines[1], what, "{printed}");
    assert_eq!(lines[2], "NAME", "{printed}");
    assert_eq!(lines[3].trim(), what.replace(" (1)    ", ""), "{printed}");
    assert_eq!(lines[4], "complete -F _ipcmk_module ipcmk", "{printed}");
    assert_eq!(lines[5], "complete -F _ipcmk ipcmk-static", "{printed}");
    assert_eq!(lines[6..], ["_ipcmk-static", "()", "--batch"], "{printed}");
}

/// README.md's lines for those who have no rustup.
pub fn without_rustup(release: &str) {
    let readme = include_str!("../../../README.md");
    let start = readme
        .find("apt-get install cargo-web")
        .expect("README.md has the line");
    let end = readme[start..].find(['`', '\n', '#']).expect("its end");
    let packages = &readme[start..start + end];
    let commands = [
        "cargo run --release -- -M 4096",
        "cargo install --locked --path .",
    ];
    for command in commands {
        assert!(
            readme.contains(&format!("\n{command} ")),
            "README.md: {command}"
        );
    }
    let printed = inside(
        release,
        &format!(
            "echo 'APT::Get::Assume-Yes \"true\";' >/etc/apt/apt.conf.d/yes
            apt-get -qq update
            {{ {packages}; }} >/tmp/log 2>&1 || {{ cat /tmp/log; exit 1; }}
            mkdir /root/ipcmk
            tar -C /ipcmk --exclude ./target --exclude ./.git -c . | tar -C /root/ipcmk -x
            cd /root/ipcmk
            {}
            {}
            /root/.cargo/bin/ipcmk -Q
            cmp target/release/ipcmk /root/.cargo/bin/ipcmk",
            commands[0], commands[1],
        ),
    );
    assert_eq!(printed, "Shared memory id: 0\nMessage queue id: 0\n");
}
