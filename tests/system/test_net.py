"""Sockets over lo: much data over many connections, on a good line and on one that loses packets, with little memory; what is left afterwards;
the programs of busybox that use the network."""
import re
import subprocess

import pytest

import sluice
from sluice import program, sh

pytestmark = pytest.mark.xdist_group("net")

SETTLED = """
# Until nothing of TCP is left, then what is: connections in TIME_WAIT end when there may be none.
settled() {
	echo 0 >/proc/sys/net/ipv4/tcp_max_tw_buckets
	for i in $(seq 600); do
		grep -q "TCP: inuse 0 orphan 0 tw 0 alloc 0 mem 0" /proc/net/sockstat && break
		sleep 0.1
	done
	cat /proc/net/sockstat
	echo 1024 >/proc/sys/net/ipv4/tcp_max_tw_buckets
}
"""


def storm_lines(text):
    """{who: what it counted} of tcpstorm's lines."""
    return dict(re.findall(r"^(client \d+|server): (.* close, .*)$", text, re.M))


def on_host(path, *args):
    r = subprocess.run([path, *map(str, args)], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=600)
    assert r.returncode == 0, r.stdout
    return storm_lines(r.stdout)


def total(lines):
    """Connections of each ending, and bytes, as the server and as the clients count them."""
    def numbers(text):
        return [int(n) for n in re.findall(r"\d+(?= close| first| reset| deaf| bytes)", text)]
    clients = [numbers(text) for who, text in lines.items() if who != "server"]
    return numbers(lines["server"]), [sum(column) for column in zip(*clients)]


