"""What stands between the network and the endpoints: protocols, limits, headers, ids."""
