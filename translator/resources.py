"""The cores and the memory that this process may use, also where a container or ``ulimit`` limits them."""

from __future__ import annotations

import math
import os
import resource
from collections.abc import Iterator
from pathlib import Path

# Linux control groups, by which containers and job schedulers limit their processes; see cgroups(7).
_MEMBERSHIP = Path("/proc/self/cgroup")
_ROOT = Path("/sys/fs/cgroup")
_CONTROLLERS = {"cpu", "memory"}


def num_cores() -> int:
    """The number of cores that this process may use, by its affinity and by the quota of its control groups.

    Part of a core counts as a core.
    """
    # Only some systems can restrict a process to some cores.
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 2
    quotas = [math.ceil(quota) for folder in _control_groups() for quota in _core_quotas(folder)]
    return min(cores, *quotas) if quotas else cores


def memory_limit() -> int:
    """The most memory that this process may use, in bytes.

    It is that of the machine, or less by ``ulimit -v`` or by a limit of its control groups.
    """
    limits = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    address_space, _ = resource.getrlimit(resource.RLIMIT_AS)
    if address_space != resource.RLIM_INFINITY:
        limits.append(address_space)
    for folder in _control_groups():
        for name in ("memory.max", "memory.limit_in_bytes"):  # of version 2, of version 1
            limits += _numbers(folder / name)
    return min(limits)


def _control_groups() -> Iterator[Path]:
    """Yields the folders of the control groups of this process, and of those that contain them.

    Version 1 has a hierarchy per controller. Version 2 has a single one, which is below ``unified`` where
    both versions are in use. In a container the path may be that outside, of which only the root is there.
    """
    try:
        lines = _MEMBERSHIP.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:  # not Linux
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        roots = [_ROOT / controllers] if controllers else [_ROOT, _ROOT / "unified"]
        if controllers and _CONTROLLERS.isdisjoint(controllers.split(",")):
            continue
        relative = Path(os.path.normpath(path)).relative_to("/")
        for root in roots:
            yield root
            yield from (root / part for part in (relative, *relative.parents) if part.name)


def _core_quotas(folder: Path) -> Iterator[float]:
    """Yields how many cores' time a control group has, if that is limited."""
    version_1 = [*_numbers(folder / "cpu.cfs_quota_us"), *_numbers(folder / "cpu.cfs_period_us")]
    for numbers in (_numbers(folder / "cpu.max"), version_1):
        if len(numbers) == 2 and min(numbers) > 0:
            yield numbers[0] / numbers[1]


def _numbers(path: Path) -> list[int]:
    """Returns the numbers in a file, which may also hold the word max; none if it cannot be read."""
    try:
        words = path.read_text(encoding="ascii", errors="replace").split()
    except OSError:
        return []
    return [int(word) for word in words if word.removeprefix("-").isdecimal()]
