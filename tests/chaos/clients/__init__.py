"""Who asks, listens and moves things while an experiment goes on."""
