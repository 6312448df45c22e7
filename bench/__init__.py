"""What the host side costs: measurements that `./dev bench` runs."""
