"""Files from URLs that anybody may have written: downloaded from the public internet, and from nowhere else.

A URL passes four gates, each of which needs none of those behind it: how it is spelt (`urls`, `hosts`), where its host
leads (`resolving`, `addresses`), whom the connection proves to end at (`connection`), and what comes over it (`body`,
`kinds`, `watch`, `budget`). A redirect begins at the first gate again.
"""

from vectorizer_trainer.fetching.fetcher import Fetched, Fetcher, Place
from vectorizer_trainer.fetching.listing import read_list
from vectorizer_trainer.fetching.progress import FetchProgress

__all__ = ["FetchProgress", "Fetched", "Fetcher", "Place", "read_list"]
