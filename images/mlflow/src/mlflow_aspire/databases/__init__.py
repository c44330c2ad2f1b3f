"""The PostgreSQL databases: their addresses, who signs in to them, their schemas, and what happens when one does not answer."""

from .uris import BACKEND, BASIC_AUTH, OIDC_AUTH, READ_REPLICA, Databases, read

__all__ = ["BACKEND", "BASIC_AUTH", "OIDC_AUTH", "READ_REPLICA", "Databases", "read"]
