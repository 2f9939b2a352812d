"""What a container may use is read right from both generations of cgroups, whatever part of the tree is mounted."""

from __future__ import annotations

from pathlib import Path

import pytest

from runtime.cgroup import Cgroup, CpuLimit, MemoryLimit

V2_MOUNT = "30 20 0:26 / /sys/fs/cgroup ro,nosuid - cgroup2 cgroup rw,nsdelegate\n"
V1_MOUNTS = (
    "31 20 0:27 {root} /sys/fs/cgroup/cpu,cpuacct ro - cgroup cgroup rw,cpu,cpuacct\n"
    "32 20 0:28 {root} /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n"
    "33 20 0:29 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"
)
V1_GROUPS = "5:memory:{path}\n4:cpu,cpuacct:{path}\n1:name=systemd:/x\n0::/x\n"
NO_LIMIT_V1 = "9223372036854771712\n"


def tree(root: Path, files: dict[str, str]) -> Cgroup:
    for name, text in files.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return Cgroup(root)


def v2_group(
    folder: str, cpu: str = "max 100000", memory: str = "max", used: int = 500, cache: int = 100
) -> dict[str, str]:
    return {
        f"{folder}/cpu.max": f"{cpu}\n",
        f"{folder}/cpu.stat": "usage_usec 2500000\nuser_usec 2000000\nsystem_usec 500000\nnr_throttled 7\n",
        f"{folder}/memory.max": f"{memory}\n",
        f"{folder}/memory.current": f"{used}\n",
        f"{folder}/memory.stat": f"anon 1\ninactive_file {cache}\nactive_file 5\n",
    }


def v1_cpu(folder: str, quota: int) -> dict[str, str]:
    return {
        f"{folder}/cpu.cfs_quota_us": f"{quota}\n",
        f"{folder}/cpu.cfs_period_us": "100000\n",
        f"{folder}/cpuacct.usage": "3000000000\n",
    }


def v1_memory(folder: str, limit: str, hierarchical: str = NO_LIMIT_V1) -> dict[str, str]:
    return {
        f"{folder}/memory.limit_in_bytes": limit,
        f"{folder}/memory.usage_in_bytes": "800\n",
        f"{folder}/memory.stat": (
            f"cache 400\ninactive_file 1\nhierarchical_memory_limit {hierarchical}total_inactive_file 300\n"
        ),
    }


def test_limits_of_a_container_in_v2(tmp_path: Path) -> None:
    groups = {
        "proc/self/cgroup": "0::/\n",
        "proc/self/mountinfo": V2_MOUNT,
        "sys/fs/cgroup/cgroup.controllers": "cpu\n",
    }
    cgroup = tree(tmp_path, groups | v2_group("sys/fs/cgroup", "50000 100000", "1000"))
    assert cgroup.cpu() == CpuLimit(0.5, 2.5, "cgroup v2")
    assert cgroup.memory() == MemoryLimit(1000, 400, "cgroup v2")


def test_the_tightest_of_nested_groups_counts_in_v2(tmp_path: Path) -> None:
    base = "sys/fs/cgroup"
    files = {"proc/self/cgroup": "0::/system.slice/vanka.service/app\n", "proc/self/mountinfo": V2_MOUNT}
    files |= v2_group(f"{base}/system.slice/vanka.service/app", memory="9000", used=10, cache=0)
    files |= v2_group(f"{base}/system.slice/vanka.service", "150000 100000", "4000", used=3000)
    files |= v2_group(f"{base}/system.slice", "400000 100000")
    cgroup = tree(tmp_path, files)
    assert cgroup.cpu() == CpuLimit(1.5, 2.5, "cgroup v2")
    assert cgroup.memory() == MemoryLimit(4000, 2900, "cgroup v2")


def test_no_limit_in_v2_is_none(tmp_path: Path) -> None:
    files = {"proc/self/cgroup": "0::/\n", "proc/self/mountinfo": V2_MOUNT} | v2_group("sys/fs/cgroup")
    cgroup = tree(tmp_path, files)
    assert cgroup.cpu() is None
    assert cgroup.memory() is None


@pytest.mark.parametrize("shown_root", ["/docker/abc", "/"])
def test_limits_of_a_container_in_v1(shown_root: str, tmp_path: Path) -> None:
    # Docker mounts the container's own group at the top, while the path is told as the host sees it (or as "/").
    path = "/docker/abc" if shown_root != "/" else "/"
    files = {
        "proc/self/cgroup": V1_GROUPS.format(path=path),
        "proc/self/mountinfo": V1_MOUNTS.format(root=shown_root),
    }
    files |= v1_cpu("sys/fs/cgroup/cpu,cpuacct", 25000) | v1_memory("sys/fs/cgroup/memory", "1000\n")
    cgroup = tree(tmp_path, files)
    assert cgroup.cpu() == CpuLimit(0.25, 3.0, "cgroup v1")
    assert cgroup.memory() == MemoryLimit(1000, 500, "cgroup v1")


