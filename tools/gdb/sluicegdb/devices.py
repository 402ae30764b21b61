"""The device model: io-devs."""
import re

import gdb

from .base import Command, Problem, at, command, each, pointer, symbol, table, text


def variables(type_name):
    """Every variable of a type, [(name, its value)]: what the kernel and its loaded modules define."""
    found, file = [], None
    for line in gdb.execute("info variables -q -t ^%s$" % type_name.replace(" ", "."), to_string=True).splitlines():
        m = re.match(r"File (.*):$", line)
        if m:
            file = m.group(1)
        m = re.match(r"\d+:\s+(?:static )?%s (\w+);$" % re.escape(type_name), line)
        if m:
            found.append((m.group(1), symbol(m.group(1), file)))
    return found


def resources(d):
    """What a device of the two buses of hardware has, in a few words."""
    bus = text(d["bus"]["name"])
    container = {"pci": "struct pci_dev", "platform": "struct platform_device"}.get(bus)
    if not container:
        return ""
    own = at(int(d.address), container)      # struct device comes first in both
    if bus == "pci":
        irq = ", irq %d" % int(own["irq"]) if int(own["irq_pin"]) else ""
        return "%04x:%04x class %06x%s" % (int(own["vendor"]), int(own["device"]), int(own["class_code"]), irq)
    words = ["ports %#x-%#x" % (int(own["port"]), int(own["port"]) + int(own["nr_ports"]) - 1)] if int(own["nr_ports"]) else []
    return ", ".join(words + (["irq %d" % int(own["irq"])] if int(own["irq"]) >= 0 else []))


@command
class Devs(Command):
    """io-devs: every bus with its devices, their drivers and what they occupy, and every class with its devices and their numbers."""

    NAME = "io-devs"

    def run(self, args):
        shown = 0
        for kind in ("struct bus_type", "struct class"):
            for name, v in variables(kind):
                if pointer(v["devices"]["next"]):       # registered
                    (self.bus if kind == "struct bus_type" else self.klass)(v)
                    shown += 1
        if not shown:
            raise Problem("no bus is registered yet")

    @staticmethod
    def bus(b):
        print("bus %s" % text(b["name"]))
        rows = []
        for d in each(b["devices"], "struct device", "bus_node", "the devices of bus %s" % text(b["name"])):
            rows.append(["  " + text(d["kobj"]["name"]), text(d["driver"]["name"]) if pointer(d["driver"]) else "-", "%#010x" % int(d.address),
                         resources(d)])
        if rows:
            table(rows, ["  device", "driver", "struct device", ""])

    @staticmethod
    def klass(c):
        rows = [["  " + text(d["kobj"]["name"]), "%d:%d" % (int(d["devt"]) >> 20, int(d["devt"]) & 0xfffff) if int(d["devt"]) else "-",
                 "%#010x" % int(d.address)]
                for d in each(c["devices"], "struct device", "class_node", "the devices of class %s" % text(c["name"]))]
        print("class %s%s" % (text(c["name"]), "" if rows else ": no devices"))
        if rows:
            table(rows, ["  device", "number", "struct device"])
