"""The root image: throw-away copies, and files put in and taken out while nobody has it mounted (debugfs does the ext2 work).

All functions raise CannotStart, or for what is taken out ImageError, with a line for the user.
"""
import os
import re
import stat
import struct
import subprocess

from .options import CannotStart

MIB = 1 << 20
SPARE = 64 * MIB     # free space that is left in the root beside what --add brings
GROUP_MARGIN = 32    # inodes kept free beside what --add brings
BLOCK = 4096


class ImageError(Exception):
    """Something could not be taken out of the image."""


def copy(source, target):
    """Copy an image, holes kept."""
    try:
        with open(source, "rb") as s, open(target, "wb") as t:
            size = os.fstat(s.fileno()).st_size
            at = 0
            while at < size:
                try:
                    start = os.lseek(s.fileno(), at, os.SEEK_DATA)
                except OSError:
                    break       # nothing but a hole is left
                at = os.lseek(s.fileno(), start, os.SEEK_HOLE)
                s.seek(start)
                t.seek(start)
                while s.tell() < at:
                    t.write(s.read(min(MIB, at - s.tell())))
            t.truncate(size)
    except OSError as e:
        raise CannotStart("cannot copy %s to %s: %s" % (source, target, e.strerror))


# ---- debugfs ------------------------------------------------------------------

def _debugfs(image, requests, write=False):
    """Run requests in one debugfs; (its output for each request, its complaints)."""
    for r in requests:
        if "\n" in r:
            raise CannotStart("a file name with a line feed cannot be put into the image: %r" % r)
    env = dict(os.environ, PATH=os.environ.get("PATH", "") + ":/usr/sbin:/sbin", LC_ALL="C", DEBUGFS_PAGER="__none__", PAGER="cat")
    try:
        r = subprocess.run(["debugfs", *(["-w"] if write else []), "-f", "-", image], env=env, capture_output=True,
                           input=b"".join(os.fsencode(line) + b"\n" for line in requests))
    except FileNotFoundError:
        raise CannotStart("no debugfs here: run tools/deps")
    parts = re.split(rb"^debugfs: .*\n", r.stdout, flags=re.M)[1:]
    complaints = [line for line in r.stderr.decode("utf-8", "replace").splitlines() if line and not line.startswith("debugfs 1.")]
    return parts, complaints


def _quote(path):
    return '"%s"' % path.replace('"', '""')


class Inode:
    """What `stat` of debugfs says of a path."""

    def __init__(self, text):
        def field(pattern):
            m = re.search(pattern, text, re.M)
            return m.group(1) if m else ""
        self.kind = field(r"Type: (\S+(?: special)?)")
        self.mode = int(field(r"Mode: +([0-7]+)") or "0", 8)
        self.size = int(field(r"Size: (\d+)") or "0")
        self.link = field(r'^Fast link dest: "(.*)"')


def _stat(image, paths):
    """{path: Inode, or None when there is no such path}"""
    parts, _ = _debugfs(image, ["stat " + _quote(p) for p in paths])
    texts = [p.decode("utf-8", "replace") for p in parts]
    return {p: Inode(t) if "Inode: " in t else None for p, t in zip(paths, texts)}


def _resolve(image, path):
    """Follow symbolic links in every part of a guest path; (real path, its Inode or None)."""
    todo, at, node = [w for w in path.split("/") if w], "", None
    for _ in range(200):
        if not todo:
            break
        word = todo.pop(0)
        if word == ".":
            continue
        if word == "..":
            at = at.rpartition("/")[0]
            continue
        here = at + "/" + word
        node = _stat(image, [here])[here]
        if node is None:
            return "/".join([here, *todo]), None
        if node.kind == "symlink":
            target = node.link
            if not target:
                parts, _ = _debugfs(image, ["cat " + _quote(here)])
                target = os.fsdecode(parts[0]) if parts else ""
            todo = [w for w in target.split("/") if w] + todo
            at = "" if target.startswith("/") else at
        else:
            at = here
    return at or "/", node if at else _stat(image, ["/"])["/"]


# ---- room ---------------------------------------------------------------------

def _free(image):
    """(free bytes, free inodes, inodes a group, bytes a group) from the super block (ext2 on-disk layout, fields by offset)."""
    with open(image, "rb") as f:
        f.seek(1024)
        sb = f.read(1024)
    if len(sb) < 1024 or struct.unpack_from("<H", sb, 56)[0] != 0xef53:
        raise CannotStart("%s: no ext2 file system" % image)
    free_blocks, free_inodes, _, log_size = struct.unpack_from("<4I", sb, 12)
    blocks_group, _, inodes_group = struct.unpack_from("<3I", sb, 32)
    size = 1024 << log_size
    return free_blocks * size, free_inodes, inodes_group, blocks_group * size


