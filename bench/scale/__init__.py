"""What the operator costs as its cluster grows: latency, throughput, memory, requests, restarts, fairness."""
