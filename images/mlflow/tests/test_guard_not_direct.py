"""The guard holds without the direct way to Flask, by the middlewares that MLflow has."""

import test_guard_bodies
import test_guard_rights
import test_guard_transfers
from guarded import GuardedTest

NOT_DIRECT = {"MLFLOW_SERVER_DIRECT_ROUTES": "false"}


class BodyNotDirect(test_guard_bodies.BodyTest):
    settings = {**GuardedTest.settings, **NOT_DIRECT}


class DownloadNotDirect(test_guard_transfers.DownloadTest):
    settings = NOT_DIRECT


class BasicAuthRightsNotDirect(test_guard_rights.BasicAuthRights):
    settings = NOT_DIRECT


class OidcRightsNotDirect(test_guard_rights.OidcRights):
    settings = NOT_DIRECT


# Imported for the settings.
del GuardedTest
