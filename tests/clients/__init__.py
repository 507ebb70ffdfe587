"""Third-party suites and clients, at the versions that package.json and requirements/ pin, as judges."""
