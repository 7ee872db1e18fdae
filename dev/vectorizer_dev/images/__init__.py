"""The product's images: built without a daemon or a registry, and tried."""
