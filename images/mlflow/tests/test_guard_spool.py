import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import programs

from mlflow_aspire.guard import spool


class SpoolTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        before = tempfile.tempdir
        self.addCleanup(lambda: setattr(tempfile, "tempdir", before))
        tempfile.tempdir = str(self.folder)

    def left_by(self, process: int) -> Path:
        folder = self.folder / f"mlflow-worker-{process}"
        (folder / "tmpx").mkdir(parents=True)
        (folder / "tmpx" / "half of an upload").write_bytes(b"x")
        os.utime(folder, (1, 1))
        return folder

    def test_a_worker_removes_what_the_dead_have_left(self) -> None:
        ended = subprocess.Popen([sys.executable, "-c", ""])
        ended.wait()
        running = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.addCleanup(running.communicate)
        dead, alive, other = self.left_by(ended.pid), self.left_by(running.pid), self.folder / "mlflow-auth-x.ini"
        own = self.left_by(os.getpid())
        other.touch()

        spool.enter()

        self.assertFalse(dead.exists())
        self.assertTrue(alive.exists())
        self.assertTrue(other.exists())
        self.assertEqual(list(own.iterdir()), [])
        self.assertEqual(Path(tempfile.mkdtemp()).parent, own)

    def test_a_forked_worker_has_a_folder_beside_its_parents(self) -> None:
        tempfile.tempdir = str(self.left_by(os.getppid()))
        spool.enter()
        self.assertEqual(Path(tempfile.gettempdir()), self.folder / f"mlflow-worker-{os.getpid()}")

    def test_a_server_begins_with_an_empty_folder(self) -> None:
        alive = self.left_by(os.getppid())
        program = "from mlflow_aspire.guard import spool; import os; spool.read(os.environ); spool.empty()"
        subprocess.run([sys.executable, "-c", program], env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "TMPDIR": str(self.folder)}, check=True, timeout=programs.LIMIT_SECONDS)
        self.assertFalse(alive.exists())

    def test_a_volume_is_emptied(self) -> None:
        self.left_by(os.getpid())
        (self.folder / "mlflow-auth-x.ini").touch()
        os.utime(self.folder / "mlflow-auth-x.ini", (1, 1))
        program = """if True:
            import os, sys, tempfile
            from pathlib import PosixPath
            from mlflow_aspire.guard import spool
            from mlflow_aspire.settings import export
            # As it may have been asked for before.
            tempfile.gettempdir()
            spool._VOLUME = type("Volume", (PosixPath,), {"is_mount": lambda self: True})(sys.argv[1])
            export(os.environ, [spool.read(os.environ)])
            PosixPath(sys.argv[1], "of this start").touch()
            spool.empty()
            print(tempfile.gettempdir(), os.environ["TMPDIR"])"""
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(sys.path)}
        result = subprocess.run([sys.executable, "-c", program, str(self.folder)], env=environment, capture_output=True, text=True, timeout=programs.LIMIT_SECONDS)
        self.assertEqual(result.stdout, f"{self.folder} {self.folder}\n", result.stderr)
        self.assertEqual([left.name for left in self.folder.iterdir()], ["of this start"])

    def test_no_folder_is_one_line(self) -> None:
        program = "import os, tempfile; tempfile._candidate_tempdir_list = lambda: ['/proc']\nfrom mlflow_aspire.guard import spool; spool.read(os.environ)"
        result = subprocess.run([sys.executable, "-c", program], env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}, capture_output=True, text=True, timeout=programs.LIMIT_SECONDS)
        self.assertRegex(result.stderr, "SettingError: TMPDIR names no folder that can be written to")
