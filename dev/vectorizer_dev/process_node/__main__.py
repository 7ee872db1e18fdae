"""Run the process node until it is told to stop."""

import argparse
import asyncio
import logging
import signal
from dataclasses import dataclass
from pathlib import Path

from vectorizer_dev.process_node.api import Login, connect, login
from vectorizer_dev.process_node.capacity import Capacity
from vectorizer_dev.process_node.logs import LogEndpoint, serve_logs
from vectorizer_dev.process_node.node import ProcessNode
from vectorizer_dev.process_node.scheduler import Scheduler


@dataclass(frozen=True)
class Configuration:
    """All that the node is told."""

    name: str
    folder: Path
    as_node: Login
    as_scheduler: Login
    logs: LogEndpoint


async def serve(configuration: Configuration) -> None:
    """Register the node, bind and run pods until cancelled; the containers end with this process."""
    name, logs = configuration.name, configuration.logs
    capacity = Capacity.of_this_machine({"kubernetes.io/hostname": name, "kubernetes.io/os": "linux"})
    async with (
        connect(configuration.as_node) as api,
        connect(configuration.as_scheduler) as scheduler_api,
        asyncio.TaskGroup() as tasks,
    ):
        node = ProcessNode(name, api, configuration.folder, capacity, logs.port)
        async with serve_logs(logs, logs.tls(), node.life):
            await node.register()
            scheduler = Scheduler(scheduler_api, name, capacity, node.pods)
            node.room_changed = scheduler.look_again
            tasks.create_task(scheduler.follow_pending())
            tasks.create_task(scheduler.bind())
            await node.follow_pods()


async def _until_signal(configuration: Configuration) -> None:
    serving = asyncio.create_task(serve(configuration))
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, serving.cancel)
    try:
        await serving
    except asyncio.CancelledError:
        logging.getLogger(__name__).info("stopped")


def main() -> None:
    """Read the arguments and serve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--name", required=True)
    for path in ("folder", "kubeconfig", "scheduler-kubeconfig", "certificate", "key", "client-authority"):
        parser.add_argument(f"--{path}", type=Path, required=True)
    parser.add_argument("--log-port", type=int, required=True)
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    logs = LogEndpoint(given.log_port, given.certificate, given.key, given.client_authority)
    identities = login(given.kubeconfig), login(given.scheduler_kubeconfig)
    asyncio.run(_until_signal(Configuration(given.name, given.folder, *identities, logs)))


if __name__ == "__main__":
    main()
