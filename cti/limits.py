"""What a process that reads other people's files may use; the system keeps it, so that a file made to harm harms that
process alone.

The server may itself live within less than a process asks for: then it has what the server may have (a limit cannot be
raised above the hard one). Source: setrlimit(2).
"""

from __future__ import annotations

import resource


def limited(*, memory: int, cpu_s: int = 0, largest: int = 0) -> None:
    """Of the process that calls. memory, largest: bytes that are mapped, bytes of a file that it writes; cpu_s: seconds
    of a processor; 0: no limit of its own. It leaves no core dump: that would hold people's data.
    """
    _at_most(resource.RLIMIT_CORE, 0, 0)
    _at_most(resource.RLIMIT_AS, memory, memory)
    if cpu_s:
        _at_most(resource.RLIMIT_CPU, cpu_s, cpu_s + 1)
    if largest:
        _at_most(resource.RLIMIT_FSIZE, largest, largest)


def _at_most(what: int, soft: int, hard: int) -> None:
    ours = resource.getrlimit(what)[1]
    most = hard if ours == resource.RLIM_INFINITY else min(ours, hard)
    resource.setrlimit(what, (min(soft, most), most))
