"""Faults and attacks on real processes, with figures: `python3 dev.py chaos`.

Each experiment keeps one promise of the design under fire, and has a negative control: the same run without
the guard that keeps the promise (`guards`), which must fail. `docs/reliability.md` keeps the figures.
"""
