"""Timeouts of asyncio."""

from asyncio import Timeout, timeout, timeout_at

__all__ = ["Timeout", "timeout", "timeout_at"]
__version__ = "5.0.1"
