"""What a village box and the centre must agree on, byte for byte and answer for answer.

Pure: no input or output, no clock, no randomness. Whatever two independent implementations would not have to agree
on belongs to `agent` or `central`. `docs/protocol.md` tells the same in words; tests hold the two together.
"""

VERSION = 1
"""The protocol version this program speaks; a hello offers a range, the centre answers within it."""
