"""A node of the development cluster that runs a pod's container as a local process: no root, no images, no isolation.

It is not a kubelet. It takes pods with one container and `restartPolicy: Never` or `Always`, whose command it finds on
this machine; it mounts nothing, so it makes each volume an own directory and replaces the mountPath prefixes in
command, arguments and environment by these; it resolves no names, so it replaces those of pods behind a headless
Service by their address; a container that would find its service account's token at the usual place finds a kubeconfig
with that token by `KUBECONFIG`. It enforces no limits and no security context, refreshes no mounted Secret, runs no
probes and no init containers. What it does, it reports as a kubelet would.
"""
