"""The fault harness: kills, power cuts, full disks and cut lines at every step of a delivery (docs/reliability.md).

`python -m tests.faults` is the long form (`make faults`); the tests beside this file run a sample of it.
"""
