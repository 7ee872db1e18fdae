"""The API `vectorizers.dev/v1alpha1` and the contract between operator and trainer, as pydantic models.

The models are the one source of truth; the CRD YAML beside this package is generated from them (`make generate`).
"""

GROUP = "vectorizers.dev"
VERSION = "v1alpha1"
API_VERSION = f"{GROUP}/{VERSION}"

__all__ = ["API_VERSION", "GROUP", "VERSION"]
