"""PostgreSQL and Valkey for one machine, started from their wheels and kept in one data directory."""
