"""The rule book of the centre: pure, without input or output, clock or chance."""
