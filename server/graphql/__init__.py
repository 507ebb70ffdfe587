"""GraphQL as it comes and goes: over HTTP, as server-sent events, on websockets."""
