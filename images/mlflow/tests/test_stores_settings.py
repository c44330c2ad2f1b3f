import io
import os
import stat
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import paramiko

from mlflow_aspire.errors import SettingError
from mlflow_aspire.settings import export
from mlflow_aspire.stores import Store, checks, files


def private_key(kind: type[paramiko.PKey] = paramiko.RSAKey) -> str:
    text = io.StringIO()
    kind.generate(bits=2048 if kind is paramiko.RSAKey else 256).write_private_key(text)
    return text.getvalue()


class FilesTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.home = Path(folder.name)
        self.enterContext(mock.patch.dict(os.environ, {"HOME": folder.name}))

    def test_contents_become_files_that_their_library_finds(self) -> None:
        for name in ("AWS_CA_BUNDLE", "AWS_SHARED_CREDENTIALS_FILE", "GOOGLE_APPLICATION_CREDENTIALS"):
            content = f"{name}_CONTENT"
            with self.subTest(content):
                environment = {content: "line 1\nline 2"}
                export(environment, [Store(None, files.read(environment), ())])
                self.assertEqual([name], list(environment))
                self.assertEqual("line 1\nline 2\n", Path(environment[name]).read_text())
                self.expect_private(Path(environment[name]))

    def test_keys_of_ssh_lie_where_pysftp_looks(self) -> None:
        environment = {files.SFTP_KEY: "key", files.SFTP_KNOWN_HOSTS: "host ssh-rsa AAAA"}
        export(environment, [Store(None, files.read(environment), ())])
        self.assertEqual({}, environment)
        self.assertEqual("key\n", (self.home / ".ssh/id_rsa").read_text())
        self.assertEqual("host ssh-rsa AAAA\n", (self.home / ".ssh/known_hosts").read_text())
        self.expect_private(self.home / ".ssh/id_rsa")

    def test_a_content_and_a_path_at_once(self) -> None:
        with self.assertRaisesRegex(SettingError, "^AWS_CA_BUNDLE_CONTENT and AWS_CA_BUNDLE are both set"):
            files.read({"AWS_CA_BUNDLE_CONTENT": "pem", "AWS_CA_BUNDLE": "/etc/ca.pem"})

    def expect_private(self, file: Path) -> None:
        self.assertEqual(0o600, stat.S_IMODE(file.stat().st_mode))
        self.assertEqual(0o700, stat.S_IMODE(file.parent.stat().st_mode))


class S3Test(unittest.TestCase):
    def test_upload_arguments_that_s3_knows(self) -> None:
        checks.check("s3", {"MLFLOW_S3_UPLOAD_EXTRA_ARGS": '{"StorageClass": "STANDARD_IA"}'})

    def test_others(self) -> None:
        for text, problem in (("[]", "accepted: a JSON object"), ("{", "accepted: a JSON object"), ('{"StorageKlass": "x"}', "has StorageKlass; accepted: ACL, ")):
            with self.subTest(text), self.assertRaisesRegex(SettingError, f"^MLFLOW_S3_UPLOAD_EXTRA_ARGS .*{problem}"):
                checks.check("s3", {"MLFLOW_S3_UPLOAD_EXTRA_ARGS": text})


class SftpTest(unittest.TestCase):
    def test_a_key_that_pysftp_reads(self) -> None:
        checks.check("sftp", {files.SFTP_KEY: private_key(), files.SFTP_KNOWN_HOSTS: "host ssh-rsa AAAA"})

    def test_another_key(self) -> None:
        for key in (private_key(paramiko.ECDSAKey), "no key"):
            with self.subTest(key[:30]), self.assertRaisesRegex(SettingError, "^MLFLOW_SFTP_PRIVATE_KEY is not accepted; accepted: an RSA private key"):
                checks.check("sftp", {files.SFTP_KEY: key, files.SFTP_KNOWN_HOSTS: "host ssh-rsa AAAA"})

    def test_a_missing_key(self) -> None:
        with self.assertRaisesRegex(SettingError, "^MLFLOW_SFTP_PRIVATE_KEY is not set"):
            checks.check("sftp", {})
        with self.assertRaisesRegex(SettingError, "^MLFLOW_SFTP_KNOWN_HOSTS is not set"):
            checks.check("sftp", {files.SFTP_KEY: private_key()})


class HdfsTest(unittest.TestCase):
    def test_all_that_is_missing_is_named(self) -> None:
        for scheme in ("hdfs", "viewfs"):
            with self.subTest(scheme), self.assertRaisesRegex(SettingError, r"^MLFLOW_ARTIFACTS_DESTINATION .*libhdfs\.so.*Java \(JAVA_HOME\)"):
                checks.check(scheme, {})

    def test_an_image_with_a_hadoop_client(self) -> None:
        with tempfile.TemporaryDirectory() as folder, mock.patch("importlib.util.find_spec"):
            for file in ("java/bin/java", "hadoop/lib/native/libhdfs.so"):
                Path(folder, file).parent.mkdir(parents=True)
                Path(folder, file).touch()
            checks.check("hdfs", {"JAVA_HOME": f"{folder}/java", "HADOOP_HOME": f"{folder}/hadoop"})


if __name__ == "__main__":
    unittest.main()
