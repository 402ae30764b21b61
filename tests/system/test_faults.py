"""Exceptions of the CPU and the signals that come of them: every kind of fault a program can make, and frames sigreturn must not trust."""
import subprocess

import pytest

import sluice
from sluice import KERNELS, program, vm

# What Linux prints; asked for again below where the host can run the program.
EXPECTED = """\
divide by zero: signal 8 code 1
divide overflow: signal 8 code 1
undefined instruction: signal 4 code 2
breakpoint: signal 5 code 128
into: signal 11 code 128
bound: signal 11 code 128
hlt: signal 11 code 128
cli: signal 11 code 128
in: signal 11 code 128
out: signal 11 code 128
insb: signal 11 code 128
int 0x21: signal 11 code 128
int 14: signal 11 code 128
load cr3: signal 11 code 128
load gdtr: signal 11 code 128
far jump: signal 11 code 128
load ss: signal 11 code 128
bad selector: signal 11 code 128
single step: signal 5 code 2
x87 divide: signal 8 code 3
x87 invalid: signal 8 code 7
read null: signal 11 code 1 address 0
write null: signal 11 code 1 address 0x4
read kernel: signal 11 code 1 address 0xc0100000
write kernel: signal 11 code 1 address 0xc0100000
write constant: signal 11 code 2 address CONSTANT
jump to null: signal 11 code 1 address 0x10
jump to kernel: signal 11 code 1 address 0xc0100010
sigreturn cs null: killed by 11
sigreturn cs of the kernel: killed by 11
sigreturn cs data: killed by 11
sigreturn cs wild: killed by 11
sigreturn ss null: killed by 11
sigreturn ss of the kernel: killed by 11
sigreturn ss code: killed by 11
sigreturn eip in the kernel: killed by 11
sigreturn flags: exit 42
null selector: killed by 11
stack overflow: killed by 11
push on a bad stack: killed by 11
push on the kernel: killed by 11
sigreturn without a frame: killed by 11
handler on a bad stack: killed by 11
flags: interrupts on, iopl 0
end
"""


def without_address(text):
    """The constant lies where the linker put it."""
    return "\n".join("write constant: signal 11 code 2 address CONSTANT" if l.startswith("write constant: signal 11 code 2 address 0x8") else l
                     for l in text.split("\n"))


@pytest.mark.parametrize("kernel", sorted(KERNELS))
def test_faults_become_signals(kernel):
    r = vm("/t/faults", add=[(program("faults.c"), "/t/faults")], kernel=KERNELS[kernel]).good()
    assert without_address(r.text) == EXPECTED


def test_linux_says_the_same():
    if not sluice.host_runs_i386():
        pytest.skip("the host does not run i386 programs")
    r = subprocess.run([program("faults.c")], capture_output=True, text=True, check=True)
    assert without_address(r.stdout) == EXPECTED
