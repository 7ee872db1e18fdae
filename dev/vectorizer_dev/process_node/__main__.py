"""Run the process node until it is told to stop."""

import argparse
import asyncio
import logging
import signal
from pathlib import Path

from vectorizer_dev.process_node.api import Login, connect, login
from vectorizer_dev.process_node.capacity import Capacity
from vectorizer_dev.process_node.node import ProcessNode
from vectorizer_dev.process_node.scheduler import Scheduler


async def serve(name: str, folder: Path, as_node: Login, as_scheduler: Login) -> None:
    """Register the node, bind and run pods until cancelled; the containers end with this process."""
    capacity = Capacity.of_this_machine({"kubernetes.io/hostname": name, "kubernetes.io/os": "linux"})
    async with connect(as_node) as api, connect(as_scheduler) as scheduler_api, asyncio.TaskGroup() as tasks:
        node = ProcessNode(name, api, folder, capacity)
        await node.register()
        scheduler = Scheduler(scheduler_api, name, capacity, node.pods)
        node.room_changed = scheduler.look_again
        tasks.create_task(node.follow_pods())
        tasks.create_task(scheduler.follow_pending())
        tasks.create_task(scheduler.bind())


async def _until_signal(arguments: argparse.Namespace) -> None:
    as_node, as_scheduler = login(arguments.kubeconfig), login(arguments.scheduler_kubeconfig)
    serving = asyncio.create_task(serve(arguments.name, arguments.folder, as_node, as_scheduler))
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
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--kubeconfig", type=Path, required=True)
    parser.add_argument("--scheduler-kubeconfig", type=Path, required=True)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    asyncio.run(_until_signal(parser.parse_args()))


if __name__ == "__main__":
    main()
