"""The machinery of the bench: a stub model, readers, servers, and what /proc says of these."""
