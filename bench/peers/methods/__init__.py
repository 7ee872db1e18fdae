"""One peer a module, each run in an environment of its own; none imports anything of the trainer."""
