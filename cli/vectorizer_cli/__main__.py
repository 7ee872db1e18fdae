"""`vectorizer`: one file a group of commands, loaded when one of its commands is called.

`vectorizer --help` must answer at once, and the groups bring torch or the Kubernetes client with them.
"""

import os
import shlex
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path

import typer
from vectorizer_trainer.libraries import prepare_libraries

PLUGIN = "kubectl-vectorizer"
"""What kubectl looks for on the path when it is called as `kubectl vectorizer`."""

COMMANDS: Mapping[str, Mapping[str, str]] = {
    "vectorizer_cli.local": {
        "train": "Fine-tune a vectorizer on a folder of this machine.",
        "embed": "Embed files and write their vectors.",
    },
    "vectorizer_cli.fetch": {
        "fetch": "Download the files of a list of URLs, and say what became of each.",
    },
    "vectorizer_cli.use": {
        "search": "Find the files of a folder that are nearest to a file or a text.",
        "export": "Write a vectorizer's network as an ONNX file.",
    },
    "vectorizer_cli.base": {
        "base": "Import and list the bases that fine-tuning starts from.",
    },
    "vectorizer_cli.request": {
        "request": "Print the VectorizerFineTune for a request JSON, or say which field breaks the specification.",
    },
    "vectorizer_cli.plan": {
        "plan": "Say what a request would come to: whether it is accepted, on which files, how long, what it needs.",
    },
    "vectorizer_cli.cluster": {
        "list": "List an account's fine-tunes and vectorizers.",
        "describe": "Tell all that is known of a fine-tune or vectorizer, and what to do next.",
        "progress": "Draw how far a fine-tune is, until it ends.",
        "lineage": "Draw which vectorizer was tuned from which, down from their bases.",
        "cancel": "End a fine-tune that has not ended yet, and delete it; nothing of it is published.",
    },
    "vectorizer_cli.results": {
        "logs": "Print the log of a run; it outlasts the run's pod.",
        "report": "Open the report on a fine-tuning in a browser, and print where the page is.",
        "download": "Bring a vectorizer to this machine, with its report; every file is verified.",
    },
    "vectorizer_cli.account": {
        "account": "Make and delete accounts: namespace, buckets, users.",
    },
}
"""Module -> its commands, each with the line that the help shows."""


def application(arguments: Sequence[str]) -> typer.Typer:
    """The app with every command's name, and with the real commands of the group that the arguments call."""
    called = next((word for word in arguments or _completed() if not word.startswith("-")), None)
    app = typer.Typer(
        name="vectorizer",
        help="Fine-tune vectorizers (embedding models), on a cluster or on this machine.",
        no_args_is_help=True,
        pretty_exceptions_show_locals=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    for module, commands in COMMANDS.items():
        if called in commands:
            app.add_typer(import_module(module).app)
        else:
            _name(app, commands)
    return app


def main() -> None:
    """Run the command line, by its own name or as `kubectl vectorizer`."""
    prepare_libraries()
    is_plugin = Path(sys.argv[0]).name == PLUGIN
    application(sys.argv[1:])(prog_name="kubectl vectorizer" if is_plugin else "vectorizer")


def complete_for_kubectl() -> None:
    """Print what kubectl offers for the last of its arguments, and that these are no files.

    kubectl (1.26 and newer) calls the program `kubectl_complete-NAME` for its plugin NAME, and reads a candidate a line
    and then a colon and a number, of which 4 means: nothing else.
    """
    words = ["vectorizer", *sys.argv[1:]]
    os.environ |= {
        "_VECTORIZER_COMPLETE": "complete_bash",
        "COMP_WORDS": shlex.join(words),
        "COMP_CWORD": str(len(words) - 1),
    }
    with suppress(SystemExit):
        application([])(prog_name="vectorizer")
    sys.stdout.write(":4\n")


def _completed() -> Sequence[str]:
    """The words of the line that a shell wants completed."""
    words = os.environ.get("COMP_WORDS") or os.environ.get("_TYPER_COMPLETE_ARGS") or ""
    try:
        return shlex.split(words)[1:]
    except ValueError:  # a quotation mark is still open
        return words.split()[1:]


def _name(app: typer.Typer, commands: Mapping[str, str]) -> None:
    for command, line in commands.items():

        @app.command(command, help=line)
        def named_only() -> None:
            """Stands for a command of a group that was not loaded."""


if __name__ == "__main__":
    main()
