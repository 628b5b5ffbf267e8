"""What is tried to lose or to stop something: kills, failing disks, bombs, floods, long runs.

What measures speed is one folder up.
"""
