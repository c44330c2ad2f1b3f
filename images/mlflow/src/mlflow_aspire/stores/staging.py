"""Uploads to stores that show a file from its first byte on: it is written elsewhere and moved to its place when it is complete."""

import posixpath
import uuid

STAGING = ".uploading"


def staging_folder(root: str) -> str:
    """A folder that no listing of a run or a model shows, in the same file system."""
    return posixpath.join(root, STAGING)


def staging_file(root: str) -> str:
    return posixpath.join(staging_folder(root), uuid.uuid4().hex)