def test_the_tightest_of_nested_groups_counts_in_v1(tmp_path: Path) -> None:
    files = {
        "proc/self/cgroup": V1_GROUPS.format(path="/kubepods/pod1/c1"),
        "proc/self/mountinfo": V1_MOUNTS.format(root="/"),
    }
    files |= v1_cpu("sys/fs/cgroup/cpu,cpuacct/kubepods/pod1/c1", -1)
    files |= v1_cpu("sys/fs/cgroup/cpu,cpuacct/kubepods/pod1", 200000)
    files |= v1_memory("sys/fs/cgroup/memory/kubepods/pod1/c1", NO_LIMIT_V1, "7000\n")
    cgroup = tree(tmp_path, files)
    assert cgroup.cpu() == CpuLimit(2.0, 3.0, "cgroup v1")
    assert cgroup.memory() == MemoryLimit(7000, 500, "cgroup v1")


def test_no_limit_in_v1_is_none(tmp_path: Path) -> None:
    files = {"proc/self/cgroup": V1_GROUPS.format(path="/"), "proc/self/mountinfo": V1_MOUNTS.format(root="/")}
    files |= v1_cpu("sys/fs/cgroup/cpu,cpuacct", -1) | v1_memory("sys/fs/cgroup/memory", NO_LIMIT_V1)
    cgroup = tree(tmp_path, files)
    assert cgroup.cpu() is None
    assert cgroup.memory() is None


def test_v1_with_time_and_quota_mounted_apart(tmp_path: Path) -> None:
    files = {
        "proc/self/cgroup": "2:cpuacct:/a/b\n1:cpu:/a/b\n",
        "proc/self/mountinfo": (
            "1 0 0:1 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n"
            "2 0 0:2 / /sys/fs/cgroup/cpuacct rw - cgroup cgroup rw,cpuacct\n"
        ),
        "sys/fs/cgroup/cpu/a/cpu.cfs_quota_us": "50000",
        "sys/fs/cgroup/cpu/a/cpu.cfs_period_us": "100000",
        "sys/fs/cgroup/cpuacct/a/cpuacct.usage": "1000000000",
        "sys/fs/cgroup/cpuacct/a/b/cpuacct.usage": "7",
        "sys/fs/cgroup/cpu/a/b/cpu.cfs_quota_us": "-1",
    }
    assert tree(tmp_path, files).cpu() == CpuLimit(0.5, 1.0, "cgroup v1")


def test_without_mountinfo_the_usual_places_are_tried(tmp_path: Path) -> None:
    new = tree(
        tmp_path / "new",
        {"proc/self/cgroup": "0::/a\n", "sys/fs/cgroup/cgroup.controllers": "cpu memory\n"}
        | v2_group("sys/fs/cgroup/a", "100000 100000"),
    )
    assert new.cpu() == CpuLimit(1.0, 2.5, "cgroup v2")
    old = tree(
        tmp_path / "old",
        {"proc/self/cgroup": V1_GROUPS.format(path="/a")} | v1_memory("sys/fs/cgroup/memory/a", "1000\n"),
    )
    assert old.memory() == MemoryLimit(1000, 500, "cgroup v1")


def test_a_limit_that_is_changed_is_seen_at_the_next_question(tmp_path: Path) -> None:
    files = {"proc/self/cgroup": "0::/\n", "proc/self/mountinfo": V2_MOUNT} | v2_group("sys/fs/cgroup", memory="1000")
    cgroup = tree(tmp_path, files)
    (tmp_path / "sys/fs/cgroup/memory.max").write_text("2000\n")
    limit = cgroup.memory()
    assert limit is not None
    assert limit.limit_bytes == 2000


def test_nonsense_and_nothing_are_no_limit(tmp_path: Path) -> None:
    assert Cgroup(tmp_path / "nowhere").cpu() is None
    assert Cgroup(tmp_path / "nowhere").memory() is None
    files = {
        "proc/self/cgroup": "0::/../../outside\n\nrubbish\n7:\n",
        "proc/self/mountinfo": V2_MOUNT + "broken line\n",
        "sys/fs/cgroup/cpu.max": "0 0\n",
        "sys/fs/cgroup/cpu.stat": "usage_usec many\n",
        "sys/fs/cgroup/memory.max": "\n",
    }
    cgroup = tree(tmp_path, files)
    assert cgroup.cpu() is None
    assert cgroup.memory() is None


def test_the_real_machine_can_be_asked() -> None:
    cpu, memory = Cgroup().cpu(), Cgroup().memory()
    assert cpu is None or cpu.cores > 0
    assert memory is None or memory.limit_bytes > 0
