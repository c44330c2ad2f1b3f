"""An S3 server with one bucket and two users: `mlflow`, who may use the bucket, and `root`. Keys, certificate and bucket come from the environment."""

import os
import signal
import tempfile

os.environ["AWS_ACCESS_KEY_ID"] = os.environ["AWS_SECRET_ACCESS_KEY"] = "setup"

from moto import settings
from moto.core.authorization import ActionAuthenticatorMixin
from moto.iam.models import iam_backends
from moto.s3.models import s3_backends
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import run_simple

ACCOUNT = "123456789012"
POLICY = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}'


iam = iam_backends[ACCOUNT]["aws"]


def add_user(name: str, key_id: str, secret: str) -> None:
    iam.create_user("us-east-1", name)
    key = iam.create_access_key(name)
    key.access_key_id, key.secret_access_key = key_id, secret
    allow(name)


def allow(name: str) -> None:
    iam.put_user_policy(name, "use", POLICY)


def authenticate(self, iam_request_cls, resource="*", check=ActionAuthenticatorMixin._authenticate_and_authorize_action) -> None:
    # moto knows signatures in headers only; those in URLs it lets pass when authorization is off.
    if "X-Amz-Signature" not in self.uri:
        check(self, iam_request_cls, resource)


add_user("mlflow", os.environ["S3_KEY_ID"], os.environ["S3_KEY"])
add_user("root", "ROOT", "root")
s3_backends[ACCOUNT]["aws"].create_bucket(os.environ["S3_BUCKET"], "us-east-1")
# The commands revoke and restore.
signal.signal(signal.SIGUSR1, lambda *_: iam.delete_user_policy("mlflow", "use"))
signal.signal(signal.SIGUSR2, lambda *_: allow("mlflow"))
settings.INITIAL_NO_AUTH_ACTION_COUNT = 0
ActionAuthenticatorMixin._authenticate_and_authorize_action = authenticate

folder = tempfile.mkdtemp()
for file in ("certificate", "key"):
    with open(f"{folder}/{file}", "w") as stream:
        stream.write(os.environ[f"TLS_{file.upper()}"])
run_simple("0.0.0.0", 9000, DomainDispatcherApplication(create_backend_app), threaded=True, ssl_context=(f"{folder}/certificate", f"{folder}/key"))
