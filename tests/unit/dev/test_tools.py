import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from vectorizer_dev import toolchain, tools
from vectorizer_dev.tools import Binary, Module, ToolError, charting, modules, monitoring, node, queueing, scripting

MODULES = (*modules(), node(), monitoring(), queueing(), charting(), scripting())


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "vectorizer-operator"


def program(path: Path, script: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


class TestPins:
    @pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
    def test_every_module_has_checksums_and_tools(self, module: Module) -> None:
        assert (module.folder / "go.sum").stat().st_size > 0
        assert "\ntool " in (module.folder / "go.mod").read_text()

    @pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
    def test_the_oldest_go_that_is_taken_can_build_every_module(self, module: Module) -> None:
        line = next(line for line in (module.folder / "go.mod").read_text().splitlines() if line.startswith("go "))
        asked = tuple(int(part) for part in line.removeprefix("go ").split(".")[:2])
        assert asked <= toolchain.OLDEST_GO

    def test_the_staging_modules_are_replaced_by_the_release_of_the_server(self) -> None:
        lines = (tools.MODULES / "kubernetes" / "go.mod").read_text().splitlines()
        replaced = [line for line in lines if "=> k8s.io/" in line]
        assert len(replaced) == 29
        assert {line.split()[-1] for line in replaced} == {"v0.34.4"}


class TestInstalledPrograms:
    ETCD = Binary("etcd", ("--version",), r"etcd Version: 3\.[6-9]\.")

    def test_are_taken_where_their_version_fits(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        installed = program(tmp_path / "etcd", "echo 'etcd Version: 3.6.1'")
        monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path))
        assert tools._installed(self.ETCD) == installed

    def test_are_passed_over_where_they_are_too_old(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        program(tmp_path / "etcd", "echo 'etcd Version: 3.4.23'")
        monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path))
        monkeypatch.setenv("PATH", "/nonexistent")
        assert tools._installed(self.ETCD) is None

    def test_are_passed_over_where_manifests_of_the_same_version_are_needed(
        self, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        program(tmp_path / "bin" / "kueue", "echo any")
        monkeypatch.setenv("PATH", str(tmp_path / "bin"))
        assert tools._resolved(queueing()) == {}
        built = program(queueing().built / "kueue", "echo built")
        assert tools._resolved(queueing()) == {"kueue": built}


class TestABuild:
    MODULE = Module("etcd", (Binary("etcd", ("--version",), "never", built_as="server"),), "1 minute")

    def test_that_succeeds_leaves_the_program_and_nothing_else(self, cache: Path, tmp_path: Path) -> None:
        go = program(tmp_path / "go", 'while [ "$1" != -o ]; do shift; done; echo built > "$2/server"')
        self.build(go, cache)
        assert (self.MODULE.built / "etcd").read_text() == "built\n"
        assert [path.name for path in cache.iterdir()] == ["bin"]

    def test_that_fails_leaves_no_half_program(self, cache: Path, tmp_path: Path) -> None:
        script = 'while [ "$1" != -o ]; do shift; done; echo half > "$2/server"; echo no space left >&2; exit 1'
        with pytest.raises(ToolError, match="no space left"):
            self.build(program(tmp_path / "go", script), cache)
        assert not self.MODULE.built.exists()
        assert list((cache / "bin").iterdir()) == []

    def test_keeps_the_manifests_of_what_it_built(self, cache: Path, tmp_path: Path) -> None:
        manifest = tmp_path / "module" / "config" / "default" / "kustomization.yaml"
        manifest.parent.mkdir(parents=True)
        manifest.write_text("resources: []\n")
        for folder in (manifest.parent, manifest.parent.parent):
            folder.chmod(0o555)
        build = 'while [ "$1" != -o ]; do shift; done; echo built > "$2/kueue"'
        go = program(tmp_path / "go", f'if [ "$1" = list ]; then echo {tmp_path}/module; else {build}; fi')
        self.build(go, cache, queueing())
        found = tools.QueueingTools(queueing().built / "kueue")
        assert (found.manifests / "kustomization.yaml").read_text() == "resources: []\n"
        assert found.manifests.stat().st_mode & stat.S_IWUSR

    def test_clears_away_what_a_killed_one_left(self, cache: Path, tmp_path: Path) -> None:
        left = cache / "bin" / "go-build-killed" / "gocache"
        left.mkdir(parents=True)
        go = program(tmp_path / "go", 'while [ "$1" != -o ]; do shift; done; echo built > "$2/server"')
        self.build(go, cache)
        assert not left.exists()

    def test_happens_once_where_two_ask_at_the_same_time(self, cache: Path, tmp_path: Path) -> None:
        script = 'echo run >> "$0.runs"; while [ "$1" != -o ]; do shift; done; echo built > "$2/server"'
        go = program(tmp_path / "go", script)
        with pytest.MonkeyPatch.context() as patched, ThreadPoolExecutor(2) as both:
            patched.setattr(tools, "find_go", lambda report: go)
            patched.setattr(tools, "modules", lambda: (self.MODULE,))
            patched.setattr(tools, "Tools", lambda etcd: etcd)
            found = list(both.map(tools.find_tools, [lambda line: None] * 2))
        assert [str(path) for path in found] == [str(self.MODULE.built / "etcd")] * 2
        assert (tmp_path / "go.runs").read_text() == "run\n"

    def build(self, go: Path, cache: Path, module: Module = MODULE) -> None:
        cache.mkdir(exist_ok=True)
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(tools, "find_go", lambda report: go)
            tools._build_all([module], lambda line: None)
