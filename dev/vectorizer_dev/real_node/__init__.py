"""A real node on this machine: kubelet, containerd, runc and a bridge of its own, all gone at the end."""
