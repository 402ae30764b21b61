"""Loadable modules: io-mod."""
import os

import gdb

from .base import Command, Problem, atomic, command, each, name_of, pointer, symbol, table, text

STATES = ("live", "coming", "going")
TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__)))))
SKIPPED = ("debian", ".git", "host")    # folders that have no modules, and many files
SECTIONS_MAX = 4096

known = {}      # name: (file, address of its text, number of sections) of those whose symbols gdb has


def loaded():
    """(name, the struct module) of each module, in the order they came."""
    return [(text(m["name"]), m) for m in each(symbol("modules"), "struct module", "list", "the list of modules")]


def sections(m):
    """{name: address} of a module's sections in memory."""
    count = int(m["nr_sections"])
    if count > SECTIONS_MAX:
        raise Problem("%s has %d sections: overwritten" % (text(m["name"]), count))
    found = {text(m["sections"][n]["name"], 48): int(m["sections"][n]["addr"]) for n in range(count)}
    if pointer(m["init_block"]["base"]):        # until its init has ended; its code comes first
        found[".init.text"] = pointer(m["init_block"]["base"])
    return found


def beside_kernel():
    """The folder of the kernel gdb has: with the modules of the same build."""
    return [os.path.dirname(o.filename) for o in gdb.objfiles()[:1] if o.filename]


def find_file(name, places):
    """NAME.ko among the places: files, or folders that are searched through."""
    names = {name + ".ko", name.replace("_", "-") + ".ko"}
    for place in places:
        if os.path.isfile(place) and os.path.basename(place) in names:
            return place
        for at, folders, files in os.walk(place):
            folders[:] = sorted(f for f in folders if f not in SKIPPED)
            for f in sorted(names.intersection(files)):
                return os.path.join(at, f)
    return None


def forget(name):
    _, address, _ = known.pop(name)
    try:
        gdb.execute("remove-symbol-file -a %#x" % address, to_string=True)
    except gdb.error:
        pass


def load_symbols(name, where, file):
    """Give gdb the symbols of a file, at the addresses where the kernel has put its sections."""
    start = where.get(".text", 0) or min(where.values())
    if known.get(name) == (file, start, len(where)):
        return
    if name in known:
        forget(name)
    words = ["add-symbol-file", file] + ["-s %s %#x" % (section, address) for section, address in where.items()]
    gdb.execute(" ".join(words), to_string=True)
    name_of.cache_clear()
    known[name] = (file, start, len(where))


@command
class Mod(Command):
    """io-mod [PLACE...]: the loaded modules, and their symbols for gdb: NAME.ko is looked for in each PLACE (a file, or a folder with all
below it), beside the kernel, in the current folder and in Sluice's. Say it again after insmod. To stop in a module's init: tbreak
module_loaded, continue, io-mod, break NAME_init, continue."""

    NAME = "io-mod"
    MAX_ARGS = 32

    def run(self, args):
        for place in args:
            if not os.path.exists(place):
                raise Problem("no such file or folder: %s" % place)
        modules, rows = loaded(), []
        for gone in set(known) - {name for name, _ in modules}:
            forget(gone)
        for name, m in modules:
            where = sections(m)
            file = find_file(name, [*args, *beside_kernel(), ".", TOP]) if where else None
            if file:
                load_symbols(name, where, os.path.realpath(file))
            state = int(m["state"])
            rows.append([name, STATES[state] if state < len(STATES) else state, max(atomic(m["refs"]) - 1, -1), "%#010x" % pointer(m["core"]["base"]),
                         int(m["core"]["size"]), os.path.relpath(file) if file else "no %s.ko found" % name])
        if not rows:
            return print("no module is loaded")
        table(rows, ["module", "state", "users", "at", "bytes", "symbols from"], ("users", "bytes"))
