"""Numbers as lib0 writes them, the encoding under Yjs, y-protocols and the marks of y-prosemirror."""


def varint(number: int) -> bytes:
    """A whole number, not negative: seven bits a byte, the lowest first (lib0's `writeVarUint`)."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)
