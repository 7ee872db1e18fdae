"""Accounts: what one is (terms), as objects of a cluster and of a store; made, told to its people, and deleted."""
