# SPDX-License-Identifier: Apache-2.0
import pathlib
import stat
import tempfile
import unittest

from nova_desktop import exception, keys

MASTER = bytes(range(32))


class KeysTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name, 'key')

    def write(self, text: str, mode: int = 0o600) -> None:
        self.path.touch(0o600)
        self.path.write_text(text)
        self.path.chmod(mode)

    def refused(self, why: str) -> None:
        with self.assertRaisesRegex(exception.BadValue, why) as caught:
            keys.read(str(self.path), '[desktop] host_key_file')
        self.assertIn('[desktop] host_key_file', str(caught.exception))
        self.assertNotIn(MASTER.hex()[:8], str(caught.exception))

    def test_derived_keys_differ_and_stay(self) -> None:
        made = {
            keys.of_host(MASTER, 'desk1'),
            keys.of_host(MASTER, 'desk2'),
            keys.of_host(keys.new(), 'desk1'),
            keys.of_workers(MASTER),
            MASTER,
        }
        self.assertEqual(5, len(made))
        # Hosts would lose their keys over an upgrade that changes this.
        self.assertEqual('c26919f8', keys.of_host(MASTER, 'desk1').hex()[:8])

    def test_written_and_read(self) -> None:
        keys.write(str(self.path), MASTER, '--output')
        self.assertEqual(0o600, stat.S_IMODE(self.path.stat().st_mode))
        self.assertEqual(MASTER, keys.read(str(self.path), 'x'))

    def test_no_key_is_written_over(self) -> None:
        keys.write(str(self.path), MASTER, '--output')
        with self.assertRaisesRegex(exception.BadValue, '--output.* new'):
            keys.write(str(self.path), keys.new(), '--output')
        self.assertEqual(MASTER, keys.read(str(self.path), 'x'))

    def test_group_may_read(self) -> None:
        self.write(MASTER.hex(), 0o640)
        self.assertEqual(MASTER, keys.read(str(self.path), 'x'))

    def test_others_may_not(self) -> None:
        for mode in (0o644, 0o604, 0o660, 0o610):
            self.write(MASTER.hex(), mode)
            self.refused(f'0640, not {mode:04o}')

    def test_what_is_no_key(self) -> None:
        for text in ('', 'x', MASTER.hex()[2:], MASTER.hex() + '00', 'ÿ' * 64):
            self.write(text)
            self.refused('64 hexadecimal')

    def test_no_file(self) -> None:
        self.refused('No such file')
        self.path.mkdir()
        self.refused('Is a directory')
