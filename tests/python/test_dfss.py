"""The Python client against real peers, and the wire protocol as docs/protocol.md says it.

    DFSS_SHELL=<path of dfss.dll> python3 tests/python/test_dfss.py

Needs Python 3.11 and python3-msgpack. Starts the peers itself, on free ports and temporary folders, and ends them.
"""

from __future__ import annotations

import ast
import dataclasses
import errno
import fcntl
import hashlib
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import unicodedata
import unittest
from pathlib import Path
from unittest import mock

import msgpack

sys.dont_write_bytecode = True
ROOT = Path(__file__).resolve().parents[2]
CLIENT = ROOT / "examples" / "python" / "dfss.py"
sys.path.insert(0, str(CLIENT.parent))

import dfss  # noqa: E402

Code = dfss.Code
MIB = 1024 * 1024
UTF_8 = {"LC_ALL": "C.UTF-8", "PYTHONUTF8": "1"}
TIME_LIMIT = 60  # seconds; only a hang reaches it
PROMPT = """$ErrorActionPreference = 'Stop'
while ($null -ne ($line = [Console]::In.ReadLine())) {
  try {
    foreach ($result in (. ([scriptblock]::Create($line)))) { [Console]::Out.WriteLine("$result") }
    [Console]::Out.WriteLine('== done')
  } catch { [Console]::Out.WriteLine("== failed $_") }
}"""


class Shell:
    """A dfss process that runs one line of PowerShell after the other."""

    def __init__(self) -> None:
        path = os.environ.get("DFSS_SHELL")
        if not path or not os.path.isfile(path):
            raise RuntimeError(f"DFSS_SHELL must be the path of a built dfss.dll; it is {path!r}")
        self._process = subprocess.Popen(["dotnet", path, "-Command", PROMPT], stdin=subprocess.PIPE,
                                         stdout=subprocess.PIPE, encoding="utf-8", env=os.environ | UTF_8)

    def run(self, line: str) -> list[str]:
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        output: list[str] = []
        for text in self._process.stdout:
            if text.startswith("== failed"):
                raise RuntimeError(f"{line}: {text}")
            if text.startswith("=="):
                return output
            output.append(text.rstrip("\r\n"))
        raise RuntimeError(f"dfss ended at: {line}")

    def end(self) -> None:
        self._process.stdin.close()
        try:
            self._process.wait(TIME_LIMIT)
        finally:
            self._process.kill()
            self._process.stdout.close()


class Cluster:
    """Peers on disk."""

    def __init__(self, name: str, count: int = 3):
        self.name = name
        self.stores = [folder / f"{name}{i}" for i in range(count)]
        self.ports = [0] * count
        for index in range(count):
            self.start(index)

    def start(self, index: int) -> None:
        variable = f"${self.name}{index}"
        (port,) = shell.run(f"{variable} = Start-DfssPeer -StorePath '{self.stores[index]}' -Port {self.ports[index]}; "
                            f"{variable}.Port")
        self.ports[index] = int(port)

    def stop(self, index: int) -> None:
        shell.run(f"Stop-DfssPeer -Id ${self.name}{index}.Id")

    @property
    def peers(self) -> list[str]:
        return [f"localhost:{port}" for port in self.ports]

    def client(self, test: unittest.TestCase, *indexes: int) -> dfss.Client:
        """A client of these peers, or of all."""
        client = dfss.Client([self.peers[i] for i in indexes] or self.peers)
        test.addCleanup(client.close)
        return client


shell: Shell
folder: Path
cluster: Cluster


def setUpModule() -> None:
    global shell, folder, cluster
    folder = Path(tempfile.mkdtemp(prefix="dfss-python-"))
    unittest.addModuleCleanup(shutil.rmtree, folder)
    shell = Shell()
    unittest.addModuleCleanup(shell.end)
    cluster = Cluster("main")


