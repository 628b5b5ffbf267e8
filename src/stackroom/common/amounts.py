"""Numbers, times and sizes for people to read."""


def duration(seconds: float) -> str:
    """A number of seconds for people to read: "4.2 s", "3 min 20 s", "2 h 5 min"."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes = int(seconds // 60)
    if minutes < 60:
        return f"{minutes} min {int(seconds % 60)} s"
    return f"{minutes // 60} h {minutes % 60} min"


def size(count: int) -> str:
    """A number of bytes for people to read: "3.1 MB"."""
    amount = float(count)
    for unit in ("bytes", "kB", "MB", "GB"):
        if amount < 1000:
            return counted(count, "byte") if unit == "bytes" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"


def counted(count: int, noun: str, plural: str = "") -> str:
    """A number of things for people to read: "1 document", "2,000 documents".

    Args:
        count: how many.
        noun: what one of them is called.
        plural: what several are called, unless that is the same with an s.
    """
    return f"{count:,} {noun if count == 1 else plural or f'{noun}s'}"
