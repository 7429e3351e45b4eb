"""Many villages, one centre, a bad network and worse luck, from one seed: the real session, stores and rule book run on
virtual time, and every promise of the system is checked while things break and after they are mended."""
