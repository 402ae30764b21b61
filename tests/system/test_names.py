"""The name space: many processes changing the same names at once, and what mounts do to them."""
import pytest

import sluice
from sluice import fsck, program, sh


@pytest.mark.parametrize("kernel", sluice.KERNELS)
def test_names_under_fire(kernel, tmp_path, soak):
    """Renames, links, removals and lookups in the same few folders, caches dropped all the while, in little memory; then e2fsck."""
    seed = sluice.seed().randrange(1, 1000)
    rounds = 20000 if soak else 1500
    root = tmp_path / "root"
    r = sh("""
(while [ ! -e /t/done ]; do echo 3 > /proc/sys/vm/drop_caches; sleep 0.05; done) &
/t/namestorm /t/on_disk 4 {0} {1}; echo disk $?
/t/namestorm /dev/shm/in_memory 4 {0} {1}; echo memory $?
find /t/on_disk -type f | xargs cat > /dev/null; echo read $?
rm -rf /t/on_disk /dev/shm/in_memory; ls /dev/shm; touch /t/done; wait
""".format(rounds, seed), add=[(program("namestorm.c"), "/t/namestorm")], mem=24, root=root, timeout=600 if soak else 150,
           kernel=sluice.KERNELS[kernel]).good()
    assert r.lines == ["disk 0", "memory 0", "read 0"], seed
    fsck(root)


CASES = [
    ("size_limit", "mount -t tmpfs -o size=64k t m; dd if=/dev/zero of=m/f bs=4k 2>&1 | tail -1; stat -c %s m/f; rm m/f; "
     "df m | tail -1 | awk '{ print $4 }'; umount m",
     "16+0 records out\n65536\n64\n"),
    ("read_only", "mount -t tmpfs -o ro t m; touch m/f 2>&1; mount -o remount,rw m; touch m/f; mount -o remount,ro m; rm m/f 2>&1; umount m",
     "touch: m/f: Read-only file system\nrm: can't remove 'm/f': Read-only file system\n"),
    ("busy", "mount -t tmpfs t m; cd m; umount $OLDPWD/m 2>/dev/null; echo $?; cd ..; umount m; echo $?", "1\n0\n"),
    ("remount_busy", "mount -t tmpfs t m; exec 3>m/f; mount -o remount,ro m 2>/dev/null; echo $?; exec 3>&-; mount -o remount,ro m; echo $?; umount m",
     "255\n0\n"),
    ("covered", "echo under > m/f; mount -t tmpfs t m; cat m/f 2>/dev/null; echo over > m/f; cat m/f; umount m; cat m/f", "over\nunder\n"),
    ("stacked", "mount -t tmpfs a m; touch m/1; mount -t tmpfs b m; touch m/2; ls m; umount m; ls m; umount m", "2\n1\n"),
    ("bind", "mkdir a; echo x > a/f; mount --bind a m; cat m/f; echo y > m/f; cat a/f; umount m; ls m", "x\ny\n"),
    ("move", "mkdir n; mount -t tmpfs t m; echo x > m/f; mount --move m n; ls m; cat n/f; umount n", "x\n"),
    ("lazy", "mount -t tmpfs t m; echo x > m/f; exec 3<m/f; umount -l m; ls m; cat <&3", "x\n"),
    ("shown", "mkdir 'a b'; mount -t tmpfs -o nosuid,noatime,size=8k 'my disk' 'a b'; tail -1 /proc/mounts | sed 's,/.*/,,'; umount 'a b'",
     "my\\040disk a\\040b tmpfs rw,nosuid,noatime,size=8k 0 0\n"),
    ("nodev", "mount -t tmpfs -o nodev t m; mknod m/null c 1 3; cat m/null 2>&1; umount m", "cat: can't open 'm/null': Permission denied\n"),
    ("noexec", "mount -t tmpfs -o noexec t m; cp /bin/busybox m/b; m/b true 2>/dev/null; echo $?; umount m", "126\n"),
    ("noatime", "mount -t tmpfs -o noatime t m; echo x > m/f; touch -d '2001-01-01 00:00:00' m/f; cat m/f; stat -c %X m/f; umount m",
     "x\n978307200\n"),
    ("mountpoint_stays", "mount -t tmpfs t m; rmdir m 2>/dev/null; echo $?; mv m n 2>/dev/null; echo $?; umount m; rmdir m; echo $?; mkdir m", "1\n1\n0\n"),
    ("chroot", "mkdir -p r/bin; cp /bin/busybox r/bin/; ln -s /bin/busybox r/sh; chroot r /sh -c 'cd /; cd ..; /bin/busybox ls -d /bin ../bin'",
     "../bin\n/bin\n"),
    ("unknown_type", "mount -t nosuch t m 2>/dev/null; echo $?; mount -t tmpfs -o bogus=1 t m 2>/dev/null; echo $?", "255\n255\n"),
]


@pytest.fixture(scope="module")
def output():
    text = "".join("mkdir -p /t/%s/m; cd /t/%s; echo === %s; { %s; } 2>&1; echo '=== end'\n" % (n, n, n, script) for n, script, _ in CASES)
    return sh(text).text


@pytest.mark.parametrize("name,script,expected", CASES, ids=[c[0] for c in CASES])
def test_mounts(name, script, expected, output):
    assert "=== %s\n" % name in output, output[-500:]
    assert output.split("=== %s\n" % name)[1].split("=== end\n")[0] == expected, script


def test_unlinked_under_write_back(tmp_path):
    """Open files without a name, written by the flusher while they are open: nothing of them stays on the disk after the last close."""
    image = sluice.mkfs(tmp_path / "image", 32)
    sh("""mkdir -p /t/m; mount -t ext2 /dev/sdb /t/m; cd /t/m
echo 1 >/proc/sys/vm/dirty_expire_centisecs; echo 40 >/proc/sys/vm/dirty_writeback_centisecs
for i in 1 2 3 4 5; do
	exec 7>f$i; head -c 300000 /dev/zero >&7; rm f$i
	sleep 0.5; exec 7>&-
done
cd /; umount /t/m""", disk=[image]).good()
    fsck(image)
