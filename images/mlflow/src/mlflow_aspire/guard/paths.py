"""Names of artifacts that the store would keep under another name, or not at all.

MLflow decodes a name until nothing is left to decode, looks for `..` between slashes, and leaves the rest to the library of the store, of which some
take a backslash for a slash. So different names fall together, or lead out of their folder.
"""

import re
import unicodedata

# What blob storage and S3 take. The store's own folder is added to it.
_PATH_CHARACTERS = 900
# What file systems take, and the server's own when it needs a file.
_NAME_BYTES = 255

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_ENCODED = re.compile(r"%[0-9A-Fa-f]{2}")
_DRIVE = re.compile(r"[A-Za-z]:")


def problem(path: str) -> str | None:
    """What keeps a path, decoded once, from being that of an artifact; None when nothing does. An empty path is the root."""
    if _CONTROL.search(path):
        return "it has a control character"
    if "\ufffd" in path or any("\ud800" <= character <= "\udfff" for character in path):
        return "it is not UTF-8"
    if "\\" in path:
        return "it has a backslash"
    if _ENCODED.search(path):
        return "it has an encoded character, as in %20, after it has been decoded"
    if "#" in path:
        return "it has a '#'"
    if path.startswith("/") or _DRIVE.match(path):
        return "it is absolute"
    if len(path) > _PATH_CHARACTERS:
        return f"it is longer than {_PATH_CHARACTERS} characters"
    for name in path.split("/"):
        plain = unicodedata.normalize("NFKC", name)
        if plain in (".", "..") or "/" in plain or "\\" in plain:
            return f"the name {name!r} is, or stands for, '.', '..', a slash or a backslash"
        if len(name.encode()) > _NAME_BYTES:
            return f"a name is longer than {_NAME_BYTES} bytes"
    return None
