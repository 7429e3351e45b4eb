"""The village's rule book: letters, numbers, residents. Pure: no input or output, no clock, no chance."""