def _grow(image, need_bytes, need_inodes):
    """Make the file system larger until so much is free."""
    free_bytes, free_inodes, per_group, group_bytes = _free(image)
    more = max(0, need_bytes - free_bytes)
    groups = -(-max(0, need_inodes - free_inodes) // per_group)
    more = max(more + more // 32, groups * group_bytes)
    if not more:
        return
    size = os.path.getsize(image) + more + MIB
    os.truncate(image, (size + MIB - 1) // MIB * MIB)
    env = dict(os.environ, PATH=os.environ.get("PATH", "") + ":/usr/sbin:/sbin", LC_ALL="C")
    r = subprocess.run(["resize2fs", "-f", image], env=env, stdin=subprocess.DEVNULL, capture_output=True)
    if r.returncode:
        raise CannotStart("resize2fs on %s: %s" % (image, r.stderr.decode("utf-8", "replace").strip()[-200:]))


# ---- files in -----------------------------------------------------------------

def _walk(host, inside):
    """(host path, guest path, stat) of a file, or of a folder and all below it, folders before what they hold."""
    st = os.stat(host)
    yield host, inside, st
    if not stat.S_ISDIR(st.st_mode):
        return
    for folder, dirs, files in os.walk(host):
        dirs.sort()
        at = os.path.relpath(folder, host)
        at = inside if at == "." else inside.rstrip("/") + "/" + at
        for name in sorted(dirs + files):
            path = os.path.join(folder, name)
            yield path, at.rstrip("/") + "/" + name, os.lstat(path)


def _requests(host, inside, st, there):
    """What debugfs has to do for one file; there: its Inode when the path exists already."""
    folder, _, name = inside.rpartition("/")
    kind = stat.S_IFMT(st.st_mode)
    if kind == stat.S_IFDIR:
        if there and there.kind != "directory":
            raise CannotStart("--add: %s exists in the guest's root and is no folder" % inside)
        if not there:       # the mode of a folder that the root brings along stays
            yield "mkdir " + _quote(inside)
            yield "sif %s mode 0%o" % (_quote(inside), st.st_mode)
        return
    if there:
        if there.kind == "directory":
            raise CannotStart("--add: %s is a folder in the guest's root" % inside)
        yield "rm " + _quote(inside)
    yield "cd " + _quote(folder or "/")
    if kind == stat.S_IFREG:
        if not os.access(host, os.R_OK):
            raise CannotStart("--add %s: no permission" % host)
        yield "write %s %s" % (_quote(os.path.abspath(host)), _quote(name))
        yield "sif %s mode 0%o" % (_quote(inside), st.st_mode)
    elif kind == stat.S_IFLNK:
        yield "symlink %s %s" % (_quote(name), _quote(os.readlink(host)))
    elif kind == stat.S_IFIFO:
        yield "mknod %s p" % _quote(name)
        yield "sif %s mode 0%o" % (_quote(inside), st.st_mode)
    elif kind in (stat.S_IFCHR, stat.S_IFBLK):
        yield "mknod %s %s %d %d" % (_quote(name), "c" if kind == stat.S_IFCHR else "b", os.major(st.st_rdev), os.minor(st.st_rdev))
        yield "sif %s mode 0%o" % (_quote(inside), st.st_mode)
    else:
        raise CannotStart("--add %s: neither file nor folder nor link" % host)


def _place(image, host, inside):
    """Where in the guest it goes, links followed: into a folder that is named with a slash, or that exists and a file is copied."""
    real, node = _resolve(image, inside)
    if not os.path.isdir(host) and (inside.endswith("/") or (node and node.kind == "directory")):
        real, _ = _resolve(image, real.rstrip("/") + "/" + os.path.basename(os.path.abspath(host)))
    return real


def add(image, pairs):
    """Copy (host, guest) pairs into the image: owner root, mode kept, missing parent folders made, the image grown to fit."""
    if not pairs:
        return
    items, space = {}, 0
    for host, inside in pairs:
        for path, at, st in _walk(host, _place(image, host, inside)):
            items[at] = (path, st)      # a later --add of the same path wins
            space += -(-st.st_size // BLOCK) * BLOCK + BLOCK + st.st_size // 512 if stat.S_ISREG(st.st_mode) else BLOCK
    parents = {}
    for at in items:
        words = at.split("/")
        for n in range(2, len(words)):
            parents["/".join(words[:n])] = None
    _grow(image, space + SPARE, len(items) + len(parents) + GROUP_MARGIN)
    existing = _stat(image, [*parents, *items])
    requests = []
    for at in sorted({**parents, **items}, key=lambda path: path.count("/")):       # folders before what they hold
        if at in items and at != "/":
            host, st = items[at]
            if at in parents and not stat.S_ISDIR(st.st_mode):
                raise CannotStart("--add: %s is both a file and a folder" % at)
            requests += _requests(host, at, st, existing[at])
        elif existing[at] is None:
            requests += ["mkdir " + _quote(at), "sif %s mode 040755" % _quote(at)]
        elif existing[at].kind != "directory":
            raise CannotStart("--add: %s in the guest's root is no folder" % at)
    _, complaints = _debugfs(image, requests, True)
    if complaints:
        raise CannotStart("--add: " + complaints[0])


# ---- files out ----------------------------------------------------------------

def get(image, inside, host):
    """Copy a file (or folder) out of the image."""
    real, node = _resolve(image, inside)
    if node is None:
        raise ImageError("--get %s: no such file in the guest's root" % inside)
    if node.kind == "directory":
        os.makedirs(host, exist_ok=True)
        _, complaints = _debugfs(image, ["rdump %s %s" % (_quote(real), _quote(os.path.abspath(host)))])
    elif node.kind == "regular":
        if os.path.isdir(host):
            host = os.path.join(host, os.path.basename(real))
        _, complaints = _debugfs(image, ["dump %s %s" % (_quote(real), _quote(os.path.abspath(host)))])
        if not complaints:
            os.chmod(host, node.mode & 0o777)
    else:
        complaints = ["is no regular file but: " + node.kind]
    if complaints:
        raise ImageError("--get %s: %s" % (inside, complaints[0]))
