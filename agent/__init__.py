"""A village's own server: issues letters, takes proposals and keeps the registers, with or without the network."""