def write(name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


class PeerTest(unittest.TestCase):
    def setUp(self) -> None:
        self.client = cluster.client(self)
        self.out = Path(tempfile.mkdtemp(dir=folder))

    def assertFails(self, code: Code, action, *arguments, **options) -> dfss.DfssError:
        with self.assertRaises(dfss.DfssError) as caught:
            action(*arguments, **options)
        self.assertEqual(code, caught.exception.code, caught.exception)
        return caught.exception

    def command(self, *arguments: str, peers: list[str] | None = None) -> subprocess.CompletedProcess:
        environment = dict(os.environ | UTF_8, DFSS_PEER=",".join(cluster.peers if peers is None else peers))
        ended = subprocess.run([sys.executable, "-B", CLIENT, *arguments], capture_output=True, encoding="utf-8",
                               env=environment, timeout=TIME_LIMIT, cwd=self.out)
        self.assertNotIn("Traceback", ended.stderr)
        return ended


class RoundTrips(PeerTest):
    def test_what_is_stored_is_fetched_and_listed(self) -> None:
        chunk = dfss.MIN_CHUNK
        for size in (0, 1, chunk - 1, chunk, chunk + 1, 20 * chunk + 7):
            with self.subTest(size=size):
                data = os.urandom(size)
                source = write("source", data)
                os.chmod(source, 0o640)
                modified = (1_234_567_891_000_000, 1_234_567_891_234_567, -1_234_567_891, 13 * 10**18)[size % 4]
                os.utime(source, ns=(10**18, modified))
                record = self.client.store(source, f"sizes/{size}", chunk_size=chunk)

                entry = self.client.fetch(f"sizes/{size}", self.out)

                copy = self.out / str(size)
                self.assertEqual(data, copy.read_bytes())
                self.assertEqual((0o640, modified), (copy.stat().st_mode & 0o777, copy.stat().st_mtime_ns))
                self.assertEqual((record, True), entry)
                self.assertEqual((1, -(-size // chunk)), (record.version, record.chunks))
                self.assertIn(entry, self.client.list("sizes/"))
        self.assertEqual(6, len(os.listdir(self.out)))

    def test_a_destination_that_ends_with_a_separator_is_a_folder(self) -> None:
        self.client.store(write("source", b"in a folder"), "to a folder")

        self.client.fetch("to a folder", f"{self.out}/new/deep/")

        self.assertEqual(b"in a folder", (self.out / "new" / "deep" / "to a folder").read_bytes())
        below_a_file = f"{self.out}/new/deep/to a folder/"
        self.assertFails(Code.DestinationUnwritable, self.client.fetch, "to a folder", below_a_file)

    def test_a_name_is_the_same_in_every_unicode_form(self) -> None:
        composed = "päth/日本語/ﬁle 😀.txt"
        source = write("source", b"text")

        self.client.store(source, unicodedata.normalize("NFD", composed))

        self.client.fetch(composed, self.out / "copy")
        self.assertEqual(b"text", (self.out / "copy").read_bytes())
        self.assertIn(composed, [entry.record.name for entry in self.client.list("pä")])

    def test_names_that_no_file_may_have_are_refused(self) -> None:
        source = write("source", b"text")
        for name in ("", "/a", "a/", "a//b", ".", "../a", "a\\b", "a\nb", "a\x7fb", "x" * 1025, "\ud800"):
            with self.subTest(name=name):
                self.assertFails(Code.InvalidName, self.client.store, source, name)

    def test_nothing_is_overwritten_at_the_destination_unless_asked(self) -> None:
        self.client.store(write("source", b"new"), "destination")
        target = self.out / "there"
        target.write_bytes(b"old")

        self.assertFails(Code.DestinationExists, self.client.fetch, "destination", target)
        self.assertEqual(b"old", target.read_bytes())
        self.client.fetch("destination", target, replace=True)

        self.assertEqual(b"new", target.read_bytes())
        self.assertFails(Code.DestinationUnwritable, self.client.fetch, "destination", self.out / "no" / "such")
        self.assertEqual(["there"], os.listdir(self.out))

    def test_the_command_does_it_all(self) -> None:
        first, second = write("one.bin", os.urandom(3 * MIB)), write("two.bin", b"2")

        stored = self.command("store", str(first), str(second))
        listed = self.command("list", "one")
        fetched = self.command("fetch", "one.bin")
        shown = self.command("info", "two.bin")

        self.assertEqual([0, 0, 0, 0], [r.returncode for r in (stored, listed, fetched, shown)], stored.stderr)
        self.assertEqual(["one.bin", "two.bin"], [line.split()[1] for line in stored.stdout.splitlines()])
        self.assertEqual(str(3 * MIB), listed.stdout.split()[0])
        self.assertEqual(first.read_bytes(), (self.out / "one.bin").read_bytes())
        self.assertRegex(shown.stdout, r"version: +1\n")

    def test_the_command_says_what_failed_and_exits_with_a_code(self) -> None:
        free = socket.create_server(("localhost", 0))
        port = free.getsockname()[1]
        free.close()
        for code, error, arguments, peers in (
                (1, "FileNotFound", ["fetch", "nothing"], None),
                (1, "SourceUnreadable", ["store", "nothing"], None),
                (1, "SourceUnreadable", ["store", str(folder)], None),
                (1, "InvalidArgument", ["list"], []),
                (1, "InvalidArgument", ["list"], ["localhost:0"]),
                (75, "NoMajority", ["fetch", "nothing"], [cluster.peers[0], f"localhost:{port}"]),
                (75, "PeerUnreachable", ["fetch", "nothing"], [f"localhost:{port}"]),
                (75, "PeerUnreachable", ["list"], [f"localhost:{port}"]),
                (2, "usage", ["store"], None)):
            with self.subTest(arguments=arguments, peers=peers):
                ended = self.command(*arguments, peers=peers)
                self.assertEqual((code, ""), (ended.returncode, ended.stdout))
                self.assertIn(error, ended.stderr)


class Interoperability(PeerTest):
    def places(self, record: dfss.Record, ids: list[bytes]) -> list[list[int]]:
        """For each chunk the places in the home that hold it."""
        peers = self.client.register(record.name, record.home).peers
        missing = [peer.find_missing(ids) for peer in peers]
        return [[m for m in range(len(peers)) if not missing[m][i]] for i in range(len(ids))]

    def assertPlacedAsTheDocumentSays(self, name: str, path: Path) -> None:
        record = self.client.info(name).record
        ids = [peer.store_id for peer in self.client._given]
        start = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big") % 3
        self.assertEqual(ids[start:] + ids[:start], [member.store_id for member in record.home])
        source = dfss.Source(path)
        self.addCleanup(source.close)
        self.assertEqual((source.file_id, source.length), (record.file_id, record.length))
        copies = range(record.replicas)
        expected = [sorted((i + step) % 3 for step in copies) for i in range(7)]
        self.assertEqual(expected, self.places(record, source.ids))

    def test_what_python_stored_the_cmdlets_receive(self) -> None:
        path = write("from-python", os.urandom(6 * MIB + 5))
        self.client.store(path, "interop/ä from python")

        shell.run(f"Receive-DfssFile 'interop/ä from python' -Peer {','.join(cluster.peers)} "
                  f"-Destination '{self.out}/copy'")

        self.assertEqual(hashlib.sha256(path.read_bytes()).hexdigest(),
                         hashlib.sha256((self.out / "copy").read_bytes()).hexdigest())
        self.assertPlacedAsTheDocumentSays("interop/ä from python", path)

    def test_what_the_cmdlets_sent_python_fetches(self) -> None:
        path = write("from-cmdlets", os.urandom(6 * MIB + 5))
        shell.run(f"Send-DfssFile -Path '{path}' -Name 'interop/ü' -Peer {','.join(cluster.peers)}")

        self.client.fetch("interop/ü", self.out / "copy")

        self.assertEqual(hashlib.sha256(path.read_bytes()).hexdigest(),
                         hashlib.sha256((self.out / "copy").read_bytes()).hexdigest())
        self.assertPlacedAsTheDocumentSays("interop/ü", path)

    def test_each_sees_the_versions_of_the_other(self) -> None:
        path = write("versions", b"1")
        peers = ",".join(cluster.peers)
        self.client.store(path, "versions")
        path.write_bytes(b"22")
        shell.run(f"Send-DfssFile -Path '{path}' -Name versions -Force -Peer {peers}")
        path.write_bytes(b"333")

        record = self.client.store(path, "versions", replace=True)

        self.assertEqual((3, 2), (record.version, len(record.previous_writer_ids)))
        shell.run(f"Receive-DfssFile versions -Peer {peers} -Destination '{self.out}/copy'")
        self.assertEqual(b"333", (self.out / "copy").read_bytes())


class Moves(PeerTest):
    """What is stored at peers 0 and 1 moves to 2, 3 and 4."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.five = Cluster("five", 5)
        for index in range(5):
            cls.addClassCleanup(cls.five.stop, index)

    def move(self, name: str, *to: int, peers: tuple[int, ...] = (0, 1)) -> None:
        asked, new = (",".join(self.five.peers[i] for i in some) for some in (peers, to))
        shell.run(f"$null = Repair-DfssFile '{name}' -Peer {asked} -Move {new}")

    def optimize(self) -> None:
        shell.run(f"$null = Optimize-DfssStore -Peer {','.join(self.five.peers)} -GracePeriod 0 -Confirm:$false")

    def test_a_moved_file_is_fetched_and_listed_from_any_peer_of_either_home(self) -> None:
        path = write("moved", os.urandom(3 * MIB + 5))
        sent = self.five.client(self, 0, 1).store(path, "moved")
        self.move("moved", 2, 3, 4)
        for index in range(5):
            client = self.five.client(self, index)
            entry = client.fetch("moved", self.out / str(index))
            self.assertEqual((2, 1, sent.file_id, True),
                             (entry.record.version, entry.record.epoch, entry.record.file_id, entry.current))
            self.assertEqual(path.read_bytes(), (self.out / str(index)).read_bytes())
            (listed,) = client.list("moved")
            self.assertEqual((0, entry.record.home), (listed.record.state, listed.record.home))

    def test_python_replaces_where_the_file_is_and_the_cmdlets_go_on(self) -> None:
        path = write("goes-on", b"1" * 100_000)
        former = self.five.client(self, 0, 1)
        former.store(path, "goes-on")
        self.move("goes-on", 1, 2, 3)
        path.write_bytes(b"2" * 200_000)

        record = former.store(path, "goes-on", replace=True)

        self.assertEqual((3, 1, 2), (record.version, record.epoch, len(record.previous_writer_ids)))
        self.move("goes-on", 0, 4, peers=(3,))
        shell.run(f"Receive-DfssFile goes-on -Peer {self.five.peers[2]} -Destination '{self.out}/back'")
        self.assertEqual(path.read_bytes(), (self.out / "back").read_bytes())
        found = former.info("goes-on").record
        self.assertEqual((4, 2), (found.version, found.epoch))

    def test_a_move_that_was_only_decided_is_finished_by_the_reader_or_the_writer(self) -> None:
        for finish in ("info", "store"):
            with self.subTest(finish):
                name = f"decided-{finish}"
                path = write(name, b"x" * 1000)
                former = self.five.client(self, 0, 1)
                record = former.store(path, name)
                moved = self.decide_move(former, record)
                self.assertFails(Code.FileNotFound, self.five.client(self, 2, 3).info, name)

                if finish == "info":
                    found = former.info(name).record
                    self.assertEqual((2, 1, moved.writer_id), (found.version, found.epoch, found.writer_id))
                else:
                    path.write_bytes(b"y" * 1000)
                    self.assertEqual(3, former.store(path, name, replace=True).version)
                self.assertEqual(1, self.five.client(self, 2, 3).info(name).record.epoch)

    def decide_move(self, former: dfss.Client, record: dfss.Record) -> dfss.Record:
        """What a move does up to its decision, without the copies; the new home hears nothing of it."""
        new = [dfss.Member(peer.store_id, tuple(peer.addresses)) for peer in self.reached(2, 3)]
        moved = dataclasses.replace(record, state=2, epoch=1, version=2, home=tuple(new), former_home=record.home,
                                    writer_id=os.urandom(16), previous_writer_ids=(record.writer_id,))
        register = former.register(record.name, record.home)
        for _ in range(2):
            ballot = register.new_ballot()
            register.vote("prepare", {"ballot": ballot.write()})
        ballot_and_record = {"ballot": ballot.write(), "record": moved.write()}
        for peer in register.peers:
            peer.register("accept", {"name": record.name} | ballot_and_record)
        return moved

    def reached(self, *indexes: int) -> list[dfss.Peer]:
        client = self.five.client(self, *indexes)
        client.list()
        return client._given

    def test_a_fetch_whose_file_moves_and_whose_old_chunks_are_gone_goes_on(self) -> None:
        path = write("late", os.urandom(2 * MIB))
        client = self.five.client(self, 0, 1)
        client.store(path, "late")
        receive = client._receive

        def move_first(*arguments) -> None:
            client._receive = receive
            self.move("late", 2, 3, 4)
            self.optimize()
            receive(*arguments)

        client._receive = move_first
        entry = client.fetch("late", self.out / "late")
        self.assertEqual(1, entry.record.epoch)
        self.assertEqual(path.read_bytes(), (self.out / "late").read_bytes())


class Register(PeerTest):
    def test_a_name_is_not_replaced_unless_asked(self) -> None:
        first, second = write("first", b"first"), write("second", b"second")
        made = self.client.store(first, "create only")

        error = self.assertFails(Code.FileExists, self.client.store, second, "create only")

        self.assertEqual(made, error.record)
        self.assertEqual(made, self.client.store(first, "create only"))
        self.assertEqual(2, self.client.store(second, "create only", replace=True).version)

    def test_a_change_of_another_version_is_a_conflict(self) -> None:
        source = dfss.Source(write("source", b"text"))
        self.addCleanup(source.close)
        self.assertFails(Code.Conflict, self.client.commit, source, "at version", 1)
        self.client.commit(source, "at version", 0)

        self.assertFails(Code.Conflict, self.client.commit, source, "at version", 0)

        self.assertEqual(2, self.client.commit(source, "at version", 1).version)

    def test_a_removed_file_is_not_there_and_its_name_can_be_taken(self) -> None:
        path = write("source", b"text")
        record = self.client.store(path, "removed")
        register = self.client.register("removed", record.home)
        ballot = register.new_ballot()._replace(counter=register.counter + 9)
        tombstone = dataclasses.replace(record, version=2, state=1, file_id=None, length=0, chunk_size=0,
                                        writer_id=bytes(15) + b"1", previous_writer_ids=(record.writer_id,))
        for operation in ("prepare", "accept"):
            fields = {"ballot": ballot.write()} | ({"record": tombstone.write()} if operation == "accept" else {})
            self.assertGreaterEqual(len(dfss.done(register.vote(operation, fields))), 2)
        register.decide(dfss.Balloted(ballot, tombstone))

        self.assertFails(Code.FileNotFound, self.client.fetch, "removed", self.out)
        self.assertEqual([], self.client.list("removed"))
        self.assertEqual(3, self.client.store(path, "removed").version)

    def overtaken(self, name: str, **options) -> dfss.Record:
        """Stores while another client, between prepare and seal, stores under the same name."""
        put, other, path = dfss.Upload.put, cluster.client(self), write("other", b"the other's")

        def overtake(upload: dfss.Upload) -> None:
            put(upload)
            if upload.source.path != str(path):
                with mock.patch.object(dfss.Upload, "put", put):
                    other.store(path, name)

        with mock.patch.object(dfss.Upload, "put", overtake):
            return self.client.store(write("mine", b"mine"), name, **options)

    def test_who_is_overtaken_is_told(self) -> None:
        self.assertFails(Code.FileExists, self.overtaken, "overtaken")
        self.client.fetch("overtaken", self.out / "copy")
        self.assertEqual(b"the other's", (self.out / "copy").read_bytes())

    def test_a_lost_ballot_is_a_new_round(self) -> None:
        self.assertEqual(2, self.overtaken("overtaken and replaced", replace=True).version)

    def test_an_accept_without_answers_is_uncertain_and_running_again_settles_it(self) -> None:
        register, path = dfss.Peer.register, write("source", b"uncertain")

        def lose(peer: dfss.Peer, operation: str, item: dict) -> dfss.Answer:
            answer = register(peer, operation, item)
            if operation == "accept":
                raise dfss.DfssError(Code.TimedOut, "the answer was lost")
            return answer

        with mock.patch.object(dfss.Peer, "register", lose), mock.patch.object(dfss, "_backoff"):
            self.assertFails(Code.CommitUncertain, self.client.store, path, "uncertain")

        self.assertEqual(1, self.client.store(path, "uncertain").version)
        self.assertTrue(self.client.info("uncertain").current)


class Resuming(PeerTest):
    def counting(self, method: str) -> mock.Mock:
        original = getattr(dfss.Peer, method)
        patch = mock.patch.object(dfss.Peer, method, autospec=True, side_effect=original)
        self.addCleanup(patch.stop)
        return patch.start()

    def test_a_store_that_was_cut_sends_only_what_is_missing(self) -> None:
        source = dfss.Source(write("source", os.urandom(10 * MIB)))
        self.addCleanup(source.close)
        home, _, _ = self.client._home("cut")
        peers = self.client.register("cut", home).peers
        for index in range(4):
            peers[index % 3].store_chunk(source.ids[index], source.read(index))
        puts = self.counting("store_chunk")

        self.client.commit(source, "cut")

        sent = [call.args[1] for call in puts.call_args_list]
        self.assertCountEqual(source.ids[4:] + 3 * [source.file_id], sent)

    def test_a_fetch_that_was_cut_fetches_only_what_is_missing(self) -> None:
        data = os.urandom(10 * MIB)
        source = dfss.Source(write("source", data))
        self.addCleanup(source.close)
        self.client.commit(source, "cut fetch")
        target, one_at_a_time, written = self.out / "copy", threading.Lock(), []
        write_chunk = dfss.Download._write_chunk

        def full_after_four(download: dfss.Download, *arguments) -> None:
            with one_at_a_time:
                if len(written) == 4:
                    raise OSError(errno.ENOSPC, "No space left on device")
                write_chunk(download, *arguments)
                written.append(arguments)

        with mock.patch.object(dfss.Download, "_write_chunk", full_after_four):
            self.assertFails(Code.DestinationUnwritable, self.client.fetch, "cut fetch", target, resume=True)
        self.assertFalse(target.exists())
        (part,) = self.out.iterdir()
        kept = bytearray(part.read_bytes())
        places = range(0, len(data), MIB)
        good = [at for at in places if kept[at:at + MIB] == data[at:at + MIB]]
        self.assertEqual(4, len(good))
        kept[good.pop()] ^= 1
        part.write_bytes(kept)
        gets = self.counting("get_chunk")

        self.client.fetch("cut fetch", target, resume=True)

        self.assertEqual(data, target.read_bytes())
        self.assertEqual(["copy"], os.listdir(self.out))
        wanted = {source.file_id} | {source.ids[at // MIB] for at in places if at not in good}
        self.assertEqual(wanted, {call.args[1] for call in gets.call_args_list})

    def test_one_fetch_at_a_time_writes_a_part_and_the_others_are_told(self) -> None:
        data = os.urandom(3 * MIB)
        self.client.store(write("source", data), "same part")
        target, started, go_on = self.out / "copy", threading.Event(), threading.Event()
        write_to = dfss.Download.write_to

        def held(download: dfss.Download, *arguments) -> None:
            started.set()
            self.assertTrue(go_on.wait(TIME_LIMIT))
            write_to(download, *arguments)

        with mock.patch.object(dfss.Download, "write_to", held):
            first = threading.Thread(target=cluster.client(self).fetch, args=("same part", target),
                                     kwargs={"resume": True})
            first.start()
            self.assertTrue(started.wait(TIME_LIMIT))
            error = self.assertFails(Code.DestinationUnwritable, self.client.fetch, "same part", target, resume=True)
            go_on.set()
            first.join(TIME_LIMIT)

        self.assertTrue(error.retryable)
        self.assertIn("another command", str(error))
        self.assertEqual(data, target.read_bytes())
        self.assertEqual(["copy"], os.listdir(self.out))
        self.assertFails(Code.DestinationExists, self.client.fetch, "same part", target, resume=True)
        self.client.fetch("same part", target, resume=True, replace=True)
        self.assertEqual(["copy"], os.listdir(self.out))

    def test_a_part_that_got_its_name_meanwhile_is_not_written(self) -> None:
        data = os.urandom(MIB)
        self.client.store(write("source", data), "quick part")
        target, flock, parts = self.out / "copy", fcntl.flock, []

        def too_late(descriptor: int, operation: int) -> None:
            if not parts:
                parts.extend(self.out.iterdir())
                parts[0].rename(target)
            flock(descriptor, operation)

        with mock.patch.object(fcntl, "flock", too_late):
            self.client.fetch("quick part", target, resume=True, replace=True)

        self.assertEqual(data, target.read_bytes())
        self.assertEqual(["copy"], os.listdir(self.out))

    def test_a_part_that_is_no_file_of_one_s_own_is_refused(self) -> None:
        self.client.store(write("source", b"abc"), "strange part")
        target = self.out / "copy"
        with mock.patch.object(dfss.Download, "write_to", side_effect=OSError(errno.ENOSPC, "No space left on device")):
            self.assertFails(Code.DestinationUnwritable, self.client.fetch, "strange part", target, resume=True)
        (part,) = self.out.iterdir()
        part.unlink()
        os.mkfifo(part)
        error = self.assertFails(Code.DestinationUnwritable, self.client.fetch, "strange part", target, resume=True)
        self.assertIn("no regular file", str(error))
        part.unlink()
        part.touch()
        with mock.patch.object(os, "geteuid", return_value=os.geteuid() + 1):
            self.assertFails(Code.DestinationUnwritable, self.client.fetch, "strange part", target, resume=True)
        self.client.fetch("strange part", target, resume=True)
        self.assertEqual(b"abc", target.read_bytes())


class Faults(PeerTest):
    def test_a_corrupt_chunk_is_never_delivered_and_can_be_put_again(self) -> None:
        data = os.urandom(5 * MIB)
        path = write("source", data)
        self.client.store(path, "corrupt")
        chunk = data[MIB:2 * MIB]
        (held,) = [file for store in cluster.stores for file in store.glob("chunks/*.segment")
                   if chunk in file.read_bytes()]
        with open(held, "r+b") as file:
            file.seek(held.read_bytes().index(chunk) + 4711)
            file.write(bytes([chunk[4711] ^ 1]))

        with mock.patch.object(dfss, "WALKS", 2):
            self.assertFails(Code.ChunkCorrupt, self.client.fetch, "corrupt", self.out / "copy")

        self.assertEqual([], os.listdir(self.out))
        self.client.store(path, "corrupt", replace=True)
        self.client.fetch("corrupt", self.out / "copy")
        self.assertEqual(data, (self.out / "copy").read_bytes())

    def test_what_a_seal_finds_missing_is_put_again(self) -> None:
        data, asked, find_missing = os.urandom(5 * MIB), [], dfss.Peer.find_missing

        def nothing_is_missing_at_first(peer: dfss.Peer, ids: list[bytes]) -> list[bool]:
            asked.append(peer)
            return [False] * len(ids) if len(asked) <= 3 else find_missing(peer, ids)

        with mock.patch.object(dfss.Peer, "find_missing", nothing_is_missing_at_first):
            record = self.client.store(write("source", data), "missing at seal")

        self.assertEqual(1, record.version)
        self.assertEqual(9, len(asked))  # a seal looks for the manifest first: 3 for it, 3 for the chunks
        self.client.fetch("missing at seal", self.out / "copy")
        self.assertEqual(data, (self.out / "copy").read_bytes())

    def test_the_chunks_of_a_member_that_cannot_seal_go_elsewhere(self) -> None:
        data, register = os.urandom(5 * MIB), dfss.Peer.register

        def no_seal_at_one(peer: dfss.Peer, operation: str, item: dict) -> dfss.Answer:
            if operation == "seal" and str(peer) == cluster.peers[0]:
                raise dfss.DfssError(Code.StoreFailed, "the disk failed")
            return register(peer, operation, item)

        with mock.patch.object(dfss.Peer, "register", no_seal_at_one):
            record = self.client.store(write("source", data), "no seal at one")

        others = [peer for peer in self.client.register(record.name, record.home).peers
                  if str(peer) != cluster.peers[0]]
        ids = [hashlib.sha256(data[at:at + MIB]).digest() for at in range(0, len(data), MIB)]
        self.assertTrue(all(1 == sum(held) for held in zip(*(peer.find_missing(ids) for peer in others))))
        self.client.fetch("no seal at one", self.out / "copy")
        self.assertEqual(data, (self.out / "copy").read_bytes())

    def test_with_peers_down_a_majority_decides_what_works(self) -> None:
        three = Cluster("down")
        client = three.client(self)
        data = os.urandom(4 * MIB)
        path, other = write("source", data), write("other", b"other")
        client.store(path, "before")
        small = client.store(write("small", os.urandom(9)), "small")  # its chunk is at the first of its home

        three.stop(2)
        with self.subTest("one of three down"):
            late = three.client(self)
            self.assertEqual(["before", "small"], [e.record.name for e in late.list() if e.current])
            self.assertEqual(1, late.store(path, "one down").version)
            late.fetch("one down", self.out / "copy")
            self.assertEqual(data, (self.out / "copy").read_bytes())
            self.assertIsNone(late.info("one down").record.home[self.place_of_the_last("one down")].store_id)
            self.assertEqual(2, late.store(path, "before", replace=True).version)
            self.assertFails(Code.FileExists, late.store, other, "before")

        three.stop(1)
        with self.subTest("two of three down"):
            late = three.client(self)
            with mock.patch.object(dfss, "_backoff"):
                self.assertFails(Code.NoMajority, late.store, other, "two down")
                self.assertFails(Code.NoMajority, late.store, other, "before", replace=True)
            self.assertFails(Code.NoMajority, late.info, "two down")
            self.assertFalse(late.info("before").current)
            self.assertEqual([False, False, False], [e.current for e in late.list()])
            ended = self.command("info", "before", peers=three.peers)
            self.assertEqual(0, ended.returncode)
            self.assertIn("may be old", ended.stderr)

        three.stop(0)
        with self.subTest("all down"):
            late = three.client(self)
            self.assertFails(Code.PeerUnreachable, late.fetch, "small", self.out / "small")
            self.assertFails(Code.PeerUnreachable, late.store, path, "small")
            self.assertFails(Code.PeerUnreachable, late.list)

        for index in range(3):
            three.start(index)
        client.fetch("small", self.out / "small")  # the connections of before are lost; new ones are made
        self.assertEqual(small.length, len((self.out / "small").read_bytes()))
        self.assertEqual(3, client.store(path, "before", replace=True).version)

    @staticmethod
    def place_of_the_last(name: str) -> int:
        start = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big") % 3
        return (2 - start) % 3


class Wire:
    """A connection of bytes, to say what the client never says."""

    def __init__(self, test: unittest.TestCase, hello: bool = True):
        self.socket = socket.create_connection(("127.0.0.1", cluster.ports[0]), TIME_LIMIT)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        test.addCleanup(self.socket.close)
        token = dfss._find_token(self.socket.getpeername())
        self.hello = frame(0, "hello", {"versions": [1], "software": "test", "token": token}, None)
        if hello:
            self.send(self.hello)
            assert self.receive()[:2] == [0, 0]

    def send(self, *frames: bytes) -> None:
        self.socket.sendall(b"".join(frames))

    def receive(self) -> list:
        return msgpack.unpackb(self._read(int.from_bytes(self._read(4), "big")))

    def closed(self) -> bool:
        try:
            return self.socket.recv(1) == b""
        except ConnectionResetError:
            return True

    def _read(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            part = self.socket.recv(count - len(data))
            assert part, "the peer closed the connection"
            data += part
        return data


def frame(*parts) -> bytes:
    return raw(msgpack.packb(list(parts)))


def raw(body: bytes) -> bytes:
    return len(body).to_bytes(4, "big") + body


class Protocol(PeerTest):
    def test_frames_may_come_byte_by_byte(self) -> None:
        wire = Wire(self, hello=False)
        for byte in wire.hello + frame(1, "ping", {}, None):
            wire.send(bytes([byte]))
        self.assertEqual([[0, 0], [1, 0]], [wire.receive()[:2], wire.receive()[:2]])

    def test_without_its_users_token_a_peer_serves_no_client(self) -> None:
        with tempfile.TemporaryDirectory() as folder, mock.patch.dict(os.environ, XDG_STATE_HOME=folder):
            with self.assertRaises(dfss.DfssError) as refused:
                dfss.Connection(f"127.0.0.1:{cluster.ports[0]}")
        self.assertEqual(Code.NotAuthenticated, refused.exception.code)

    def test_many_frames_may_come_in_one_segment(self) -> None:
        wire = Wire(self, hello=False)
        wire.send(wire.hello, *(frame(i, "ping", {}, None) for i in range(1, 200)))
        self.assertEqual(list(range(200)), sorted(wire.receive()[0] for _ in range(200)))

    def test_an_error_of_a_request_leaves_the_connection(self) -> None:
        chunk_id = bytes(32)
        for code, request in (
                (Code.UnknownOperation, ["no_such", {}, b"payload"]),
                (Code.InvalidArgument, ["get_chunk", {}, None]),
                (Code.InvalidArgument, ["get_chunk", {"chunk_id": None}, None]),
                (Code.InvalidArgument, ["get_chunk", {"chunk_id": b"short"}, None]),
                (Code.InvalidArgument, ["get_chunk", {"chunk_id": "text"}, None]),
                (Code.InvalidArgument, ["ping", {}, b"payload"]),
                (Code.InvalidArgument, ["find_missing", {}, b"no ids"]),
                (Code.InvalidArgument, ["store_chunks", {"lengths": [1, 2]}, b"too short"]),
                (Code.InvalidArgument, ["read", {"lengths": [3]}, b"\xc0\xc0\xc0"]),
                (Code.InvalidArgument, ["read", {"lengths": [8, 8]}, 2 * msgpack.packb({"name": "a"})]),
                (Code.InvalidArgument, ["list_files", {}, None]),
                (Code.ChunkNotFound, ["get_chunk", {"chunk_id": chunk_id}, None]),
                (Code.ChunkCorrupt, ["store_chunk", {"chunk_id": chunk_id}, b"other bytes"]),
                (Code.InvalidName, ["get_file_info", {"name": "a//b"}, None]),
                (Code.FileNotFound, ["get_file_info", {"name": "no such file"}, None])):
            with self.subTest(code=code, request=request):
                wire = Wire(self)
                wire.send(frame(5, *request), frame(6, "ping", {"unknown": [1, {"key": None}]}, None))
                answers = {answer[0]: answer for answer in (wire.receive(), wire.receive())}
                self.assertEqual((code, 0), (answers[5][1], answers[6][1]))
                self.assertEqual((str, bool), (type(answers[5][2]["message"]), type(answers[5][2]["retryable"])))

    def test_a_violation_is_named_and_the_connection_closed(self) -> None:
        head = bytes([0x94, 1]) + msgpack.packb("ping")
        data = os.urandom(4 * MIB)
        slow = hashlib.sha256(data).digest()  # to look at 4 MiB takes longer than to read the next frame
        peer = dfss.Peer(None, cluster.peers[:1])
        self.addCleanup(peer.close)
        peer.store_chunk(slow, data)
        for what, code, data in (
                ("a length over the limit", Code.LimitExceeded, (16_842_753).to_bytes(4, "big")),
                ("a header over the limit", Code.LimitExceeded, frame(1, "ping", {"text": "x" * 65_536}, None)),
                ("deep nesting", Code.LimitExceeded, raw(head + b"\x81\xa1a" + b"\x91" * 9 + b"\xc0\xc0")),
                ("many keys", Code.LimitExceeded, frame(1, "ping", {str(i): i for i in range(257)}, None)),
                ("a short body", Code.ProtocolViolation, raw(b"\x94\x01\xa0\x80")),
                ("no array", Code.ProtocolViolation, raw(b"\x81\xa3abc\xc0")),
                ("an array of three", Code.ProtocolViolation, frame(1, "ping", {})),
                ("garbage", Code.ProtocolViolation, raw(b"\xc1" * 40)),
                ("an answer", Code.ProtocolViolation, frame(1, 0, {}, None)),
                ("a notice", Code.ProtocolViolation, frame(None, 8, {}, None)),
                ("a negative id", Code.ProtocolViolation, frame(-1, "ping", {}, None)),
                ("an id beyond 32 bits", Code.ProtocolViolation, frame(2**32, "ping", {}, None)),
                ("a float", Code.ProtocolViolation, frame(1, "ping", {"a": 1.5}, None)),
                ("an extension", Code.ProtocolViolation, frame(1, "ping", {"a": msgpack.ExtType(1, b"x")}, None)),
                ("a number beyond 53 bits", Code.ProtocolViolation, frame(1, "ping", {"a": 2**53}, None)),
                ("a key that is no text", Code.ProtocolViolation, frame(1, "ping", {b"a": 1}, None)),
                ("a key twice", Code.ProtocolViolation, raw(head + b"\x82\xa1a\x01\xa1a\x01\xc0")),
                ("bad UTF-8", Code.ProtocolViolation, raw(head + b"\x81\xa1a\xa1\xff\xc0")),
                ("a payload behind the body", Code.ProtocolViolation, raw(head + b"\x80\xc4\x09abc")),
                ("a payload before its end", Code.ProtocolViolation, raw(head + b"\x80\xc4\x01abc")),
                ("hello again", Code.ProtocolViolation, frame(1, "hello", {"versions": [1], "software": ""}, None)),
                ("an id twice", Code.ProtocolViolation, 31 * frame(1, "verify_chunk", {"chunk_id": slow}, None))):
            with self.subTest(what):
                wire = Wire(self)
                wire.send(data)
                answer = wire.receive()
                while answer[0] is not None:
                    answer = wire.receive()
                self.assertEqual([None, code], answer[:2])
                self.assertTrue(wire.closed())

    def test_hello_comes_first_and_is_small(self) -> None:
        for what, answered, code, data in (
                ("no hello", None, Code.ProtocolViolation, frame(0, "ping", {}, None)),
                ("HTTP", None, Code.LimitExceeded, b"GET / HTTP/1.1\r\n\r\n"),
                ("4,097 bytes", None, Code.LimitExceeded, (4097).to_bytes(4, "big")),
                ("another version", 0, Code.VersionNotSupported,
                 frame(0, "hello", {"versions": [99], "software": ""}, None)),
                ("no versions", 0, Code.InvalidArgument, frame(0, "hello", {"software": ""}, None))):
            with self.subTest(what):
                wire = Wire(self, hello=False)
                wire.send(data)
                answer = wire.receive()
                self.assertEqual([answered, code], answer[:2])
                self.assertEqual([1] if code == Code.VersionNotSupported else None, answer[2].get("versions"))
                self.assertTrue(wire.closed())


class ClientReads(unittest.TestCase):
    """What the client makes of a peer that does not keep to the protocol."""

    def call(self, *answers: bytes, step: int = 2**20) -> tuple:
        """The client's ping, answered (behind hello) with these bytes, `step` at a time."""
        server = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(server.close)

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                for answer in answers:
                    connection.recv(2**16)
                    for at in range(0, len(answer), step):
                        connection.sendall(answer[at:at + step])
                try:
                    connection.shutdown(socket.SHUT_WR)
                    connection.recv(2**16)
                except OSError:
                    pass  # the client has closed already

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        self.addCleanup(thread.join, TIME_LIMIT)
        connection = dfss.Connection(f"127.0.0.1:{server.getsockname()[1]}")
        try:
            return connection.call("ping", {})
        finally:
            connection.close()

    HELLO = frame(0, 0, {"version": 1, "software": "fake", "store_id": bytes(16), "addresses": [],
                         "limits": {"frame": 16_842_752, "chunk": 16_777_216, "requests": 32}}, None)

    def test_answers_may_come_byte_by_byte_and_behind_notices(self) -> None:
        draining = frame(None, 8, {"message": "The peer is stopping.", "retryable": True}, None)
        results, payload = self.call(self.HELLO, draining + frame(1, 0, {"a": 1}, b"bytes"), step=1)
        self.assertEqual(({"a": 1}, b"bytes"), (results, payload))

    def test_a_violation_by_the_peer_is_refused(self) -> None:
        for what, data in (
                ("a length over the limit", (2**32 - 1).to_bytes(4, "big")),
                ("a length under the limit", raw(b"\x94\x01\x00\x80")),
                ("a header over the limit", frame(1, 0, {"text": "x" * 65_536}, None)),
                ("an array of 2^32", raw(b"\x94\x01\x00\x81\xa1a\xdd\xff\xff\xff\xff\xc0")),
                ("deep nesting", raw(b"\x94\x01\x00\x81\xa1a" + b"\x91" * 9 + b"\xc0\xc0")),
                ("many keys", frame(1, 0, {str(i): i for i in range(257)}, None)),
                ("a float", frame(1, 0, {"a": 1.5}, None)),
                ("an extension", frame(1, 0, {"a": msgpack.ExtType(1, b"x")}, None)),
                ("a timestamp", frame(1, 0, {"a": msgpack.Timestamp(1)}, None)),
                ("a negative number", frame(1, 0, {"a": -1}, None)),
                ("a number beyond 53 bits", frame(1, 0, {"a": 2**53}, None)),
                ("a key that is no text", frame(1, 0, {1: 1}, None)),
                ("a key twice", raw(b"\x94\x01\x00\x82\xa1a\x01\xa1a\x01\xc0")),
                ("bad UTF-8", raw(b"\x94\x01\x00\x81\xa1a\xa1\xff\xc0")),
                ("a payload behind the body", raw(b"\x94\x01\x00\x80\xc4\x09abc")),
                ("another id", frame(7, 0, {}, None)),
                ("a request", frame(1, "ping", {}, None))):
            with self.subTest(what):
                with self.assertRaises(dfss.DfssError) as caught:
                    self.call(self.HELLO, data)
                self.assertEqual(Code.ProtocolViolation, caught.exception.code, caught.exception)

    def test_what_is_no_peer_is_told(self) -> None:
        for data in (b"HTTP/1.1 400 Bad Request\r\n\r\n", raw(bytes(5000)), raw(b"\xc1" * 20),
                     frame(0, 0, {"version": 1}, None)):
            with self.subTest(data=data[:20]), self.assertRaises(dfss.DfssError) as caught:
                self.call(data)
            self.assertEqual(Code.NotADfssPeer, caught.exception.code)

    def test_a_peer_s_error_has_its_code_and_message(self) -> None:
        for status, code in ((40, Code.ChunkNotFound), (999, Code.PeerFault)):
            with self.subTest(status=status), self.assertRaises(dfss.DfssError) as caught:
                self.call(self.HELLO, frame(1, status, {"message": "Why.", "retryable": True}, None))
            self.assertEqual((code, True), (caught.exception.code, caught.exception.retryable))
            self.assertIn("Why.", str(caught.exception))

    def test_what_a_peer_writes_steers_no_terminal(self) -> None:
        hostile = {"message": "a\x1b[2J\nb\u202e" + "x" * 5000, "advice": "c\x07", "retryable": False}
        with self.assertRaises(dfss.DfssError) as caught:
            self.call(self.HELLO, frame(1, 40, hostile, None))
        self.assertIn("a\\u001B[2J\\u000Ab\\u202Exx", str(caught.exception))
        self.assertIn("c\\u0007", str(caught.exception))
        self.assertLess(len(str(caught.exception)), 2500)
        self.assertTrue(str(caught.exception).isprintable())


class GoldenBlocks(unittest.TestCase):
    """The blocks of docs/protocol.md: their meaning and their bytes are the same."""

    @classmethod
    def setUpClass(cls) -> None:
        text = (ROOT / "docs" / "protocol.md").read_text(encoding="utf-8")
        blocks = re.findall(r"^```(text|hex) (\S+)\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
        cls.meanings = {name: meaning(body) for kind, name, body in blocks if kind == "text"}
        cls.bytes = {name: bytes.fromhex(body) for kind, name, body in blocks if kind == "hex"}

    def test_each_block_stands_twice(self) -> None:
        self.assertGreater(len(self.meanings), 30)
        self.assertEqual(self.meanings.keys(), self.bytes.keys())

    def test_frames_are_encoded_and_decoded_as_printed(self) -> None:
        for name, value in self.meanings.items():
            if not isinstance(value, list):
                continue
            with self.subTest(name):
                items = isinstance(value[3], tuple)
                payload = b"".join(map(msgpack.packb, value[3])) if items else value[3]
                self.assertEqual(self.bytes[name], frame(*value[:3], payload))
                body = self.bytes[name][4:]
                self.assertEqual([*value[:3], payload], msgpack.unpackb(body))
                if type(value[1]) is int:
                    *parts, rest = dfss._parse_body(body)
                    self.assertEqual([*value[:3], payload or b""], [*parts, rest])
                if items:
                    self.assertEqual([*value[3]], dfss._items(value[2], memoryview(payload)))

    def test_records_are_encoded_and_decoded_as_printed(self) -> None:
        for name in ("record", "record-removed", "record-replaced", "record-moved", "record-encrypted"):
            with self.subTest(name):
                record = dfss.Record.read(dfss._item(memoryview(self.bytes[name])))
                self.assertEqual(self.meanings[name], record.write())
                self.assertEqual(self.bytes[name], msgpack.packb(record.write()))

    def test_manifests_are_made_as_printed(self) -> None:
        self.assertEqual(self.bytes["manifest"], self.manifest_of(b"abc"))
        self.assertEqual(self.bytes["manifest-empty-file"], self.manifest_of(b""))
        record = dfss.Record.read(self.meanings["record"])
        self.assertEqual(self.meanings["manifest"]["chunks"], dfss.read_manifest(self.bytes["manifest"], record))
        self.assertEqual(record.file_id, hashlib.sha256(self.bytes["manifest"]).digest())
        encrypted = dfss.Record.read(self.meanings["record-encrypted"])
        self.assertEqual(self.meanings["manifest-encrypted"]["chunks"],
                         dfss.read_manifest(self.bytes["manifest-encrypted"], encrypted))
        self.assertEqual((3, encrypted.file_id),
                         (encrypted.content_length, hashlib.sha256(self.bytes["manifest-encrypted"]).digest()))
        for other in ("manifest", "manifest-encrypted"):
            for original in (record, encrypted):
                changed = dataclasses.replace(original, length=3 if other == "manifest" else 31)
                if (other == "manifest") == (original is encrypted):
                    with self.assertRaises(dfss.DfssError):
                        dfss.read_manifest(self.bytes[other], changed)

    def manifest_of(self, data: bytes) -> bytes:
        source = dfss.Source(write("golden", data))
        self.addCleanup(source.close)
        return source.manifest


def vectors() -> dict[str, str]:
    """The values of the block in docs/encryption.md, as they stand there without their line ends."""
    text = (ROOT / "docs" / "encryption.md").read_text(encoding="utf-8")
    block = re.search(r"^```text vectors\n(.*?)^```", text, re.DOTALL | re.MULTILINE)[1]
    joined = re.sub(r"\n  |: ", lambda m: ":" if m[0] == ": " else "", block)
    return dict(line.split(":", 1) for line in joined.splitlines())


@unittest.skipIf(dfss.AESGCM is None, "python3-cryptography is not installed")
class Encryption(PeerTest):
    @classmethod
    def setUpClass(cls) -> None:
        cls.vectors = vectors()

    def value(self, name: str) -> bytes:
        return bytes.fromhex(self.vectors[name])

    def vector_record(self) -> dfss.Record:
        record = dfss.Record.read(GoldenMeanings.record())
        return dataclasses.replace(record, length=65_513 + 2 * 28, chunk_size=65_536, file_id=self.value("file_id"),
                                   encryption=self.value("envelope"))

    def test_each_recipient_of_the_vectors_reads_them(self) -> None:
        record = self.vector_record()
        content = bytes(i % 251 for i in range(65_513))
        last = self.value("last_chunk")
        self.assertEqual(self.value("chunk_ids[1]"), hashlib.sha256(last).digest())
        for key in (self.vectors["encryption_key_text"].encode(), self.value("p256_private_key"),
                    self.value("rsa_private_key")):
            keys = dfss.Keys()
            keys.add(key)
            self.assertEqual(self.value("file_key"), keys.open(dfss.Envelope.read(record.encryption, "x"), record))
            decryption = dfss.Decryption(record, keys)
            decryption.check(self.value("manifest"))
            self.assertEqual(content[-5:], decryption.chunk(1, last))
            self.assertFails(Code.FileTampered, decryption.chunk, 0, last)
            self.assertFails(Code.FileTampered, decryption.check, self.value("manifest")[:-1] + b"x")
        self.assertEqual(self.value("chunk_key"), dfss.derive(self.value("file_key"), b"DFSS encryption 1 chunk"))

    def test_names_are_hidden_as_printed_and_by_their_own_key_alone(self) -> None:
        name, stored = self.vectors["name"], self.vectors["stored_name"]
        names = dfss.HiddenNames(self.value("encryption_key"))
        self.assertEqual(stored, names.hide(name))
        self.assertEqual(name, names.reveal(stored))
        self.assertIsNone(dfss.HiddenNames(bytes(32)).reveal(stored))
        for i in range(len(stored)):
            self.assertIsNone(names.reveal(stored[:i] + ("A" if stored[i] != "A" else "B") + stored[i + 1:]))
        self.assertEqual("n" * 735, names.reveal(names.hide("n" * 735)))
        self.assertFails(Code.InvalidName, names.hide, "n" * 736)

    def test_a_file_with_a_hidden_name_is_found_and_listed(self) -> None:
        path = write("hidden", os.urandom(100))
        key, other = self.out / "names.key", self.out / "others.key"
        peers = ",".join(cluster.peers)
        shell.run(f"$null = New-DfssEncryptionKey '{key}'; $null = New-DfssEncryptionKey '{other}'")
        shell.run(f"$null = Send-DfssFile '{path}' -Name 'plans/ä' -EncryptionKey '{key}' -HiddenName -Peer {peers}")
        copy = self.out / "hidden-copy"
        self.client.fetch("plans/ä", copy, keys=dfss.Keys([other, key]), hidden=True)
        self.assertEqual(path.read_bytes(), copy.read_bytes())
        self.assertFails(
            Code.FileNotFound, self.client.fetch, "plans/ä", self.out / "none", keys=dfss.Keys([other]), hidden=True)
        self.assertFails(Code.InvalidArgument, self.client.fetch, "plans/ä", self.out / "none", hidden=True)
        listed = self.command("list", "plans/", "--hidden-name", "--key", str(key))
        self.assertEqual((0, True), (listed.returncode, listed.stdout.rstrip().endswith("  plans/ä")))
        self.assertNotIn("plans", self.command("list").stdout)

    def test_no_bit_of_an_envelope_can_be_another(self) -> None:
        record = self.vector_record()
        keys = dfss.Keys()
        keys.add(self.vectors["encryption_key_text"].encode())
        for bit in range(8 * (34 + 19 + 32 + 48)):
            changed = bytearray(record.encryption)
            changed[bit // 8] ^= 1 << bit % 8
            with self.assertRaises(dfss.DfssError):
                decryption = dfss.Decryption(dataclasses.replace(record, encryption=bytes(changed)), keys)
                decryption.check(self.value("manifest"))

    def test_what_the_cmdlets_encrypted_python_reads_with_the_key_and_not_without(self) -> None:
        path = write("secret", os.urandom(3 * MIB + 5))
        key, other = self.out / "files.key", self.out / "other.key"
        peers = ",".join(cluster.peers)
        shell.run(f"$null = New-DfssEncryptionKey '{key}'; $null = New-DfssEncryptionKey '{other}'")
        shell.run(f"$null = Send-DfssFile '{path}' -Name secret -EncryptionKey '{key}' -Peer {peers}")
        copy = self.out / "copy"

        self.client.fetch("secret", copy, keys=dfss.Keys([key]))

        self.assertEqual(path.read_bytes(), copy.read_bytes())
        self.assertFails(Code.KeyRequired, self.client.fetch, "secret", self.out / "none")
        self.assertFails(Code.KeyWrong, self.client.fetch, "secret", self.out / "none", keys=dfss.Keys([other]))
        self.client.store(path, "plain")
        self.assertFails(Code.FileNotEncrypted, self.client.fetch, "plain", self.out / "none", keys=dfss.Keys([key]))
        self.assertFalse((self.out / "none").exists())
        fetched = self.command("fetch", "secret", "by-command", "--key", str(key))
        self.assertEqual((0, path.read_bytes()), (fetched.returncode, (self.out / "by-command").read_bytes()))
        self.assertEqual(path.stat().st_size, self.client.info("secret").record.content_length)

    def test_python_reads_the_record_of_an_earlier_version_that_is_encrypted(self) -> None:
        path = write("kept", os.urandom(100))
        key, peers = self.out / "kept.key", ",".join(cluster.peers)
        shell.run(f"$null = New-DfssEncryptionKey '{key}'; "
                  f"$null = Send-DfssFile '{path}' -Name kept -EncryptionKey '{key}' -Peer {peers}")
        shell.run(f"$null = Send-DfssFile '{path}' -Name kept -Force -Peer {peers}")
        record = self.client.info("kept").record
        self.assertIsNone(record.encryption)
        self.assertEqual(1, len(record.previous))
        self.assertIsNotNone(record.previous[0].encryption)


class GoldenMeanings:
    @staticmethod
    def record() -> dict:
        text = (ROOT / "docs" / "protocol.md").read_text(encoding="utf-8")
        return meaning(re.search(r"^```text record\n(.*?)^```", text, re.DOTALL | re.MULTILINE)[1])


def meaning(text: str):
    """A block's value: JSON with h'..' for bin, nil, and <<..>> (a tuple here) for a payload of items."""
    words = {"nil": "None", "true": "True", "false": "False", "<<": "(", ">>": ",)"}
    token = re.compile(r'''"(?:[^"\\]|\\.)*"|h'([0-9a-f]*)'|nil|true|false|<<|>>''')
    return ast.literal_eval(token.sub(
        lambda found: words.get(found[0]) or (found[0] if found[1] is None else repr(bytes.fromhex(found[1]))), text))


if __name__ == "__main__":
    unittest.main(verbosity=2)
