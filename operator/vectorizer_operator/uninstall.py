"""`python -m vectorizer_operator.uninstall`: take the operator's finalizers off every vectorizer, once it is gone.

Whoever deletes a vectorizer or its namespace later would wait for it otherwise. Nothing else is deleted.
"""

import asyncio
import logging
import os
import sys
from collections.abc import Sequence

from vectorizer_operator.errors import Denied, Stale, Unavailable
from vectorizer_operator.kube import VECTORIZERS, Kube, NoSuchKind, Object
from vectorizer_operator.vectorizers import DELETE_ARTIFACT, IN_USE

REQUEST_SECONDS = 30.0

log = logging.getLogger("vectorizer_operator")


def main() -> None:
    """Log in, take them off, and end; a failure is told, for the Job to try again."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    namespaces = [name.strip() for name in os.environ.get("VECTORIZER_NAMESPACES", "").split(",") if name.strip()]
    try:
        asyncio.run(_release(namespaces))
    except NoSuchKind:
        log.info("the CRDs are gone, and every vectorizer with them")
    except (Denied, Stale, Unavailable) as error:
        sys.exit(f"vectorizer-operator: the finalizers were not all removed: {error}")


async def _release(namespaces: Sequence[str]) -> None:
    kube = await Kube.connect(REQUEST_SECONDS)
    try:
        everywhere: Sequence[str | None] = [None]
        for namespace in namespaces or everywhere:
            async for body in kube.items(VECTORIZERS, namespace):
                await _let_go(kube, body)
    finally:
        await kube.close()


async def _let_go(kube: Kube, body: Object) -> None:
    metadata = body["metadata"]
    there = metadata.get("finalizers") or []
    others = [name for name in there if name not in {IN_USE, DELETE_ARTIFACT}]
    if others == there:
        return
    patch = {"metadata": {"resourceVersion": metadata["resourceVersion"], "finalizers": others}}
    await kube.merge(VECTORIZERS, metadata["namespace"], metadata["name"], patch)
    log.info("%s/%s: the operator's finalizers are removed", metadata["namespace"], metadata["name"])


if __name__ == "__main__":
    main()
