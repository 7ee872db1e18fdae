"""Figures for Prometheus that are counted as things happen; what is true at the moment is in fleet.py.

Names and labels follow Prometheus's conventions. Every label has few values: those of an enumeration, of the code, or
the platform's accounts. Series of known labels are there from the start with 0, so that a first count is an increase.
"""

import prometheus_client

# Twice the series, and Prometheus finds out about restarts by itself.
prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]
