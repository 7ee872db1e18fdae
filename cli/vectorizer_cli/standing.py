"""How a request stands where it would run: what speaks against it, and what it waits for."""

from dataclasses import dataclass, field

from vectorizer_api.acceptance import Objection
from vectorizer_api.run import ExitCode
from vectorizer_trainer.errors import RunError

from vectorizer_cli.plan_document import Fault

__all__ = ["Standing", "fault_of"]


@dataclass
class Standing:
    """What was found so far."""

    base: str = ""
    """Name of the base that the start descends from; empty where the platform chooses it."""
    faults: list[Fault] = field(default_factory=list)
    waits_for: list[str] = field(default_factory=list)
    not_checked: list[str] = field(default_factory=list)

    def object_to(self, objection: Objection | None) -> None:
        """Note an objection, where there is one."""
        if objection is None:
            return
        if objection.is_final:
            self.refuse(objection.reason, objection.message)
        else:
            self.waits_for.append(objection.message)

    def refuse(self, reason: str, message: str, hint: str = "") -> None:
        """Note why the request would be refused."""
        self.faults.append(Fault(reason=reason, message=message, hint=hint, exit_code=ExitCode.BAD_INPUT))


def fault_of(error: RunError) -> Fault:
    """What the run would end with."""
    return Fault(reason=error.reason, message=str(error), hint=error.hint, exit_code=error.exit_code)
