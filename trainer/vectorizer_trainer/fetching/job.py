"""A fetch as the platform runs it: from its description to the staged files and the report on each URL."""

import logging
from collections import Counter
from ipaddress import ip_network
from urllib.parse import urlsplit

from vectorizer_api.fetch import FetchDescription, FetchedUrl, FetchReport, UrlRules
from vectorizer_api.names import FETCH_REPORT_FILE, LOG_FILE, STAGED_FILES_FOLDER, URLS_FILE
from vectorizer_api.run import S3Endpoint

from vectorizer_trainer.fetching.fetcher import Fetcher, Observer, Place
from vectorizer_trainer.fetching.listing import LARGEST_LIST, read_list
from vectorizer_trainer.fetching.resolving import Resolver, addresses_near, ask_system
from vectorizer_trainer.fetching.urls import without_secrets
from vectorizer_trainer.wording import counted
from vectorizer_trainer.workplace import Workplace

__all__ = ["run_fetch"]

_log = logging.getLogger(__name__)


def run_fetch(
    run: FetchDescription, place: Workplace, observer: Observer, resolve: Resolver = ask_system
) -> list[FetchedUrl]:
    """Stage the files of the URLs, then the report; raises BadInput, OverLimit and StorageError."""
    urls = [*run.urls, *_listed(run, place)]
    fetcher = Fetcher(_without_storage(run.rules, run.s3), run.limits, run.fetch_limits, resolve)
    staging = place.open_store(f"{run.output}{STAGED_FILES_FOLDER}")
    fetched = fetcher.fetch(urls, run.content_type, Place(staging, place.folder), observer)
    told = [result.told_to_account() for result in fetched.results]
    report = [row.model_copy(update={"url": without_secrets(row.url)}) for row in told]
    for outcome, number in Counter(row.outcome for row in report).items():
        _log.info("%s: %s", outcome, counted(number, "URL"))
    output = place.open_store(run.output)
    output.put(FETCH_REPORT_FILE, FetchReport.dump_json(report, by_alias=True))
    if place.log.exists():
        output.upload(LOG_FILE, place.log)
    fetched.check_total(run.limits)
    return report


def _listed(run: FetchDescription, place: Workplace) -> list[str]:
    if run.url_list is None:
        return []
    return read_list(place.open_store(run.url_list).read(URLS_FILE, LARGEST_LIST + 1), URLS_FILE)


def _without_storage(rules: UrlRules, s3: S3Endpoint | None) -> UrlRules:
    """The rules, and the object store's own addresses denied: this Job can reach it, and no URL shall."""
    if s3 is None:
        return rules
    own = tuple(ip_network(address) for address in addresses_near(urlsplit(f"//{s3.endpoint}").hostname or ""))
    return rules.model_copy(update={"denied_networks": (*rules.denied_networks, *own)})
