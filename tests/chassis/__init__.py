"""What chassis promises, held against real files, sockets and processes."""
