"""What every step is given to work with."""

from dataclasses import dataclass

from vectorizer_operator.follow import Follower
from vectorizer_operator.known import Known
from vectorizer_operator.kube import Kube
from vectorizer_operator.profiles import Profiles
from vectorizer_operator.records import Records
from vectorizer_operator.reservations import Reservations
from vectorizer_operator.settings import Settings
from vectorizer_operator.storage import Storage
from vectorizer_operator.turns import Turns


@dataclass(frozen=True)
class Services:
    """The connections and memories of one operator process."""

    settings: Settings
    kube: Kube
    storage: Storage
    records: Records
    follower: Follower
    profiles: Profiles
    known: Known
    reservations: Reservations
    turns: Turns
