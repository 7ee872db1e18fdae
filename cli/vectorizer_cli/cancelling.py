"""The end of a fine-tune before its own."""

from vectorizer_api.fine_tune import FineTune
from vectorizer_trainer.errors import BadInput

from vectorizer_cli.following import has_ended
from vectorizer_cli.tenant import FINE_TUNES, Tenant

__all__ = ["cancel_fine_tune"]


def cancel_fine_tune(tenant: Tenant, fine_tune: FineTune) -> None:
    """Delete a fine-tune that has not ended; raises BadInput where it has, or is another one by now."""
    name = fine_tune.metadata.name
    if has_ended(fine_tune):
        phase = fine_tune.status.phase if fine_tune.status else ""
        raise BadInput(
            f"The fine-tune {name} has ended ({phase}): there is nothing to cancel.",
            hint=f"`kubectl delete vectorizerfinetune {name}` takes it away; the vectorizer that it made stays.",
        )
    if not tenant.delete(FINE_TUNES, name, fine_tune.metadata.uid):
        raise BadInput(f"The fine-tune {name} was deleted or made anew meanwhile.", hint="Look again, then repeat it.")
