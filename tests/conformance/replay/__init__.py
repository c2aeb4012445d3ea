"""Ways to replay a case: over the network, or by what decides in Vedette."""
