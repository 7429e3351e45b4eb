"""How lists that people exchange are read: the village and the centre must find the same rows and numbers in one file."""
