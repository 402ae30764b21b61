"""The device model: io-devs."""
from .base import Command, Problem, at, check_pointer, command, each, offset_of, pointer, symbol, table, text


def folder(node, name):
    """The sysfs_node of this name in a folder."""
    for n in each(node["children"], "struct sysfs_node", "sibling", "a folder of sysfs"):
        if text(n["name"]) == name:
            return n
    raise Problem("there is no /sys/%s yet" % name)


def registered(where, type_name):
    """The objects (buses, classes) that have a folder in /sys/WHERE: every one there is, modules' own too."""
    for n in each(folder(symbol("sysfs_root_node"), where)["children"], "struct sysfs_node", "sibling", "/sys/" + where):
        yield at(check_pointer(n["kobj"], "a kobject") - offset_of(type_name, "kobj"), type_name)


def resources(d):
    """What a device of the two buses of hardware has, in a few words."""
    bus = text(d["bus"]["name"])
    container = {"pci": "struct pci_dev", "platform": "struct platform_device"}.get(bus)
    if not container:
        return ""
    own = at(int(d.address), container)      # struct device comes first in both
    if bus == "pci":
        irq = ", irq %d" % int(own["irq"]) if int(own["pin"]) else ""
        return "%04x:%04x class %06x%s" % (int(own["vendor"]), int(own["device"]), int(own["class"]), irq)
    words = ["ports %#x-%#x" % (int(own["port"]), int(own["port"]) + int(own["nr_ports"]) - 1)] if int(own["nr_ports"]) else []
    return ", ".join(words + (["irq %d" % int(own["irq"])] if int(own["irq"]) >= 0 else []))


@command
class Devs(Command):
    """io-devs: every bus with its devices, their drivers and what they occupy, and every class with its devices and their numbers."""

    NAME = "io-devs"

    def run(self, args):
        for b in registered("bus", "struct bus_type"):
            self.bus(b)
        for c in registered("class", "struct class"):
            self.klass(c)

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
