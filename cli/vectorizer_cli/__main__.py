"""`vectorizer`: one file a group of commands, loaded when one of its commands is called.

`vectorizer --help` must answer at once, and the groups bring torch or the Kubernetes client with them.
"""

import sys
from collections.abc import Mapping, Sequence
from importlib import import_module

import typer
from vectorizer_trainer.libraries import prepare_libraries

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
    "vectorizer_cli.account": {
        "account": "Make accounts: namespace, buckets and FTP user.",
    },
}
"""Module -> its commands, each with the line that the help shows."""


def application(arguments: Sequence[str]) -> typer.Typer:
    """The app with every command's name, and with the real commands of the group that the arguments call."""
    called = next((argument for argument in arguments if not argument.startswith("-")), None)
    app = typer.Typer(
        name="vectorizer",
        help="Fine-tune vectorizers (embedding models), on a cluster or on this machine.",
        no_args_is_help=True,
        add_completion=False,
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
    """Run the command line."""
    prepare_libraries()
    application(sys.argv[1:])()


def _name(app: typer.Typer, commands: Mapping[str, str]) -> None:
    for command, line in commands.items():

        @app.command(command, help=line)
        def named_only() -> None:
            """Stands for a command of a group that was not loaded."""


if __name__ == "__main__":
    main()
