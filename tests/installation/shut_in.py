"""Run a program as systemd would shut it in: `python shut_in.py ALLOWED,SYSTEM,CALLS PROGRAM...`."""

from __future__ import annotations

import ctypes
import os
import sys

REFUSE = 0x00050000 | 1  # SCMP_ACT_ERRNO(EPERM)
ALLOW = 0x7FFF0000
NO_NEW_PRIVILEGES, WRITE_OR_EXECUTE, REFUSE_GAIN = 38, 65, 1


def main() -> None:
    kernel, library = ctypes.CDLL(None, use_errno=True), ctypes.CDLL("libseccomp.so.2", use_errno=True)
    os.umask(0o027)
    if kernel.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0):
        sys.exit("no_new_privs is refused")
    if kernel.prctl(WRITE_OR_EXECUTE, REFUSE_GAIN, 0, 0, 0) and ctypes.get_errno() != 22:  # 22: a kernel before 6.3
        sys.exit("write-or-execute is refused")
    library.seccomp_init.restype = ctypes.c_void_p
    rules = ctypes.c_void_p(library.seccomp_init(ctypes.c_uint32(REFUSE)))
    for name in sys.argv[1].split(","):
        number = library.seccomp_syscall_resolve_name(name.encode())
        if number >= 0:  # others are of other machines
            library.seccomp_rule_add_exact(rules, ctypes.c_uint32(ALLOW), number, 0)
    if library.seccomp_load(rules):
        sys.exit("the filter is refused")
    os.execv(sys.argv[2], sys.argv[2:])


if __name__ == "__main__":
    main()