def check(lines, connections, host=None):
    server, clients = total(lines)
    assert server[:4] == clients[:4] == [connections // 2, connections // 4, connections // 8, connections // 8]
    assert server[4] > 0 and clients[4] > 0
    if host:
        assert lines == host, "other bytes than on Linux"


def storms(runs, mem=None, timeout=100, before=""):
    """Run tcpstorm with each of the arguments in one guest; [what each printed], then what is left of the sockets."""
    path = program("tcpstorm.c")
    text = SETTLED + before
    for args in runs:
        text += "echo ===; %s; /t/storm %s || echo failed\n" % (args.get("line", "true"), " ".join(map(str, args["args"])))
    r = sh(text + "echo ===\necho 0 0 0 >/proc/sys/net/lo_faults\nsettled\n", add=[(path, "/t/storm")], mem=mem, timeout=timeout).good()
    parts = r.text.split("===\n")
    assert "failed" not in r.text, r.text[-6000:]
    assert "TCP: inuse 0 orphan 0 tw 0 alloc 0 mem 0\n" in parts[-1], parts[-1]
    return [storm_lines(p) for p in parts[1:-1]]


def test_many_connections(soak):
    connections, kib = 64, 1 << 20 if soak else 16 << 10
    args = (1, connections, kib, 4)
    host = on_host(program("tcpstorm.c"), *args) if sluice.host_runs_i386() else None
    (lines,) = storms([{"args": args}], timeout=1500 if soak else 300)
    check(lines, connections, host)


def test_a_bad_line_and_little_memory(soak):
    """Packets dropped, doubled and delayed; then so little memory for queues that each connection gets a page or two; all in 64 MiB."""
    kib = 65536 if soak else 4096
    bad, short = storms([{"line": "echo 10 10 30 >/proc/sys/net/lo_faults", "args": (2, 64, kib, 4)},
                         {"line": "echo 0 0 0 >/proc/sys/net/lo_faults; echo 64 96 128 >/proc/sys/net/ipv4/tcp_mem", "args": (3, 64, kib // 2, 4)}],
                        mem=64, timeout=1500 if soak else 300)
    check(bad, 64)
    check(short, 64)


LIMITS = """
bound: 16, Address in use
connected: 16, Address not available
one after the other: 320
write: 4
data: 1, Operation timed out
connect: -1, Operation in progress
connection: 1, Operation timed out
accepted: 5
then: 1 1
datagrams sent: 20000
kept: 1
end: 0
end: 0
poll 1 0x11, read 0, error 0, send -1 Broken pipe, name 0 1
poll 1 0x11, read 0, error 0, send -1 Broken pipe, name 0 1
end: 0
write: 60000
read: 60000, good 60000
""".lstrip()


def test_limits():
    """Ports run out, nothing arrives, nobody accepts, nobody reads, the stack forgets; small pieces come at once; nothing is left of it all."""
    r = sh(SETTLED + "/t/netlimits\n/t/quickacks\necho ===\nsettled\n", add=[(program(n + ".c"), "/t/" + n) for n in ("netlimits", "quickacks")],
           timeout=300).good()
    said, left = r.text.split("===\n")
    assert said == LIMITS + "late: 0 of 12\n", repr(r)
    assert left.startswith("sockets: used 0\nTCP: inuse 0 orphan 0 tw 0 alloc 0 mem 0\nUDP: inuse 0"), left


GARBAGE = """
/t/unixgc 2
before=$(/t/inuse)
/t/unixgc %d
lost=$(/t/inuse "$before") && echo "nothing lost" || echo "$lost"
"""


def test_sockets_in_flight(soak):
    """Sockets that only messages to each other hold are collected, whatever hangs on them; those that can be reached are not."""
    r = sh(GARBAGE % (50000 if soak else 2000), add=[(program(n + ".c"), "/t/" + n) for n in ("unixgc", "inuse")], timeout=1500 if soak else 300).good()
    assert r.text == "good\ngood\nnothing lost\n", repr(r)


BUSYBOX = """
cd /t
ifconfig lo
mkdir www
echo small >www/small
head -c 3000000 /dev/urandom >www/large
httpd -f -p 8080 -h /t/www &
httpd=$!
mkfifo open
nc -l -p 9000 <open >/t/came &
listener=$!
exec 3>open
nc -ll -p 9001 -e cat /t/www/small &
for i in $(seq 200); do
	[ $(netstat -tln | grep -cE ':(8080|9000|9001) .*LISTEN') = 3 ] && break
	sleep 0.05
done
echo === wget; wget -q -O - http://127.0.0.1:8080/small
wget -q -O large http://localhost:8080/large; cmp large www/large && echo equal
wget -q -O - http://127.0.0.1:8080/none || echo none
echo === nc; printf 'GET /small HTTP/1.0\\r\\n\\r\\n' | nc 127.0.0.1 8080 | sed -n '1p;$p'
nc 127.0.0.1 9000 <www/large; wait $listener; cmp came www/large && echo equal
nc 127.0.0.1 9001 </dev/null
nc 127.0.0.1 9002 </dev/null || echo refused
echo === netstat; netstat -tan; netstat -x; netstat -tunl
echo === ping; ping -c 2 127.0.0.1; ping -c 1 -s 5000 localhost
echo === down; ifconfig lo down; ifconfig lo; wget -q -O - http://127.0.0.1:8080/small || echo down; ping -c 1 127.0.0.1 || echo down
echo === up; ifconfig lo up; wget -q -O - http://127.0.0.1:8080/small; ping -c 1 127.0.0.1
route -n
kill $httpd
"""


def test_busybox():
    """httpd, wget, nc, netstat, ping, ifconfig, route."""
    r = sh(BUSYBOX, timeout=300).good()
    parts = {name: text for name, text in re.findall(r"=== (\w+)\n(.*?)(?==== |\Z)", r.text, re.S)}
    assert re.search(r"inet addr:127\.0\.0\.1 .*Mask:255\.0\.0\.0\n.*UP LOOPBACK RUNNING", r.text), r.text
    assert parts["wget"] == "small\nequal\nnone\n", repr(r)
    assert parts["nc"] == "HTTP/1.1 200 OK\r\nsmall\nequal\nsmall\nrefused\n", repr(r)
    assert re.search(r"^tcp +0 +0 0\.0\.0\.0:8080 +0\.0\.0\.0:\* +LISTEN", parts["netstat"], re.M), parts["netstat"]
    assert re.search(r"^tcp +0 +0 127\.0\.0\.1:\d+ +127\.0\.0\.1:\d+ +TIME_WAIT", parts["netstat"], re.M), parts["netstat"]
    assert "Active UNIX domain sockets" in parts["netstat"]
    assert "2 packets transmitted, 2 packets received" in parts["ping"] and "5008 bytes from 127.0.0.1: seq=0 ttl=64" in parts["ping"], parts["ping"]
    assert re.search(r"^ +LOOPBACK  MTU", parts["down"], re.M) and parts["down"].endswith("down\n"), parts["down"]
    assert parts["down"].count("\ndown\n") == 2, parts["down"]
    assert parts["up"].startswith("small\n") and "1 packets received" in parts["up"] and "Kernel IP routing table" in parts["up"], parts["up"]
