"""The platform's rules for URLs, as a command is told them."""

from pathlib import Path
from typing import Annotated

import typer
import yaml
from pydantic import ValidationError
from vectorizer_api.fetch import UrlRules
from vectorizer_trainer.errors import BadInput

__all__ = ["UrlRulesFile", "read_rules"]

UrlRulesFile = Annotated[
    Path | None,
    typer.Option(
        envvar="VECTORIZER_URL_RULES",
        help="A YAML or JSON file that allows URLs more than https on port 443 of a public address: schemes, ports, "
        "allowedNetworks, deniedNetworks, certificates; docs/file-urls.md has an example.",
    ),
]
"""The option of every command that downloads."""

_HINT = "docs/file-urls.md lists the fields."


def read_rules(path: Path | None) -> UrlRules:
    """The rules in a file, by default those that allow nothing special; raises BadInput."""
    if path is None:
        return UrlRules()
    try:
        return UrlRules.model_validate(yaml.safe_load(path.read_bytes()) or {})
    except OSError as error:
        raise BadInput(f"--url-rules {path} cannot be read: {error.strerror}.", hint="Name a file.") from None
    except yaml.YAMLError:
        raise BadInput(f"--url-rules {path} is neither YAML nor JSON.", hint=_HINT) from None
    except ValidationError as error:
        faults = "\n".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
        raise BadInput(f"--url-rules {path} cannot be used:\n{faults}", hint=_HINT) from None
