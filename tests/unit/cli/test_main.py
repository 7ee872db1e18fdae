"""`vectorizer`: every command is named, and only the called one's group is loaded."""

import subprocess
import sys
from importlib import import_module

import pytest
import typer
from typer.testing import CliRunner
from vectorizer_api.request import Switches
from vectorizer_cli.__main__ import COMMANDS, application

NAMES = [(module, command) for module, commands in COMMANDS.items() for command in commands]
HEAVY = ["torch", "numpy", "kubernetes", "minio", "transformers"]


def test_help_names_every_command_and_loads_no_heavy_library() -> None:
    code = (
        "import sys; from vectorizer_cli.__main__ import application\n"
        "try: application(['--help'])(['--help'])\n"
        f"finally: print([name for name in {HEAVY} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert all(command in done.stdout for _, command in NAMES)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(("module", "command"), NAMES)
def test_the_line_in_the_help_is_the_command_s_own(module: str, command: str) -> None:
    app = application([command])
    own = CliRunner().invoke(app, [command, "--help"], env={"COLUMNS": "200"})
    assert own.exit_code == 0
    assert " ".join(COMMANDS[module][command].split()) in " ".join(own.output.split())


@pytest.mark.parametrize("module", COMMANDS)
def test_each_group_is_a_module_with_an_app(module: str) -> None:
    assert isinstance(import_module(module).app, typer.Typer)


def test_an_unknown_command_is_refused_by_name() -> None:
    done = CliRunner().invoke(application(["trian"]), ["trian"])
    assert done.exit_code == 2
    assert "trian" in done.output


@pytest.mark.parametrize("command", ["train", "request"])
def test_a_command_that_takes_a_request_lists_the_switches_as_the_request_spells_them(command: str) -> None:
    said = CliRunner().invoke(application([command]), [command, "--help"], env={"COLUMNS": "80"}).output
    listed = {word.rstrip(",.") for word in said.split()}
    assert set(Switches.model_fields) <= listed


def test_the_help_says_how_a_vectorizer_is_looked_up() -> None:
    said = CliRunner().invoke(application(["train"]), ["train", "--help"], env={"COLUMNS": "200"}).output
    assert "by the name that they were given" in " ".join(said.replace("│", " ").split())
