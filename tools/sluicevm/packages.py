"""Debian's i386 packages for the guest's root: --packages NAME,...

What the packages depend on comes along (not what they only recommend). They are fetched by apt-get with a package state of its own, as tools/deps
does: the host's list of architectures and its own packages are left alone. Their files are unpacked, no script of theirs is run; manuals,
documentation and translations stay behind. All is kept below build/debian/packages: the lists, the .deb files, and for each
set of packages a root image, made anew when the default root is, so that only the first run takes long and wants the network.
"""
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import tempfile

from . import image
from .options import CannotStart, say

NAME = re.compile(r"[a-z0-9][a-z0-9+.-]+$")
LEFT_OUT = ("./usr/share/doc/*", "./usr/share/man/*", "./usr/share/locale/*", "./usr/share/info/*", "./usr/share/lintian/*", "./usr/share/bug/*",
            "./run", "./var/run", "./var/lock")     # in the guest, as on Debian, a file system in memory and links into it


def check_names(value):
    """The names in a comma-separated list, or CannotStart."""
    names = [n for n in value.split(",") if n]
    for n in names:
        if not NAME.match(n):
            raise CannotStart("--packages %s: '%s' is no name of a Debian package" % (value, n))
    if not names:
        raise CannotStart("--packages wants names")
    return names


class Store:
    """The folder below build/debian; one user at a time."""

    def __init__(self, build):
        self.at = os.path.join(build, "debian", "packages")
        os.makedirs(self.at, exist_ok=True)
        self.lock = open(os.path.join(self.at, ".lock"), "w")
        fcntl.flock(self.lock, fcntl.LOCK_EX)

    def close(self):
        self.lock.close()

    def path(self, *parts):
        return os.path.join(self.at, *parts)

    # -- apt-get --

    def _apt(self, *args):
        state = self.path("apt")
        for folder in ("lists/partial", "log"):
            os.makedirs(os.path.join(state, folder), exist_ok=True)
        os.makedirs(self.path("debs", "partial"), exist_ok=True)
        open(os.path.join(state, "status"), "a").close()
        try:
            return subprocess.run(["apt-get", "-o", "Dir::State=" + state, "-o", "Dir::State::status=%s/status" % state, "-o", "Dir::Cache=" + state,
                                   "-o", "Dir::Cache::archives=" + self.path("debs"), "-o", "Dir::Log=%s/log" % state,
                                   "-o", "APT::Architecture=i386", "-o", "APT::Architectures=i386", "-o", "APT::Sandbox::User=root",
                                   "-o", "Acquire::Languages=none", "-o", "Debug::NoLocking=1", "--no-install-recommends", "-y", *args],
                                  stdin=subprocess.DEVNULL, capture_output=True, text=True, env=dict(os.environ, LC_ALL="C"))
        except FileNotFoundError:
            raise CannotStart("--packages: no apt-get here")

    def _resolve(self, names):
        """File names of the packages and of what they depend on; None when the lists do not say."""
        r = self._apt("-s", "install", *names)
        found = re.findall(r"^Inst (\S+) \((\S+) .*\[(\w+)\]\)", r.stdout, re.M)
        if r.returncode or not found:
            return None, (r.stderr.strip().splitlines() or [""])[-1]
        return ["%s_%s_%s.deb" % (name, version.replace(":", "%3a"), arch) for name, version, arch in found], ""

    def debs(self, names, key):
        """Paths of all .deb files for these names, fetched when they are not here."""
        note = self.path(key + ".list")
        if os.path.exists(note):
            with open(note) as f:
                files = f.read().split()
            if all(os.path.exists(self.path("debs", d)) for d in files):
                return [self.path("debs", d) for d in files]
        files, why = self._resolve(names)
        if files is None or self._apt("-d", "install", *names).returncode:
            say("fetching the lists of Debian's packages")
            self._apt("update")     # a source that does not answer matters only when a package then does not come
            files, why = self._resolve(names)
        if files is None:
            raise CannotStart("--packages %s: %s" % (",".join(names), why))
        if not all(os.path.exists(self.path("debs", d)) for d in files):
            say("fetching %d packages" % len(files))
            r = self._apt("-d", "install", *names)
            if r.returncode:
                raise CannotStart("--packages %s: %s" % (",".join(names), (r.stderr.strip().splitlines() or ["apt-get failed"])[-1]))
        missing = [d for d in files if not os.path.exists(self.path("debs", d))]
        if missing:
            raise CannotStart("--packages: apt-get did not bring " + missing[0])
        with open(note, "w") as f:
            f.write("\n".join(files) + "\n")
        return [self.path("debs", d) for d in files]


def _unpack(debs, tree):
    for deb in debs:
        tar = subprocess.Popen(["dpkg-deb", "--fsys-tarfile", deb], stdout=subprocess.PIPE)
        r = subprocess.run(["tar", "-x", "-C", tree, "--no-same-owner", "-p", *("--exclude=" + p for p in LEFT_OUT)], stdin=tar.stdout, capture_output=True, text=True)
        tar.stdout.close()
        if tar.wait() or r.returncode:
            raise CannotStart("--packages: cannot unpack %s: %s" % (os.path.basename(deb), r.stderr.strip()[-200:]))


def add(build, names, file):
    """Put the packages into an image that is there already."""
    store = Store(build)
    tree = tempfile.mkdtemp(prefix="sluice-packages-")
    try:
        _unpack(store.debs(names, _key(names)), tree)
        image.add(file, [(tree, "/")])
    finally:
        shutil.rmtree(tree, True)
        store.close()


def _key(names):
    return hashlib.sha256(",".join(sorted(set(names))).encode()).hexdigest()[:16]


def root(build, names, default, file):
    """Copy the default root with the packages in it to file."""
    store, key = Store(build), _key(names)
    cached, stamp = store.path(key + ".img"), store.path(key + ".from")
    try:
        st = os.stat(default)
        made_from = "%d %d" % (st.st_mtime_ns, st.st_size)
        if not os.path.exists(cached) or not os.path.exists(stamp) or open(stamp).read() != made_from:
            tree = tempfile.mkdtemp(prefix="sluice-packages-")
            try:
                _unpack(store.debs(names, key), tree)
                image.copy(default, cached + ".new")
                image.add(cached + ".new", [(tree, "/")])
            finally:
                shutil.rmtree(tree, True)
            os.rename(cached + ".new", cached)
            with open(stamp, "w") as f:
                f.write(made_from)
        image.copy(cached, file)
    finally:
        store.close()
