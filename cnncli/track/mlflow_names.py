"""Names of parameters and metrics as MLflow takes them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from hashlib import sha256

LONGEST = 250
"""Characters."""


def accepted_names(names: Iterable[str]) -> dict[str, str]:
    """Names as MLflow takes them, by ours: `acc@5` becomes `acc_5`; no two become the same."""
    accepted: dict[str, str] = {}
    for name in dict.fromkeys(names):
        plain = re.sub(r"[^\w\-. :]", "_", name)
        plain = f"_{plain}" if plain.startswith((".", " ")) or not plain.strip() else plain
        if len(plain) > LONGEST or plain in accepted.values():
            plain = f"{plain[: LONGEST - 9]}_{sha256(name.encode()).hexdigest()[:8]}"
        accepted[name] = plain
    return accepted
