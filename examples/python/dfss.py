#!/usr/bin/env python3
"""A client of DFSS, the distributed file store: one file, written from docs/protocol.md alone.

Needs Python 3.11 and msgpack (Debian: python3-msgpack). As a module:

    with dfss.Client(["localhost:9000"]) as client:
        client.store("report.pdf")
        client.fetch("report.pdf", "copy.pdf")
        for entry in client.list():
            print(entry.record.name, entry.record.length)

As a command: dfss.py store|fetch|list|info, see dfss.py --help. Exit codes: 0 done; 1 failed; 2 wrong usage;
75 failed, but the same command may succeed later; 130 interrupted.

Everything that is expected to fail raises DfssError, and nothing else; its `code` is a name of the protocol's table.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import enum
import fcntl
import hashlib
import hmac
import itertools
import os
import queue
import random
import secrets
import socket
import stat
import sys
import tempfile
import threading
import time
import unicodedata
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO, Callable, Iterable, Iterator, NamedTuple, Sequence, TypeVar

try:  # for encrypted files alone
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
except ImportError:
    AESGCM = None

try:
    import msgpack
except ImportError:
    sys.exit("dfss.py needs msgpack: apt-get install python3-msgpack")

T = TypeVar("T")
K = TypeVar("K")

DEFAULT_PORT = 9000
MAX_INT = 2**53 - 1
MAX_HEADER = 65_536
MAX_PAYLOAD = 16 * 1024 * 1024
MAX_BODY = MAX_HEADER + MAX_PAYLOAD
MAX_HELLO_BODY = 4_096
MAX_NESTING = 8
MAX_KEYS = 256
MAX_ITEM_KEYS = 64
MAX_ITEMS = 4_096
MAX_IDS = 131_072
MIN_CHUNK, USUAL_CHUNK, MAX_CHUNK = 65_536, 1_048_576, 16_777_216
MAX_CHUNKS = 524_287
MAX_MEMBERS = 64
MAX_TEXT = 1_000
MAX_MODIFIED, TIME_BYTES = 253_402_300_799_999, 16
MAX_TIME = (2**63 - 1) * 1_000_000_000  # what os.utime takes, in ns
MANIFEST_MAGIC, ENCRYPTED_MANIFEST_MAGIC = b"DFSSMAN\x01", b"DFSSMAN\x02"
MAX_ENVELOPE, CHUNK_OVERHEAD, NONCE = 4_096, 28, 12

CONNECT_SECONDS = 5.0
PING_SECONDS = 10.0
SILENCE_SECONDS = 20.0
IDLE_SECONDS = 100.0
PACE_SECONDS, PACE_BYTES = 30.0, 30 * 16 * 1024
LONGEST = {"hello": 10, "ping": 20, "get_chunk": 1200, "seal": 600}  # seconds; every other operation used here: 300
ROUNDS = 8
MOVES = 16
WALKS = 5
PUTS = 3


class Code(enum.IntEnum):
    """The protocol's error codes. The list is closed; an unknown status counts as PeerFault."""

    ProtocolViolation, VersionNotSupported, LimitExceeded, UnknownOperation, InvalidArgument = 1, 2, 3, 4, 5
    PeerUnreachable, TimedOut, PeerBusy, NotADfssPeer, PeerFault = 6, 7, 8, 9, 10
    NotAuthenticated, CertificateExpired, CertificateRevoked, CertificateNotTrusted, NotPermitted = range(11, 16)
    TlsRequired, TlsNotExpected, TlsFailed = 16, 17, 18
    FileNotFound, FileExists, Conflict, CommitUncertain, NoMajority, InvalidName, FileChanged = range(20, 27)
    ChunkNotFound, ChunkCorrupt, StoreFull, StoreFailed, StoreInUse, StoreFormat, StoreNotSupported = range(40, 47)
    StoreRunsTwice, StoreRelocated = 47, 48
    SourceChanged, SourceUnreadable, DestinationExists, DestinationUnwritable = 60, 61, 62, 63
    FileTooLarge, AddressUnavailable = 64, 65
    KeyRequired, KeyWrong, FileNotEncrypted, FileTampered = 70, 71, 72, 73


RETRYABLE = {Code.PeerUnreachable, Code.TimedOut, Code.PeerBusy, Code.PeerFault, Code.CommitUncertain, Code.NoMajority}


class DfssError(Exception):
    """What went wrong: `code` says which error, the text says what, where, and what to do about it.

    retryable: the same call may succeed with nothing changed by the caller.
    record: of FileExists and Conflict, what the name holds; else None.
    """

    def __init__(self, code: Code, message: str, *, retryable: bool | None = None, record: Record | None = None):
        super().__init__(f"{code.name}: {message}")
        self.code = code
        self.retryable = code in RETRYABLE if retryable is None else retryable
        self.record = record


# ---- MessagePack, read strictly -------------------------------------------------------------------------------------


class _Reader:
    """Reads MessagePack that is not trusted: no floats, extensions, negative numbers or duplicate keys; bounded nesting
    and keys; and no container is made larger than the bytes that are there could fill."""

    def __init__(self, data: bytes | memoryview, max_keys: int = MAX_KEYS):
        self._data = data
        self._max_keys = max_keys
        self._unpacker = msgpack.Unpacker(raw=False, max_buffer_size=max(len(data), 1))
        self._unpacker.feed(data)

    @property
    def position(self) -> int:
        return self._unpacker.tell()

    def value(self, depth: int = 1) -> Any:
        """The next value. depth: 1 for the outermost one."""
        try:
            lead = self._data[self.position]
            if 0x90 <= lead <= 0x9F or lead in (0xDC, 0xDD):
                return [self.value(depth + 1) for _ in range(self.array(depth))]
            if 0x80 <= lead <= 0x8F or lead in (0xDE, 0xDF):
                return self._map(depth)
            if lead in (0xC1, 0xCA, 0xCB) or 0xC7 <= lead <= 0xC9 or 0xD4 <= lead <= 0xD8:
                raise _violation("a float or an extension came")
            value = self._unpacker.unpack()
        except (IndexError, ValueError, msgpack.UnpackException) as error:
            raise _violation(f"bad MessagePack: {type(error).__name__} {error}") from error
        if type(value) is int and not 0 <= value <= MAX_INT:
            raise _violation("a number is out of range")
        return value

    def array(self, depth: int = 1) -> int:
        """The number of elements of the array that begins here."""
        return self._room(self._unpacker.read_array_header(), depth)

    def _room(self, count: int, depth: int) -> int:
        if depth > MAX_NESTING:
            raise _violation("the nesting is too deep")
        if count > len(self._data) - self.position:
            raise _violation("a length is beyond the end")
        return count

    def _map(self, depth: int) -> dict[str, Any]:
        count = self._room(self._unpacker.read_map_header(), depth)
        if count > self._max_keys:
            raise _violation("a map has too many keys")
        result: dict[str, Any] = {}
        for _ in range(count):
            key = self.value(depth + 1)
            if not isinstance(key, str) or key in result:
                raise _violation("a key is not text, or is there twice")
            result[key] = self.value(depth + 1)
        return result


def _printable(text: str, limit: int) -> str:
    """A text of the other side for a terminal or a log: control and format characters as their numbers, and cut."""
    hidden = ("Cc", "Cf", "Cs", "Zl", "Zp")
    shown = (f"\\u{ord(c):04X}" if unicodedata.category(c) in hidden else c for c in text[:limit])
    return "".join(shown)[:limit]


def _violation(message: str) -> DfssError:
    return DfssError(Code.ProtocolViolation, message)


def _item(data: memoryview) -> dict[str, Any]:
    reader = _Reader(data, MAX_ITEM_KEYS)
    value = reader.value()
    if not isinstance(value, dict) or reader.position != len(data):
        raise _violation("an item is not one map")
    return value


def _get(values: dict[str, Any], key: str, kind: type[T], low: int = 0, high: int = MAX_INT) -> T:
    """A required value of the given kind; low and high bound an int's value, and the length of anything else."""
    value = _find(values, key, kind, low, high)
    if value is None:
        raise _violation(f"'{key}' is missing")
    return value


def _find(values: dict[str, Any], key: str, kind: type[T], low: int = 0, high: int = MAX_INT) -> T | None:
    """Like _get; None where the key is absent or nil."""
    value = values.get(key)
    if value is None:
        return None
    if type(value) is not kind:
        raise _violation(f"'{key}' is of the wrong kind")
    measure = value if kind in (int, bool) else len(value)  # type: ignore[arg-type]
    if not low <= measure <= high:
        raise _violation(f"'{key}' is out of range")
    return value


def _all(values: Sequence[Any], kind: type[T], low: int = 0, high: int = MAX_INT) -> list[T]:
    return [_get({"element": value}, "element", kind, low, high) for value in values]


# ---- Names, manifests, records --------------------------------------------------------------------------------------


def normal_name(name: str) -> str:
    """The name in NFC. Raises InvalidName where no file may be called so."""
    normal = unicodedata.normalize("NFC", name)
    try:
        size = len(normal.encode())
    except UnicodeEncodeError as error:
        raise DfssError(Code.InvalidName, f"{name!r} is not valid Unicode") from error
    if not 1 <= size <= 1024:
        raise DfssError(Code.InvalidName, f"the name has {size} bytes of UTF-8; 1 to 1,024 are allowed")
    if any(part in ("", ".", "..") for part in normal.split("/")):
        raise DfssError(Code.InvalidName, f"{name!r} has a part that is empty, '.' or '..'")
    if any(ord(c) < 0x20 or 0x7F <= ord(c) <= 0x9F or c == "\\" for c in normal):
        raise DfssError(Code.InvalidName, f"{name!r} holds a control character or a backslash")
    return normal


def chunk_count(length: int, chunk_size: int) -> int:
    return -(-length // chunk_size)


class Ballot(NamedTuple):
    """Ordered by the epoch (which home of the name votes), then by the counter, then by the bytes."""

    epoch: int
    counter: int
    writer: bytes

    @staticmethod
    def read(value: list[Any]) -> Ballot:
        if len(value) not in (2, 3):
            raise _violation("a ballot is no array of two or three")
        parts = dict(zip(("counter", "writer", "epoch"), value))
        epoch = _get(parts, "epoch", int, 1) if len(value) == 3 else 0
        return Ballot(epoch, _get(parts, "counter", int, 1), _get(parts, "writer", bytes, 16, 16))

    def write(self) -> list[Any]:
        return [self.counter, self.writer, self.epoch] if self.epoch else [self.counter, self.writer]


class Member(NamedTuple):
    """One store of a home; store_id is None for one that never answered."""

    store_id: bytes | None
    addresses: tuple[str, ...]

    @staticmethod
    def read(value: dict[str, Any]) -> Member:
        addresses = _all(_find(value, "addresses", list, 0, 8) or [], str, 0, 256)
        return Member(_find(value, "store_id", bytes, 16, 16), tuple(addresses))

    def write(self) -> dict[str, Any]:
        values = {"store_id": self.store_id, "addresses": list(self.addresses)}
        return {key: value for key, value in values.items() if value is not None}


@dataclass(frozen=True)
class Previous:
    """An earlier version that is kept."""

    version: int
    file_id: bytes
    length: int
    chunk_size: int
    replicas: int
    run: int
    encryption: bytes | None
    modified: int
    modified_ns: bytes | None
    mode: int | None

    @staticmethod
    def read(value: dict[str, Any]) -> Previous:
        return Previous(
            version=_get(value, "version", int, 1),
            file_id=_file_id(value),
            length=_get(value, "length", int),
            chunk_size=_get(value, "chunk_size", int, MIN_CHUNK, MAX_CHUNK),
            replicas=_get(value, "replicas", int, 1, MAX_MEMBERS),
            run=_get(value, "run", int, 1, MAX_CHUNKS),
            encryption=_find(value, "encryption", bytes, 1, MAX_ENVELOPE),
            modified=_get(value, "modified", int),
            modified_ns=_find(value, "modified_ns", bytes, TIME_BYTES, TIME_BYTES),
            mode=_find(value, "mode", int, 0, 0o7777))

    def write(self) -> dict[str, Any]:
        return _named_file_id({key: value for key, value in vars(self).items() if value is not None})


def _file_id(value: dict[str, Any]) -> bytes | None:
    """The file id, which is called otherwise in the record of an encrypted file, and in no other."""
    plain, encrypted = (_find(value, key, bytes, 32, 32) for key in ("file_id", "encrypted_file_id"))
    envelope = _find(value, "encryption", bytes, 1, MAX_ENVELOPE)
    if (encrypted is None) != (envelope is None) or encrypted is not None and plain is not None:
        raise _violation("a record does not say whether its file is encrypted")
    return encrypted or plain


def _wire_time(nanoseconds: int) -> tuple[int, bytes | None]:
    """The values of `modified` and `modified_ns`; the second is absent where the first is the whole time."""
    modified = min(max(0, nanoseconds // 1_000_000), MAX_MODIFIED)
    is_whole = modified * 1_000_000 == nanoseconds
    return modified, None if is_whole else nanoseconds.to_bytes(TIME_BYTES, "big", signed=True)


def _named_file_id(values: dict[str, Any]) -> dict[str, Any]:
    encrypted = "encryption" in values
    return {"encrypted_file_id" if encrypted and key == "file_id" else key: value for key, value in values.items()}


@dataclass(frozen=True)
class Record:
    """What a name stands for at one version. Lengths are in bytes; `modified` is in ms since 1970 UTC."""

    name: str
    version: int
    state: int
    file_id: bytes | None
    length: int
    chunk_size: int
    replicas: int
    run: int
    home: tuple[Member, ...]
    modified: int
    modified_ns: bytes | None  # the time itself, where `modified` is not all of it
    mode: int | None
    writer_id: bytes
    previous: tuple[Previous, ...] = ()
    previous_writer_ids: tuple[bytes, ...] = ()
    epoch: int = 0
    former_home: tuple[Member, ...] = ()
    encryption: bytes | None = None

    @property
    def content_length(self) -> int:
        """The length of the file; `length` is that of its stored chunks."""
        return self.length - self.chunks * (CHUNK_OVERHEAD if self.encryption else 0)

    @property
    def modified_nanoseconds(self) -> int:
        """The last write in ns since 1970 UTC, before that negative."""
        exact = self.modified_ns
        return self.modified * 1_000_000 if exact is None else int.from_bytes(exact, "big", signed=True)

    @property
    def removed(self) -> bool:
        return self.state == 1

    @property
    def moved(self) -> bool:
        return self.state == 2

    @property
    def chunks(self) -> int:
        return 0 if self.removed else chunk_count(self.length, self.chunk_size)

    def names(self, writer_id: bytes) -> bool:
        """Whether the change with this writer id is this record, or one that it follows."""
        return writer_id == self.writer_id or writer_id in self.previous_writer_ids

    @staticmethod
    def read(value: dict[str, Any]) -> Record:
        """Checks everything; raises ProtocolViolation."""
        record = Record(
            name=_get(value, "name", str),
            version=_get(value, "version", int, 1),
            state=_get(value, "state", int, 0, 2),
            file_id=_file_id(value),
            length=_get(value, "length", int, 0, MAX_CHUNKS * MAX_CHUNK),
            chunk_size=_get(value, "chunk_size", int, 0, MAX_CHUNK),
            replicas=_get(value, "replicas", int, 1, MAX_MEMBERS),
            run=_get(value, "run", int, 1, MAX_CHUNKS),
            home=tuple(Member.read(m) for m in _all(_get(value, "home", list, 1, MAX_MEMBERS), dict)),
            modified=_get(value, "modified", int),
            modified_ns=_find(value, "modified_ns", bytes, TIME_BYTES, TIME_BYTES),
            mode=_find(value, "mode", int, 0, 0o7777),
            writer_id=_get(value, "writer_id", bytes, 16, 16),
            previous=tuple(Previous.read(p) for p in _all(_find(value, "previous", list, 0, 64) or [], dict)),
            previous_writer_ids=tuple(_all(_find(value, "previous_writer_ids", list, 0, 8) or [], bytes, 16, 16)),
            epoch=_find(value, "epoch", int, 1) or 0,
            former_home=tuple(
                Member.read(m) for m in _all(_find(value, "former_home", list, 0, MAX_MEMBERS) or [], dict)),
            encryption=_find(value, "encryption", bytes, 1, MAX_ENVELOPE),
        )
        record._check()
        return record

    def _check(self) -> None:
        try:
            if normal_name(self.name) != self.name:
                raise _violation("a record's name is not in NFC")
        except DfssError as error:
            raise _violation(f"a record's name is no name: {error}") from error
        if self.moved != bool(self.former_home) or self.moved and not self.epoch:
            raise _violation("a record does not say where it moved")
        if self.removed:
            if self.file_id is not None or self.length or self.chunk_size:
                raise _violation("a tombstone has content")
        elif self.file_id is None or not any(self.file_id):
            raise _violation("a file's record has no file id")
        elif self.chunk_size < MIN_CHUNK or self.chunks > MAX_CHUNKS:
            raise _violation("a record's chunk size is out of range")
        for one in (self, *self.previous):
            if one.encryption and one.length and (one.length - 1) % one.chunk_size < CHUNK_OVERHEAD:
                raise _violation("an encrypted file has an empty chunk")

    def write(self) -> dict[str, Any]:
        """The map, in the order of the protocol; what is absent is left out."""
        values = {
            "name": self.name, "version": self.version, "epoch": self.epoch or None, "state": self.state,
            "file_id": self.file_id, "length": self.length, "chunk_size": self.chunk_size,
            "replicas": self.replicas, "run": self.run, "home": [member.write() for member in self.home],
            "former_home": [member.write() for member in self.former_home] or None,
            "encryption": self.encryption, "modified": self.modified, "modified_ns": self.modified_ns,
            "mode": self.mode,
            "writer_id": self.writer_id,
            "previous": [previous.write() for previous in self.previous] or None,
            "previous_writer_ids": list(self.previous_writer_ids) or None,
        }
        return _named_file_id({key: value for key, value in values.items() if value is not None})


class Balloted(NamedTuple):
    ballot: Ballot
    record: Record

    @staticmethod
    def read(value: dict[str, Any]) -> Balloted:
        return Balloted(Ballot.read(_get(value, "ballot", list)), Record.read(_get(value, "record", dict)))


class Answer(NamedTuple):
    """A member's register after a request. status: 0 done, 1 refused, 2 chunks missing, 3 no vote."""

    status: int
    promised: Ballot | None
    accepted: Balloted | None
    decided: Balloted | None
    missing: bytes
    manifest_missing: bool

    @staticmethod
    def read(value: dict[str, Any]) -> Answer:
        promised = _find(value, "promised", list)
        accepted, decided = (_find(value, key, dict) for key in ("accepted", "decided"))
        return Answer(
            _get(value, "status", int, 0, 3),
            Ballot.read(promised) if promised is not None else None,
            Balloted.read(accepted) if accepted is not None else None,
            Balloted.read(decided) if decided is not None else None,
            _find(value, "missing", bytes) or b"",
            _find(value, "manifest_missing", bool) or False,
        )

    def highest(self, epoch: int) -> Balloted | None:
        """What was accepted or decided last, if that was in this home of the name."""
        last = _highest([self.accepted, self.decided])
        return last if last and last.ballot.epoch == epoch else None


def _highest(ballots: Iterable[Balloted | None]) -> Balloted | None:
    return max((b for b in ballots if b), key=lambda b: b.ballot, default=None)


class Place(NamedTuple):
    """One of a name's homes. first: of a later one the record that it begins with, where that is known."""

    home: tuple[Member, ...]
    epoch: int = 0
    first: Balloted | None = None

    @staticmethod
    def after(moved: Record) -> Place:
        """Where a moved record says that the name is."""
        first = Balloted(Ballot(moved.epoch, 1, bytes(16)), replace(moved, state=0, former_home=()))
        return Place(moved.home, moved.epoch, first)

    @staticmethod
    def latest(answers: Iterable[Answer]) -> Place | None:
        """The latest place in the answers. A move that may not have been chosen is settled at the home it leaves."""
        told: list[tuple[int, Ballot, Place]] = []
        for answer in answers:
            for entry, decided in ((answer.accepted, False), (answer.decided, True)):
                if entry is None:
                    continue
                ballot, record = entry
                if record.moved:
                    place = Place.after(record) if decided else Place(record.former_home, ballot.epoch)
                else:
                    is_first = ballot.epoch > 0 and ballot == Ballot(ballot.epoch, 1, bytes(16))
                    place = Place(record.home, ballot.epoch, entry if is_first else None)
                told.append((place.epoch, ballot, place))
        if not told:
            return None
        latest = max(told, key=lambda one: one[:2])[2]
        firsts = (place.first for _, _, place in told if place.epoch == latest.epoch and place.first)
        return latest._replace(first=next(firsts, None))


def read_manifest(data: bytes | memoryview, record: Record) -> list[bytes]:
    """The chunk ids of the record's manifest, whose hash the function that fetched it has checked.

    Raises ChunkCorrupt.
    """
    data = bytes(data)
    magic = ENCRYPTED_MANIFEST_MAGIC if record.encryption else MANIFEST_MAGIC
    head = (magic + record.length.to_bytes(8, "big") + record.chunk_size.to_bytes(4, "big")
            + record.chunks.to_bytes(4, "big"))
    if data[:24] != head or len(data) != 24 + 32 * record.chunks:
        raise DfssError(Code.ChunkCorrupt, f"the manifest of '{record.name}' does not fit its record")
    return [data[at:at + 32] for at in range(24, len(data), 32)]


# ---- Encryption, as docs/encryption.md says it; reading only -------------------------------------------------------


def derive(secret: bytes, info: bytes) -> bytes:
    """HKDF-SHA-256 with an empty salt, 32 bytes."""
    key = hmac.digest(bytes(32), secret, "sha256")
    return hmac.digest(key, info + b"\x01", "sha256")


class Wrap(NamedTuple):
    """A file's key, encrypted for one recipient. kind: 1 encryption key, 2 P-256, 3 RSA."""

    kind: int
    key_id: bytes
    header: bytes
    wrapped: bytes

    def open(self, secret: bytes, file_id: bytes) -> bytes | None:
        """The file's key; None where the wrap was changed, or is another file's."""
        info = b"DFSS encryption 1 wrap" + bytes([self.kind]) + self.key_id + file_id
        try:
            return AESGCM(derive(secret + self.header, info)).decrypt(bytes(NONCE), self.wrapped, None)
        except InvalidTag:
            return None


class Envelope(NamedTuple):
    """What the record of an encrypted file says of its key."""

    code: bytes
    wraps: tuple[Wrap, ...]

    @staticmethod
    def read(data: bytes, name: str) -> Envelope:
        """Raises VersionNotSupported, FileTampered."""
        if data[0] != 1:
            raise DfssError(Code.VersionNotSupported, f"'{name}' is encrypted in version {data[0]}")
        wraps: list[Wrap] = []
        at, count = 34, data[33] if len(data) > 33 else 0
        while len(wraps) < count and len(data) >= at + 19:
            end = at + 19 + int.from_bytes(data[at + 17:at + 19], "big")
            wraps.append(Wrap(data[at], data[at + 1:at + 17], data[at + 19:end], data[end:end + 48]))
            at = end + 48
        good = len({wrap.key_id for wrap in wraps}) == len(wraps) == count and all(w.kind in (1, 2, 3) for w in wraps)
        if not good or at != len(data) or not 1 <= count <= 16:
            raise DfssError(Code.FileTampered, f"what the record of '{name}' says of its keys is malformed")
        return Envelope(data[1:33], tuple(wraps))


class HiddenNames:
    """The names that are hidden from the peers with an encryption key."""

    PREFIX = "~1~"
    MAX_BYTES = 735

    def __init__(self, key: bytes):
        self._nonce_key = derive(key, b"DFSS encryption 1 name nonce")
        self._cipher = AESGCM(derive(key, b"DFSS encryption 1 name"))

    def hide(self, name: str) -> str:
        """Raises InvalidName."""
        text = normal_name(name).encode()
        if len(text) > self.MAX_BYTES:
            raise DfssError(Code.InvalidName, f"of a name that is hidden {self.MAX_BYTES} bytes are the most")
        padded = text + bytes(32 - len(text) % 32)
        nonce = hmac.digest(self._nonce_key, padded, "sha256")[:NONCE]
        hidden = nonce + self._cipher.encrypt(nonce, padded, None)
        return self.PREFIX + base64.urlsafe_b64encode(hidden).decode().rstrip("=")

    def reveal(self, stored: str) -> str | None:
        data = stored.removeprefix(self.PREFIX)
        try:
            sealed = base64.b64decode(data + "=" * (-len(data) % 4), altchars=b"-_", validate=True)
            name = self._cipher.decrypt(sealed[:NONCE], sealed[NONCE:], None).rstrip(b"\0").decode()
            return name if self.hide(name) == stored else None
        except (ValueError, InvalidTag, DfssError):
            return None


class Keys:
    """The keys of a user. Files: what New-DfssEncryptionKey makes, or a private key in PEM or DER (P-256, RSA)."""

    def __init__(self, paths: Iterable[str | os.PathLike[str]] = ()):
        self._secrets: dict[bytes, Callable[[Wrap], bytes | None]] = {}
        self._names: list[HiddenNames] = []
        for path in paths:
            try:
                self.add(Path(path).read_bytes())
            except OSError as error:
                raise DfssError(Code.SourceUnreadable, f"{path}: {error.strerror or error}") from error
            except ValueError as error:
                raise DfssError(Code.InvalidArgument, f"{path} is no key: {error}") from error

    def add(self, data: bytes) -> None:
        """Raises ValueError, whose text has nothing of the key."""
        if AESGCM is None:
            raise ValueError("encrypted files need python3-cryptography")
        if data.strip().startswith(b"dfss-key-1-"):
            try:
                self.add_key(base64.b64decode(data.strip().removeprefix(b"dfss-key-1-"), validate=True))
            except binascii.Error:
                raise ValueError("the base64 of an encryption key is malformed") from None
            return
        load = serialization.load_pem_private_key if b"-----BEGIN" in data else serialization.load_der_private_key
        try:
            self.add_private_key(load(data, password=None))
        except TypeError:
            raise ValueError("it is protected by a password") from None

    def add_key(self, key: bytes) -> None:
        if len(key) != 32:
            raise ValueError("an encryption key has 32 bytes")
        self._secrets[derive(key, b"DFSS encryption 1 key id")[:16]] = lambda wrap: key if wrap.kind == 1 else None
        self._names.append(HiddenNames(key))

    def add_private_key(self, key: Any) -> None:
        def agree(wrap: Wrap) -> bytes | None:
            if wrap.kind != 2 or len(wrap.header) != 65 or wrap.header[0] != 4:
                return None
            try:
                public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), wrap.header)
                return key.exchange(ec.ECDH(), public)
            except ValueError:
                return None  # no point of the curve

        def decrypt(wrap: Wrap) -> bytes | None:
            sha = hashes.SHA256()
            try:
                secret = key.decrypt(wrap.header, padding.OAEP(padding.MGF1(sha), sha, None)) if wrap.kind == 3 else b""
            except ValueError:
                return None
            return secret if len(secret) == 32 else None

        if isinstance(key, rsa.RSAPrivateKey):
            secret = decrypt
        elif isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP256R1):
            secret = agree
        else:
            raise ValueError("it is neither on P-256 nor RSA")
        public = key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        self._secrets[hashlib.sha256(public).digest()[:16]] = secret

    def hide(self, name: str) -> Sequence[str]:
        """The stored names that a hidden name may have, one for each encryption key.

        Raises InvalidArgument, InvalidName.
        """
        if not self._names:
            raise DfssError(Code.InvalidArgument, "a hidden name needs an encryption key: no certificate hides one")
        return [key.hide(name) for key in self._names]

    def reveal(self, stored: str) -> str | None:
        """The name that a stored name hides; None where none of these keys has hidden it."""
        return next((name for key in self._names if (name := key.reveal(stored))), None)

    def open(self, envelope: Envelope, record: Record) -> bytes:
        """The key of a file. Raises KeyWrong, FileTampered."""
        ours = [wrap for wrap in envelope.wraps if wrap.key_id in self._secrets]
        for wrap in ours:
            secret = self._secrets[wrap.key_id](wrap)
            key = secret and wrap.open(secret, record.file_id)
            if key:
                return key
        if ours:
            raise DfssError(Code.FileTampered, f"the key of '{record.name}' was changed, or is another file's")
        needed = " or ".join(wrap.key_id.hex() for wrap in envelope.wraps)
        raise DfssError(Code.KeyWrong, f"'{record.name}' is encrypted for the key {needed}")


class Decryption:
    """Decrypts the chunks of a file. Without keys, of a file that is not encrypted: gives them as they are."""

    def __init__(self, record: Record, keys: Keys | None):
        """Raises KeyRequired, KeyWrong, FileNotEncrypted, FileTampered, VersionNotSupported."""
        self._record, self._key = record, None
        if not record.encryption:
            if keys:
                raise DfssError(Code.FileNotEncrypted, f"a key was given, and '{record.name}' is not encrypted")
            return
        self._envelope = Envelope.read(record.encryption, record.name)
        if not keys:
            needed = " or ".join(wrap.key_id.hex() for wrap in self._envelope.wraps)
            raise DfssError(Code.KeyRequired, f"'{record.name}' is encrypted for the key {needed}, and none was given")
        self._key = keys.open(self._envelope, record)

    def check(self, manifest: bytes | memoryview) -> None:
        """Raises FileTampered where the manifest is not what was written with the file's key."""
        if self._key:
            code = hmac.digest(derive(self._key, b"DFSS encryption 1 manifest"), bytes(manifest), "sha256")
            if not hmac.compare_digest(code, self._envelope.code):
                message = f"the chunk list of '{self._record.name}' is not the one that was written with its key"
                raise DfssError(Code.FileTampered, message)

    def chunk(self, index: int, data: bytes | memoryview) -> bytes | memoryview:
        """The content of a stored chunk. Raises FileTampered."""
        if not self._key:
            return data
        place = b"".join(number.to_bytes(4, "big") for number in (index, self._record.chunks, self._record.chunk_size))
        try:
            cipher = AESGCM(derive(self._key, b"DFSS encryption 1 chunk"))
            return cipher.decrypt(bytes(data[:NONCE]), bytes(data[NONCE:]), place)
        except InvalidTag:
            message = f"chunk {index} of '{self._record.name}' is not what was encrypted there"
            raise DfssError(Code.FileTampered, message) from None


# ---- Connections ----------------------------------------------------------------------------------------------------


def parse_address(text: str) -> tuple[str, int]:
    """host:port, 1.2.3.4:port, [IPv6%zone]:port; without a port 9000, also behind a bare IPv6 address."""
    text = text.strip()
    if text.startswith("["):
        host, closed, rest = text[1:].partition("]")
        valid, port = bool(closed) and rest[:1] in ("", ":"), rest[1:]
    elif text.count(":") > 1:
        host, port, valid = text, "", True
    else:
        host, _, port = text.partition(":")
        valid = True
    number = int(port) if port.isascii() and port.isdigit() else DEFAULT_PORT if not port else 0
    if not valid or not host or not 1 <= number <= 65_535 or any(c in " \t/\\@,;" for c in host):
        raise DfssError(Code.InvalidArgument, f"'{text}' is no address; write host:port")
    return host, number


def format_address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _dial(address: str) -> socket.socket:
    """Connects; of a name, all its addresses are tried."""
    host, port = parse_address(address)
    last: OSError = OSError("the name does not resolve")
    for target in ("::1", "127.0.0.1") if host.lower() == "localhost" else (host,):
        try:
            return socket.create_connection((target, port), CONNECT_SECONDS)
        except OSError as error:
            last = error
        except UnicodeError:
            last = OSError("the name is not a host's name")
    raise DfssError(Code.PeerUnreachable, f"{address}: {last}; check the address, and that a peer runs there") from last


def _state_folder() -> Path | None:
    """Where this user's programs keep what they share."""
    chosen = os.environ.get("XDG_STATE_HOME", "")
    if os.path.isabs(chosen):
        return Path(chosen, "dfss")
    try:
        if sys.platform == "darwin":
            return Path.home() / "Library" / "Application Support" / "Dfss"
        return Path.home() / ".local" / "state" / "dfss"
    except RuntimeError:
        return None  # a user without a home


def _find_token(peer: tuple) -> str | None:
    """The token of the peer on loopback at this address, if this user started it."""
    folder = _state_folder()
    host, port = peer[0], peer[1]
    if folder is None or not (host == "::1" or host.startswith("127.")):
        return None
    try:
        return (folder / "tokens" / f"{host.replace(':', '-')}_{port}").read_text("ascii")
    except (OSError, ValueError):
        return None  # of no user that is known here


class _Pace:
    """Says when a frame crawls: less than 16 KiB/s over 30 s."""

    def __init__(self) -> None:
        self._since, self._bytes = time.monotonic(), 0

    def moved(self, count: int) -> None:
        self._bytes += count
        if time.monotonic() - self._since >= PACE_SECONDS:
            if self._bytes < PACE_BYTES:
                raise TimeoutError("less than 16 KiB/s")
            self.__init__()


class Connection:
    """One connection, one request at a time. Raises DfssError; after anything but a peer's error it is closed."""

    def __init__(self, address: str):
        self.address = address
        self._lock = threading.Lock()
        token = self._open()
        try:
            self._hello(token)
        except DfssError as error:
            # A peer that was just starting writes its token before it refuses clients: look once more.
            if error.code is not Code.NotAuthenticated or _find_token(self._remote) in (None, token):
                raise
            self._hello(self._open())

    def _open(self) -> str | None:
        """Connects. The token to say in hello."""
        self.open = True
        self._socket = _dial(self.address)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._remote = self._socket.getpeername()
        self._ids = itertools.count()
        self._pings: set[int] = set()
        self._draining = False
        self._used = time.monotonic()
        self._max_send = self._max_receive = MAX_HELLO_BODY
        return _find_token(self._remote)

    @property
    def usable(self) -> bool:
        """Whether a new request may be sent on it."""
        return self.open and not self._draining and time.monotonic() - self._used < IDLE_SECONDS

    def close(self) -> None:
        self.open = False
        try:
            self._socket.shutdown(socket.SHUT_RDWR)  # wakes a thread that reads
        except OSError:
            pass  # it is not connected any more
        self._socket.close()

    def call(self, operation: str, arguments: dict[str, Any], payload: bytes | None = None) -> tuple[dict, memoryview]:
        """The results and the answer's payload (nil as empty)."""
        with self._lock:
            try:
                status, results, answer = self._exchange(operation, arguments, payload)
            except TimeoutError as error:
                self.close()
                raise DfssError(Code.TimedOut, f"{self.address} made no progress: {error}") from error
            except OSError as error:
                self.close()
                raise DfssError(Code.PeerUnreachable, f"the connection to {self.address} broke: {error}") from error
            except BaseException:
                self.close()
                raise
        if status:
            raise self._error(status, results)
        return results, answer

    def _hello(self, token: str | None) -> None:
        hello = {"versions": [1], "software": "dfss.py/1", "capabilities": []}
        try:
            results, _ = self.call("hello", hello if token is None else hello | {"token": token})
            _get(results, "version", int, 1, 1)
            self.store_id = _get(results, "store_id", bytes, 16, 16)
            self.addresses = _all(_get(results, "addresses", list), str)
            limits = _get(results, "limits", dict)
            self._max_send = min(_get(limits, "frame", int, MAX_HELLO_BODY), MAX_BODY)
            self.max_chunk = _get(limits, "chunk", int)
            self._max_receive = MAX_BODY
        except DfssError as error:
            self.close()
            if error.code is Code.ProtocolViolation:
                message = f"{self.address} is no DFSS peer; check the port ({error})"
                raise DfssError(Code.NotADfssPeer, message) from error
            raise

    @property
    def max_ids(self) -> int:
        """How many ids one find_missing may ask for within the peer's limits."""
        return max(1, min(MAX_IDS, (self._max_send - 1024) // 32))

    def _exchange(self, operation: str, arguments: dict[str, Any], payload: bytes | None) -> tuple:
        if not self.open:
            raise ConnectionError("it was closed")
        own = self._send(operation, arguments, payload)
        self._used = time.monotonic()
        deadline = self._used + LONGEST.get(operation, 300)
        while True:
            answered, status, results, answer = self._receive(deadline)
            self._used = time.monotonic()
            if answered == own:
                return status, results, answer
            if answered is None:
                self._notice(status, results)
            elif answered in self._pings:
                self._pings.discard(answered)
            else:
                raise _violation(f"{self.address} answered what was not asked")

    def _notice(self, status: int, results: dict[str, Any]) -> None:
        if status != Code.PeerBusy or self._max_receive == MAX_HELLO_BODY:
            raise self._error(status, results)
        self._draining = True

    def _error(self, status: int, results: dict[str, Any]) -> DfssError:
        code = Code(status) if status in list(Code) else Code.PeerFault
        texts = (_find(results, key, str) for key in ("message", "advice"))
        message = " ".join(_printable(text, MAX_TEXT) for text in texts if text)
        return DfssError(code, f"{self.address}: {message}", retryable=_find(results, "retryable", bool))

    def _send(self, operation: str, arguments: dict[str, Any], payload: bytes | None) -> int:
        request = next(self._ids) % 2**32
        header = b"\x94" + b"".join(msgpack.packb(v) for v in (request, operation, arguments)) + _bin_header(payload)
        length = len(header) + len(payload or b"")
        if len(header) > MAX_HEADER or length > self._max_send:
            raise DfssError(Code.LimitExceeded, f"{operation}: {length} bytes are more than {self.address} takes")
        self._send_all(length.to_bytes(4, "big") + header)
        if payload:
            self._send_all(payload)
        return request

    def _send_all(self, data: bytes) -> None:
        rest, pace = memoryview(data), _Pace()
        self._socket.settimeout(SILENCE_SECONDS)
        while rest:
            sent = self._socket.send(rest)
            rest = rest[sent:]
            pace.moved(sent)

    def _receive(self, deadline: float) -> tuple[int | None, int, dict[str, Any], memoryview]:
        first = self._first_bytes(deadline)
        length = int.from_bytes(first + self._read(4 - len(first)), "big")
        if not 5 <= length <= self._max_receive:
            raise _violation(f"{self.address} sent a frame of {length} bytes")
        return _parse_body(self._read(length))

    def _first_bytes(self, deadline: float) -> bytes:
        """Waits for the next frame, with a ping every 10 s; a peer that moves no byte for 20 s is dead."""
        self._socket.settimeout(PING_SECONDS)
        quiet_until = time.monotonic() + SILENCE_SECONDS
        while True:
            try:
                data = self._socket.recv(4)
            except TimeoutError:
                now = time.monotonic()
                if now >= min(quiet_until, deadline):
                    raise
                if self._max_receive > MAX_HELLO_BODY and not self._draining:
                    self._pings.add(self._send("ping", {}, None))
                self._socket.settimeout(max(0.001, min(PING_SECONDS, quiet_until - now, deadline - now)))
                continue
            if not data:
                raise ConnectionError("the peer closed it")
            return data

    def _read(self, count: int) -> bytearray:
        data, pace = bytearray(count), _Pace()
        rest = memoryview(data)
        self._socket.settimeout(SILENCE_SECONDS)
        while rest:
            got = self._socket.recv_into(rest)
            if not got:
                raise ConnectionError("the peer closed it within a frame")
            rest = rest[got:]
            pace.moved(got)
        return data


def _bin_header(payload: bytes | None) -> bytes:
    if payload is None:
        return b"\xc0"
    size = len(payload)
    if size < 2**8:
        return b"\xc4" + size.to_bytes(1, "big")
    return b"\xc5" + size.to_bytes(2, "big") if size < 2**16 else b"\xc6" + size.to_bytes(4, "big")


def _parse_body(body: bytes | bytearray) -> tuple[int | None, int, dict[str, Any], memoryview]:
    """An answer or a notice: id or None, status, results, payload. Raises ProtocolViolation."""
    reader = _Reader(memoryview(body)[:MAX_HEADER])
    if body[0] not in (0x94, 0xDC, 0xDD) or reader.array() != 4:
        raise _violation("a body is no array of four")
    answered, status, results = (reader.value(2) for _ in range(3))
    if type(answered) not in (int, type(None)) or type(status) is not int or type(results) is not dict:
        raise _violation("an answer's parts are of the wrong kinds")
    at = reader.position
    if body[at:] == b"\xc0":
        return answered, status, results, memoryview(b"")
    width = {0xC4: 1, 0xC5: 2, 0xC6: 4}.get(body[at] if at < len(body) else 0, 0)
    begin = at + 1 + width
    if not width or begin > MAX_HEADER or int.from_bytes(body[at + 1:begin], "big") != len(body) - begin:
        raise _violation("a payload does not end where its body does")
    return answered, status, results, memoryview(body)[begin:]


class Peer:
    """A store, reached at the first of its addresses that answers with its store id. Reconnects when needed."""

    def __init__(self, store_id: bytes | None, addresses: Sequence[str]):
        self.store_id = store_id
        self.addresses = list(addresses)
        self._connection: Connection | None = None
        self._closed = False
        self._lock = threading.Lock()

    def __str__(self) -> str:
        return self.addresses[0] if self.addresses else "a peer without an address"

    def call(self, operation: str, arguments: dict[str, Any], payload: bytes | None = None) -> tuple[dict, memoryview]:
        """Sends a request; one that an old connection lost is sent again on a new one, for all are idempotent."""
        connection, fresh = self.connect()
        try:
            return connection.call(operation, arguments, payload)
        except DfssError as error:
            if fresh or error.code is not Code.PeerUnreachable:
                raise
        return self.connect()[0].call(operation, arguments, payload)

    def connect(self) -> tuple[Connection, bool]:
        """The connection, and whether it is a new one."""
        with self._lock:
            if self._connection and self._connection.usable:
                return self._connection, False
            if self._connection:
                self._connection.close()
            connection = self._connection = self._connect()
        if self._closed:  # meanwhile, by another thread
            connection.close()
        return connection, True

    def _connect(self) -> Connection:
        error = DfssError(Code.PeerUnreachable, "a member of the home has no known address")
        for address in () if self._closed else self.addresses:
            try:
                connection = Connection(address)
            except DfssError as failed:
                error = failed
                continue
            if self.store_id in (None, connection.store_id):
                self.store_id = connection.store_id
                known = {a.lower() for a in self.addresses}
                self.addresses += [a for a in connection.addresses if a.lower() not in known]
                return connection
            connection.close()
            error = DfssError(Code.PeerUnreachable, f"{address} serves another store now")
        raise error

    def close(self) -> None:
        self._closed = True
        connection = self._connection
        if connection:
            connection.close()

    def find_missing(self, ids: Sequence[bytes]) -> list[bool]:
        """Which of the chunks the peer does not have."""
        missing: list[bool] = []
        step = self.connect()[0].max_ids
        for at in range(0, len(ids), step):
            part = ids[at:at + step]
            _, bits = self.call("find_missing", {}, b"".join(part))
            if len(bits) != (len(part) + 7) // 8:
                raise _violation(f"{self}: a bitmap of the wrong length")
            missing += [bool(bits[i // 8] >> i % 8 & 1) for i in range(len(part))]
        return missing

    def store_chunk(self, chunk_id: bytes, data: bytes) -> None:
        if len(data) > self.connect()[0].max_chunk:
            raise DfssError(Code.LimitExceeded, f"{self} takes no chunks of {len(data)} bytes")
        self.call("store_chunk", {"chunk_id": chunk_id}, data)

    def get_chunk(self, chunk_id: bytes, length: int) -> memoryview:
        """The verified chunk. Wrong bytes are never returned: the peer is told to look, and it is ChunkCorrupt."""
        _, data = self.call("get_chunk", {"chunk_id": chunk_id})
        if len(data) == length and hashlib.sha256(data).digest() == chunk_id:
            return data
        try:
            self.call("verify_chunk", {"chunk_id": chunk_id})
        except DfssError:
            pass  # a hint only; the wrong bytes are what is told
        raise DfssError(Code.ChunkCorrupt, f"{self} sent wrong bytes for chunk {chunk_id.hex()}")

    def register(self, operation: str, item: dict[str, Any]) -> Answer:
        """prepare, seal, accept, decide or read of one name."""
        data = msgpack.packb(item)
        results, payload = self.call(operation, {"lengths": [len(data)]}, data)
        (answer,) = _items(results, payload, 1)
        return Answer.read(answer)

    def list_files(self, prefix: str) -> Iterator[Balloted]:
        """The balloted records of this peer, page by page, in the order of their names."""
        after, more = "", True
        while more:
            arguments = {"limit": 1000, "prefix": prefix} | ({"after": after} if after else {})
            results, payload = self.call("list_files", arguments)
            more = _get(results, "more", bool)
            page = [Balloted.read(item) for item in _items(results, payload)]
            for entry in page:
                if entry.record.name <= after or not entry.record.name.startswith(prefix):
                    raise _violation(f"{self}: a list out of order")
                after = entry.record.name
                yield entry
            if more and not page:
                raise _violation(f"{self}: a list that does not go on")


def _items(results: dict[str, Any], payload: memoryview, count: int | None = None) -> list[dict[str, Any]]:
    lengths = _all(_get(results, "lengths", list, 0, MAX_ITEMS), int)
    if sum(lengths) != len(payload) or count not in (None, len(lengths)):
        raise _violation("the items' lengths do not fit")
    ends = list(itertools.accumulate(lengths))
    return [_item(payload[end - length:end]) for end, length in zip(ends, lengths)]


def gather(jobs: dict[K, Callable[[], T]], enough: Callable[[dict[K, T | DfssError]], bool] = lambda _: False,
           seconds: float | None = None) -> dict[K, T | DfssError]:
    """Runs the jobs at the same time. Returns what they gave, or the DfssError they raised, as soon as all have ended,
    or `enough` says so, or the time is over; jobs still running then end by themselves, unheard."""
    done: queue.SimpleQueue = queue.SimpleQueue()

    def run(key: K, job: Callable[[], T]) -> None:
        try:
            done.put((key, job()))
        except BaseException as error:  # handed to the waiting thread
            done.put((key, error))

    for key, job in jobs.items():
        threading.Thread(target=run, args=(key, job), daemon=True).start()
    answers: dict[K, T | DfssError] = {}
    until = None if seconds is None else time.monotonic() + seconds
    while len(answers) < len(jobs) and not enough(answers):
        try:
            key, answer = done.get(timeout=None if until is None else max(0.001, until - time.monotonic()))
        except queue.Empty:
            break
        if isinstance(answer, BaseException) and not isinstance(answer, DfssError):
            raise answer
        answers[key] = answer
    return answers


# ---- The register ---------------------------------------------------------------------------------------------------


class _LostBallot(Exception):
    """A higher ballot was promised; a new round is needed."""


class _Moved(Exception):
    """The name is at a later home: at `place`, where that was told, by `record`."""

    def __init__(self, place: Place | None, record: Record | None = None):
        super().__init__(place)
        self.place = place
        self.record = record


class _Made(Exception):
    """A member's `decided` says that our change was made."""


Answers = dict[int, "Answer | DfssError"]


class Register:
    """A name's register: the members of its home, and the ballots seen."""

    def __init__(self, name: str, place: Place, peers: Sequence[Peer | None], counter: int = 0):
        self.name = name
        self.home = tuple(place.home)
        self.epoch = place.epoch
        self.first = place.first
        self.peers = peers
        self.majority = len(self.home) // 2 + 1
        self.counter = counter

    def new_ballot(self) -> Ballot:
        self.counter += 1
        return Ballot(self.epoch, self.counter, secrets.token_bytes(16))

    def ask(self, operation: str, fields: Callable[[int], dict[str, Any]] | dict[str, Any],
            enough: Callable[[Answers], bool], known: Answers | None = None, seconds: float | None = None) -> Answers:
        """Asks all members, or those that are silent in `known`, at the same time."""
        answers: Answers = {i: a for i, a in (known or {}).items() if isinstance(a, Answer)}
        jobs: dict[int, Callable[[], Answer]] = {}
        for index, peer in enumerate(self.peers):
            if peer and index not in answers:
                item = {"name": self.name} | (fields(index) if callable(fields) else fields)
                jobs[index] = lambda peer=peer, item=item: peer.register(operation, item)
            elif not peer:
                where = ", ".join(self.home[index].addresses) or "a peer without an address"
                answers[index] = DfssError(Code.PeerUnreachable, f"{where} did not answer when the home was made")
        answers |= gather(jobs, lambda new: enough(answers | new), seconds)
        heard = [a for a in answers.values() if isinstance(a, Answer)]
        promised = [a.promised for a in heard if a.promised]
        self.counter = max([self.counter, *(p.counter for p in promised if p.epoch == self.epoch)])
        if operation != "decide":  # which is told, whatever became of the name
            self._learn(heard, promised)
        return answers

    def _learn(self, heard: Sequence[Answer], promised: Iterable[Ballot]) -> None:
        """Raises _Moved where a later home is told of."""
        place = Place.latest(heard)
        if place and place.epoch > self.epoch:
            entries = [e for a in heard for e in (a.accepted, a.decided) if e and e.record.epoch == place.epoch]
            raise _Moved(place, _highest(entries).record)
        if any(ballot.epoch > self.epoch for ballot in promised):
            raise _Moved(None)
        if place and place.epoch == self.epoch:
            self.first = self.first or place.first

    def needs_first(self, voters: Iterable[Answer]) -> bool:
        """Whether it is not known yet that a majority of this later home has what it begins with."""
        known = [h for h in (a.highest(self.epoch) for a in voters) if h]
        return (self.epoch > 0 and len(known) < self.majority
                and not any(h.ballot > Ballot(self.epoch, 1, bytes(16)) for h in known))

    def install(self) -> Balloted:
        """Brings the record that this later home begins with to a majority of it.

        Raises NoMajority, or _Moved where that record is not known.
        """
        if self.first is None:
            raise _Moved(None)
        answers = self.vote("decide", {"ballot": self.first.ballot.write(), "record": self.first.record.write()})
        if len(done(answers)) < self.majority:
            raise self.no_majority(answers)
        return self.first

    def end_with(self, moved: Balloted) -> None:
        """Tells that the name moved from here, and raises _Moved."""
        self.decide(moved)
        raise _Moved(Place.after(moved.record), moved.record)

    def vote(self, operation: str, fields: dict[str, Any], known: Answers | None = None) -> Answers:
        """Asks until a majority is done, or cannot be."""
        def enough(answers: Answers) -> bool:
            won = len(done(answers))
            return won >= self.majority or len(answers) - won > len(self.home) - self.majority
        return self.ask(operation, fields, enough, known)

    def decide(self, entry: Balloted) -> None:
        """Sends the decision to all members, and does not wait long: a member that misses it learns it later."""
        arguments = {"ballot": entry.ballot.write(), "record": entry.record.write()}
        self.ask("decide", arguments, lambda _: False, seconds=2.0)

    def read(self) -> tuple[Record | None, bool]:
        """The record, if there is one, and whether it is the current one. Raises NoMajority."""
        answers = self.ask("read", {}, lambda a: self._settled(a) is not None)
        settled = self._settled(answers)
        if settled is None and len(done(answers)) >= self.majority:
            settled = (self.install(), True) if self.needs_first(done(answers).values()) else self._finish()
        if settled is not None:
            entry, finished = settled
            if entry and entry.record.moved:
                self.end_with(entry)
            if entry and not finished:
                self.decide(entry)
            return entry.record if entry else None, True
        entry = _highest(a.decided for a in done(answers).values())
        if entry is None:
            raise self.no_majority(answers)
        return entry.record, False

    def _settled(self, answers: Answers) -> tuple[Balloted | None, bool] | None:
        """What a majority's answers say is current, and whether it is known to be decided; None: they do not say."""
        voters = done(answers).values()
        if len(voters) < self.majority or self.needs_first(voters):
            return None
        highest = _highest(a.highest(self.epoch) for a in voters)
        if highest is None:
            return None, True
        if decided_by(voters, highest.record):
            return _highest(a.decided for a in voters), True
        accepted = [a.highest(self.epoch) for a in voters]
        if sum(h is not None and h.ballot == highest.ballot for h in accepted) >= self.majority:
            return highest, False
        return None

    def _finish(self) -> tuple[Balloted | None, bool] | None:
        """Finishes another writer's unfinished change. None: no majority."""
        for attempt in range(ROUNDS):
            ballot = self.new_ballot()
            answers = self.vote("prepare", {"ballot": ballot.write()})
            voters = done(answers).values()
            if len(voters) >= self.majority:
                found = self.install() if self.needs_first(voters) else _highest(a.highest(self.epoch) for a in voters)
                if found is None or decided_by(voters, found.record):
                    return found, True
                answers = self.vote("accept", {"ballot": ballot.write(), "record": found.record.write()})
                if len(done(answers)) >= self.majority:
                    return Balloted(ballot, found.record), False
            if not refused(answers):
                return None
            _backoff(attempt)
        return None

    def no_majority(self, answers: Answers) -> DfssError:
        failures = [str(a) for a in answers.values() if isinstance(a, DfssError)]
        n = len(self.home)
        return DfssError(Code.NoMajority, f"'{self.name}': {n - len(failures)} of the {n} peers of its home answered, "
                         f"{self.majority} are needed; start the others ({'; '.join(failures)})")


def done(answers: Answers) -> dict[int, Answer]:
    return {i: a for i, a in answers.items() if isinstance(a, Answer) and a.status == 0}


def refused(answers: Answers) -> bool:
    return any(isinstance(a, Answer) and a.status == 1 for a in answers.values())


def decided_by(answers: Iterable[Answer], record: Record) -> bool:
    """Whether a member knows the record to be decided."""
    decided = (a.decided.record for a in answers if a.decided)
    return any((d.version, d.writer_id) == (record.version, record.writer_id) for d in decided)


def _backoff(attempt: int) -> None:
    time.sleep(random.uniform(0.005, min(1.3, 0.010 * 2**attempt)))


# ---- Storing --------------------------------------------------------------------------------------------------------


class Source:
    """A file to store: its chunk ids and manifest. Raises SourceUnreadable, SourceChanged, FileTooLarge."""

    def __init__(self, path: str | os.PathLike[str], chunk_size: int = USUAL_CHUNK):
        self.path = os.fspath(path)
        try:
            self._file = open(self.path, "rb")
            self.stat = os.fstat(self._file.fileno())
        except OSError as error:
            raise self._unreadable(error) from error
        if not stat.S_ISREG(self.stat.st_mode):
            self.close()
            raise DfssError(Code.SourceUnreadable, f"{self.path} is no regular file")
        self.length = self.stat.st_size
        while chunk_count(self.length, chunk_size) > MAX_CHUNKS and chunk_size < MAX_CHUNK:
            chunk_size = min(2 * chunk_size, MAX_CHUNK)
        count = chunk_count(self.length, chunk_size)
        if count > MAX_CHUNKS:
            self.close()
            raise DfssError(Code.FileTooLarge, f"{self.path} has more than {MAX_CHUNKS} chunks of 16 MiB")
        self.chunk_size = chunk_size
        self.ids = [hashlib.sha256(self._read(i)).digest() for i in range(count)]
        self.manifest = b"".join([MANIFEST_MAGIC, self.length.to_bytes(8, "big"), chunk_size.to_bytes(4, "big"),
                                  count.to_bytes(4, "big"), *self.ids])
        self.file_id = hashlib.sha256(self.manifest).digest()

    def read(self, index: int) -> bytes:
        """The bytes of a chunk, which are what they were when its id was made."""
        data = self._read(index)
        if hashlib.sha256(data).digest() != self.ids[index]:
            raise self._changed()
        return data

    def check(self) -> None:
        """Raises SourceChanged if the file was written since it was opened."""
        now = os.fstat(self._file.fileno())
        if (now.st_size, now.st_mtime_ns) != (self.stat.st_size, self.stat.st_mtime_ns):
            raise self._changed()

    def close(self) -> None:
        self._file.close()

    def _read(self, index: int) -> bytes:
        size = min(self.chunk_size, self.length - index * self.chunk_size)
        try:
            data = os.pread(self._file.fileno(), size, index * self.chunk_size)
        except OSError as error:
            raise self._unreadable(error) from error
        if len(data) != size:
            raise self._changed()
        return data

    def _unreadable(self, error: OSError) -> DfssError:
        return DfssError(Code.SourceUnreadable, f"{self.path}: {error.strerror}")

    def _changed(self) -> DfssError:
        return DfssError(Code.SourceChanged, f"{self.path} was changed while it was sent; run again when it is at rest")


class Upload:
    """Puts a source's chunks on the members of a home, and knows which member has acknowledged which."""

    def __init__(self, register: Register, source: Source, replicas: int = 1, run: int = 1):
        self.source, self.replicas, self.run = source, replicas, run
        self._peers = register.peers
        self._has: dict[int, set[int]] = {i: set() for i, peer in enumerate(self._peers) if peer}
        self._manifest: set[int] = set()
        self._lacked = dict.fromkeys(self._has, 0)
        self.last_error: DfssError | None = None

    def put(self) -> None:
        """Puts what is not there yet. A member that fails is passed over, and the next of the ring takes its part."""
        while True:
            jobs = {m: lambda m=m, w=w: self._put_on(m, w) for m, w in self._wanted().items()}
            if not jobs:
                break
            for member, answer in gather(jobs).items():
                if isinstance(answer, DfssError):
                    if answer.code in (Code.SourceChanged, Code.SourceUnreadable):
                        raise answer
                    self.pass_over(member, answer)
        self.source.check()

    def expected(self, member: int) -> bytes:
        """The bitmap of the chunks that the member has acknowledged."""
        bits = bytearray((len(self.source.ids) + 7) // 8)
        for index in self._has.get(member, ()):
            bits[index // 8] |= 1 << index % 8
        return bytes(bits)

    def chunks_at(self, member: int) -> set[int]:
        return self._has.get(member, set())

    def sealed(self, member: int, answer: Answer) -> None:
        """Withdraws what a seal found missing; a member that lacks something three times in a row is skipped."""
        if member not in self._has:
            return
        if answer.status == 0:
            self._lacked[member] = 0
            return
        gone = {i for i in self._has[member] if i // 8 < len(answer.missing) and answer.missing[i // 8] >> i % 8 & 1}
        self._has[member] -= gone
        if answer.manifest_missing:
            self._manifest.discard(member)
        self._lacked[member] += 1
        if self._lacked[member] >= PUTS:
            self.pass_over(member, DfssError(Code.StoreFailed, f"{self._peers[member]} loses what it has taken"))

    def pass_over(self, member: int, error: DfssError) -> None:
        if self._has.pop(member, None) is not None:
            self.last_error = error

    def _wanted(self) -> dict[int, list[int]]:
        """What each member is still to get; a member that only lacks the manifest has an empty list."""
        if not self._has:
            raise self.last_error or DfssError(Code.NoMajority, "no member of the home can be reached")
        n = len(self._peers)
        wanted: dict[int, list[int]] = {m: [] for m in self._has if m not in self._manifest}
        for index in range(len(self.source.ids)):
            ring = ((index // self.run + step) % n for step in range(n))
            takers = itertools.islice((m for m in ring if m in self._has), self.replicas)
            for member in takers:
                if index not in self._has[member]:
                    wanted.setdefault(member, []).append(index)
        return wanted

    def _put_on(self, member: int, indexes: list[int]) -> None:
        peer, ids = self._peers[member], self.source.ids
        missing = _again(lambda: peer.find_missing([ids[i] for i in indexes] + [self.source.file_id]))
        for index, absent in zip(indexes, missing):
            if absent:
                data = self.source.read(index)
                _again(lambda: peer.store_chunk(ids[index], data))
            self._has[member].add(index)
        if missing[-1]:
            _again(lambda: peer.store_chunk(self.source.file_id, self.source.manifest))
        self._manifest.add(member)


def _again(job: Callable[[], T]) -> T:
    """Tries three times where the error is transient."""
    for attempt in range(1, PUTS + 1):
        try:
            return job()
        except DfssError as error:
            if attempt == PUTS or not (error.retryable or error.code is Code.ChunkCorrupt):
                raise
            _backoff(attempt)
    raise AssertionError("unreachable")


class Condition(enum.Enum):
    CREATE = "create only"
    REPLACE = "replace"


class Change:
    """One change of one name: prepare, seal, accept, decide, until it is made or is known to fail."""

    def __init__(self, client: Client, register: Register, source: Source, condition: Condition | int):
        self._client, self._register, self._source, self._condition = client, register, source, condition
        self._writer_id = secrets.token_bytes(16)
        self._attempts: list[Record] = []
        self._upload: Upload | None = None
        self._moved = False
        self._moves = 0
        self._rounds = 0
        self._answers: Answers = {}

    def run(self) -> Record:
        """The record that was made. Raises FileExists, Conflict, CommitUncertain, NoMajority, and what putting does."""
        while True:
            try:
                return self._round()
            except _LostBallot:
                self._pause()
            except _Moved as moved:
                if not self._follow(moved):
                    return self._attempts[-1]
            except _Made:
                return self._attempts[-1]
            except DfssError as error:
                if self._attempts and error.code not in (Code.FileExists, Code.Conflict, Code.CommitUncertain):
                    raise self._uncertain(str(error)) from error
                raise

    def _follow(self, moved: _Moved) -> bool:
        """Begins again at the later home; False where this change is among what moved there."""
        if self._attempts:
            record = moved.record
            if record and record.names(self._writer_id):
                return False
            if record is None or any(
                    a.version < record.version - len(record.previous_writer_ids) for a in self._attempts):
                raise self._uncertain("it moved to other peers")
        self._moves += 1
        self._register = self._client.follow(self._register, moved, self._moves)
        self._attempts, self._upload = [], None
        return True

    def _round(self) -> Record:
        register = self._register
        ballot = register.new_ballot()
        voters = done(self._majority("prepare", {"ballot": ballot.write()}))
        if register.needs_first(voters.values()):
            current = register.install()
        else:
            current = _highest(a.highest(register.epoch) for a in voters.values())
        if current and current.record.names(self._writer_id):
            self._accept(ballot, current.record)
            return self._attempts[-1]
        if current and current.record.moved:
            self._accept(ballot, current.record)
            raise _Moved(Place.after(current.record), current.record)
        self._check(ballot, current.record if current else None, voters.values())
        if current and not self._at_home(current.record.home):
            return self._round()
        if self._upload is None:
            self._upload = Upload(self._register, self._source)
            self._upload.put()
        self._seal(ballot)
        record = self._record(current.record if current else None)
        self._attempts.append(record)
        self._accept(ballot, record)
        return record

    def _check(self, ballot: Ballot, current: Record | None, voters: Iterable[Answer]) -> None:
        """Raises FileExists, Conflict or CommitUncertain where the condition does not hold."""
        if current and any(a.version < current.version - len(current.previous_writer_ids) for a in self._attempts):
            raise self._uncertain("others changed it many times since")
        if self._condition is Condition.REPLACE:
            return
        if self._condition is Condition.CREATE:
            holds = current is None or current.removed
        else:
            holds = self._condition == (current.version if current else 0)
        if holds:
            return
        if current is None:
            raise self._uncertain("it is gone") if self._attempts else self._conflict(None)
        if self._attempts or not decided_by(voters, current):
            self._accept(ballot, current)
        raise self._conflict(current)

    def _at_home(self, home: Sequence[Member]) -> bool:
        if [m.store_id for m in home] == [m.store_id for m in self._register.home]:
            return True
        if self._moved or self._attempts:
            raise self._uncertain("it has another home now") if self._attempts else self._conflict(None)
        self._moved = True
        place = Place(tuple(home), self._register.epoch)
        self._register = self._client.register(self._register.name, place, self._register.counter)
        return False

    def _seal(self, ballot: Ballot) -> None:
        """Makes a majority know, and the holders keep, what the file consists of."""
        upload, register = self._upload, self._register
        spare = len(register.home) - register.majority

        def enough(answers: Answers) -> bool:
            heard = sum(isinstance(a, Answer) and a.status != 1 for a in answers.values())
            return refusals(answers) > spare or (heard >= register.majority and all(
                i in answers for i in range(len(register.home)) if upload.chunks_at(i)))

        while True:
            answers = register.ask("seal", lambda i: {"ballot": ballot.write(), "file_id": self._source.file_id,
                                                      "expected": upload.expected(i)}, enough)
            self._observe(answers)
            if refusals(answers) > spare:
                raise _LostBallot
            covered = self._covered(answers)
            if covered and self._register.majority <= sum(
                    isinstance(a, Answer) and a.status != 1 for a in answers.values()):
                return
            if covered or refused(answers):
                raise _LostBallot
            for member, answer in answers.items():
                if isinstance(answer, DfssError):
                    upload.pass_over(member, answer)
                else:
                    upload.sealed(member, answer)
            upload.put()
            self._pause()

    def _covered(self, answers: Answers) -> bool:
        """Whether each chunk is sealed somewhere, and no member lacks what it is to hold."""
        sealed = done(answers)
        lacking = [i for i, a in answers.items() if isinstance(a, Answer) and a.status == 2]
        chunks = set().union(*(self._upload.chunks_at(i) for i in sealed))
        return (bool(sealed) and len(chunks) == len(self._source.ids)
                and not any(self._upload.chunks_at(i) for i in lacking))

    def _accept(self, ballot: Ballot, record: Record) -> None:
        """Has the record chosen by a majority, and decided."""
        self._majority("accept", {"ballot": ballot.write(), "record": record.write()})
        self._register.decide(Balloted(ballot, record))

    def _majority(self, operation: str, fields: dict[str, Any]) -> Answers:
        """Asks until a majority is done; the silent ones again. Raises _LostBallot."""
        answers: Answers = {}
        while True:
            answers = self._register.vote(operation, fields, answers)
            self._observe(answers)
            if len(done(answers)) >= self._register.majority:
                return answers
            if refused(answers):
                raise _LostBallot
            self._pause()

    def _observe(self, answers: Answers) -> None:
        self._answers = answers
        decided = (a.decided for a in answers.values() if isinstance(a, Answer) and a.decided)
        if self._attempts and any(d.record.names(self._writer_id) for d in decided):
            raise _Made

    def _pause(self) -> None:
        self._rounds += 1
        if self._rounds >= ROUNDS:
            error = self._register.no_majority(self._answers)
            raise self._uncertain(str(error)) if self._attempts else error
        _backoff(self._rounds)

    def _record(self, current: Record | None) -> Record:
        source, upload = self._source, self._upload
        modified, modified_ns = _wire_time(source.stat.st_mtime_ns)
        previous = (current.writer_id, *current.previous_writer_ids)[:8] if current else ()
        return Record(
            name=self._register.name, version=current.version + 1 if current else 1, state=0, file_id=source.file_id,
            length=source.length, chunk_size=source.chunk_size, replicas=upload.replicas, run=upload.run,
            home=current.home if current else self._register.home, epoch=self._register.epoch,
            modified=modified, modified_ns=modified_ns, mode=stat.S_IMODE(source.stat.st_mode),
            writer_id=self._writer_id, previous_writer_ids=previous)

    def _conflict(self, current: Record | None) -> DfssError:
        name = self._register.name
        if self._condition is Condition.CREATE and current:
            message = f"'{name}' exists, version {current.version}; replace it, or take another name"
            return DfssError(Code.FileExists, message, record=current)
        message = f"'{name}' was changed meanwhile, or is not at the version asked for"
        return DfssError(Code.Conflict, message, record=current)

    def _uncertain(self, why: str) -> DfssError:
        return DfssError(Code.CommitUncertain, f"'{self._register.name}' may or may not be stored ({why}); "
                         "run the same command again")


def refusals(answers: Answers) -> int:
    return sum(isinstance(a, Answer) and a.status == 1 for a in answers.values())


# ---- Fetching -------------------------------------------------------------------------------------------------------


class Download:
    """Fetches the chunks of one file id from the members of its home."""

    def __init__(self, record: Record, peers: Sequence[Peer | None], keys: Keys | None = None):
        self._record, self._peers, self._decryption = record, peers, Decryption(record, keys)
        manifest = self.chunk(0, record.file_id, 24 + 32 * record.chunks)
        self.ids = read_manifest(manifest, record)
        self._decryption.check(manifest)

    def chunk(self, index: int, chunk_id: bytes, length: int) -> memoryview:
        """The verified bytes, from the first member of the chunk's ring that has them."""
        corrupt: list[DfssError] = []
        for walk in range(WALKS):
            if walk:
                time.sleep(min(5.0, 0.2 * 2 ** (walk - 1)) * random.uniform(0.75, 1.25))
            errors: list[DfssError] = []
            for peer in self._ring(index):
                try:
                    if peer:
                        return peer.get_chunk(chunk_id, length)
                    errors.append(DfssError(Code.PeerUnreachable, "a member of the home was never reached"))
                except DfssError as error:
                    (corrupt if error.code is Code.ChunkCorrupt else errors).append(error)
        raise (corrupt or [e for e in errors if e.code is not Code.ChunkNotFound] or errors)[-1]

    def write_to(self, file: BinaryIO, resume: bool) -> None:
        """Writes all chunks at their places; with `resume`, those that are there already and good are left. Of an
        encrypted file none is: its chunks' nonces are not kept, which its content would be checked with."""
        file.truncate(self._record.content_length)
        indexes, lock, failed = iter(range(len(self.ids))), threading.Lock(), threading.Event()

        def work() -> None:
            try:
                while not failed.is_set():
                    with lock:
                        index = next(indexes, None)
                    if index is None:
                        return
                    self._write_chunk(file, lock, index, resume)
            except BaseException:
                failed.set()
                raise

        workers = min(len(self.ids), 2 * len(self._peers), 16)
        for answer in gather({i: work for i in range(workers)}).values():
            if isinstance(answer, DfssError):
                raise answer

    def _write_chunk(self, file: BinaryIO, lock: threading.Lock, index: int, resume: bool) -> None:
        size, chunk_id = self._record.chunk_size, self.ids[index]
        offset, length = index * size, min(size, self._record.length - index * size)
        if resume and not self._record.encryption:
            with lock:
                file.seek(offset)
                there = file.read(length)
            if hashlib.sha256(there).digest() == chunk_id:
                return
        data = self._decryption.chunk(index, self.chunk(index, chunk_id, length))
        offset -= index * (CHUNK_OVERHEAD if self._record.encryption else 0)
        with lock:
            file.seek(offset)
            file.write(data)

    def _ring(self, index: int) -> Iterator[Peer | None]:
        n = len(self._peers)
        return (self._peers[(index // self._record.run + step) % n] for step in range(n))


# ---- The client -----------------------------------------------------------------------------------------------------


class Entry(NamedTuple):
    """A record, and whether it is known to be the current one."""

    record: Record
    current: bool


class Client:
    """A client of the given peers ("host:port", each), used by one thread at a time. Close it, or use it in `with`."""

    def __init__(self, peers: Sequence[str]):
        """Raises InvalidArgument where there is no peer, or what is no address."""
        written = [format_address(*parse_address(peer)) for peer in peers]
        addresses = {address.lower(): address for address in written}
        if not 1 <= len(addresses) <= MAX_MEMBERS:
            raise DfssError(Code.InvalidArgument, "name 1 to 64 peers: --peer host:port,... or $DFSS_PEER")
        self._given = [Peer(None, [address]) for address in addresses.values()]
        self._peers: dict[bytes, Peer] = {}

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes all connections."""
        for peer in [*self._given, *self._peers.values()]:
            peer.close()

    def store(self, path: str | os.PathLike[str], name: str | None = None, *, replace: bool = False,
              chunk_size: int = USUAL_CHUNK) -> Record:
        """Stores a file, by default under the last part of its path; sends only the chunks that are missing.

        Without `replace` a name that holds another file is FileExists; one that holds these very bytes counts as
        stored, so that running again after CommitUncertain settles it. Once this returns, no crash loses the file.
        """
        source = Source(path, chunk_size)
        try:
            return self.commit(source, Path(path).name if name is None else name,
                               Condition.REPLACE if replace else Condition.CREATE)
        except DfssError as error:
            if error.code is Code.FileExists and error.record and error.record.file_id == source.file_id:
                return error.record
            raise
        finally:
            source.close()

    def commit(self, source: Source, name: str, condition: Condition | int = Condition.CREATE) -> Record:
        """Puts the source and makes the name's next version of it: prepare, seal, accept, decide.

        condition: CREATE (else FileExists), REPLACE, or the version that the name must be at, 0 for none (else
        Conflict). Raises CommitUncertain if the outcome is unknown; NoMajority and all others: nothing was changed.
        """
        name = normal_name(name)
        place, _, _ = self._home(name)
        return Change(self, self.register(name, place), source, condition).run()

    def info(self, name: str) -> Entry:
        """What the name stands for; not `current` where no majority of its home answered. Raises FileNotFound,
        NoMajority."""
        name = normal_name(name)
        place, known, failed = self._home(name)
        if not known:
            if 2 * len(failed) < len(self._given):
                raise DfssError(Code.FileNotFound, f"no peer knows '{name}'")
            raise DfssError(Code.NoMajority, f"the peers that answered do not know '{name}', and {len(failed)} of the "
                            f"{len(self._given)} given did not: {'; '.join(map(str, failed))}")
        record, current = self._read(self.register(name, place))
        if record is None or record.removed:
            raise DfssError(Code.FileNotFound, f"'{name}' was removed" if record else f"no peer knows '{name}'")
        return Entry(record, current)

    def fetch(self, name: str, destination: str | os.PathLike[str] | None = None, *, replace: bool = False,
              resume: bool = False, keys: Keys | None = None, hidden: bool = False) -> Entry:
        """Fetches a file to the destination: a path, a folder (made, if the destination ends with a separator), or
        (None) the name's last part in the current folder.

        Every chunk is verified before the file gets its name. With `resume` a part file beside the destination keeps
        what was verified when the fetch fails, and what is there is hashed again and used. An encrypted file needs
        `keys`; with keys a file that is not encrypted is refused. A `hidden` name is told to no peer: they are asked
        for what the keys make of it. Raises DestinationExists, DestinationUnwritable,
        FileNotFound, FileChanged, NoMajority, ChunkNotFound, ChunkCorrupt, PeerUnreachable, KeyRequired, KeyWrong,
        FileNotEncrypted, FileTampered.
        """
        name = normal_name(name)
        target = Path(destination or ".")
        if os.fspath(destination or "").endswith(("/", os.sep)):
            _make_folder(target)
        if target.is_dir():
            target = target / name.rpartition("/")[2]
        if os.path.lexists(target) and not replace:
            raise DfssError(Code.DestinationExists, f"{target} exists; allow replacing it, or name another destination")
        entry = self._find_hidden(name, keys or Keys()) if hidden else self.info(name)
        for _ in range(MOVES):
            try:
                self._receive(entry.record, target, replace, resume, keys)
                break
            except DfssError as error:
                if error.code not in (Code.ChunkNotFound, Code.ChunkCorrupt, Code.PeerUnreachable):
                    raise
                entry = self._moved_meanwhile(entry.record, error)
        return entry

    def _find_hidden(self, name: str, keys: Keys) -> Entry:
        for stored in keys.hide(name):
            try:
                return self.info(stored)
            except DfssError as error:
                if error.code != Code.FileNotFound:
                    raise
        raise DfssError(Code.FileNotFound, f"no peer asked knows a file whose hidden name is '{name}'")

    def list(self, prefix: str = "") -> list[Entry]:
        """The files whose names begin with the prefix, by name. Advisory: `current` says that a majority of the home
        was asked. Raises what the first peer failed with, if none answered."""
        pages = gather({i: lambda p=p: [*p.list_files(prefix)] for i, p in enumerate(self._given)})
        answered = {self._given[i].store_id for i, page in pages.items() if not isinstance(page, DfssError)}
        if not answered:
            raise pages[0]
        newest: dict[str, Balloted] = {}
        for page in pages.values():
            for entry in page if not isinstance(page, DfssError) else ():
                known = newest.get(entry.record.name)
                if known is None or known.ballot < entry.ballot:
                    newest[entry.record.name] = entry
        # Of a name that moved, and of whose new home no member was asked, this is the file that it has there.
        found = (newest[name].record for name in sorted(newest))
        records = [replace(r, state=0, former_home=()) if r.moved else r for r in found]
        return [Entry(r, sum(m.store_id in answered for m in r.home) > len(r.home) // 2)
                for r in records if not r.removed]

    def register(self, name: str, place: Place | Sequence[Member], counter: int = 0) -> Register:
        """The register of a name at one of its homes; at its first, where only the members are given."""
        place = place if isinstance(place, Place) else Place(tuple(place))
        return Register(name, place, [self._peer(member) for member in place.home], counter)

    def follow(self, register: Register, moved: _Moved, moves: int) -> Register:
        """The register at the later home; where that was not told, any member is asked. Raises NoMajority."""
        place = moved.place
        if place is None:
            answers = gather({i: lambda p=p: p.register("read", {"name": register.name})
                              for i, p in enumerate(register.peers) if p})
            place = Place.latest(done(answers).values())
        if place is None or place.epoch <= register.epoch or moves > MOVES:
            raise DfssError(Code.NoMajority, f"'{register.name}' moved, and the peers that answer do not say where to; "
                            "name its new peers, or start the other former ones")
        return self.register(register.name, place)

    def _read(self, register: Register) -> tuple[Record | None, bool]:
        moves = 0
        while True:
            try:
                return register.read()
            except _Moved as moved:
                moves += 1
                register = self.follow(register, moved, moves)

    def _peer(self, member: Member) -> Peer | None:
        if member.store_id is None:
            return None
        peer = self._peers.setdefault(member.store_id, Peer(member.store_id, []))
        peer.addresses += [a for a in member.addresses if a not in peer.addresses]
        return peer

    def _home(self, name: str) -> tuple[Place, bool, list[DfssError]]:
        """The home of a name, whether a given peer knows the name, and how the peers failed that did not answer."""
        answers = gather({i: lambda p=p: p.register("read", {"name": name}) for i, p in enumerate(self._given)})
        for peer in self._given:
            if peer.store_id is not None:
                self._peers.setdefault(peer.store_id, peer)
        failed = [answer for answer in answers.values() if isinstance(answer, DfssError)]
        if len(failed) == len(answers):
            raise answers[0]
        found = Place.latest(done(answers).values())
        return (found or self._new_home(name), found is not None, failed)

    def _new_home(self, name: str) -> Place:
        members: list[Member] = []
        for peer in self._given:
            if peer.store_id is None or peer.store_id not in [m.store_id for m in members]:
                members.append(Member(peer.store_id, tuple(peer.addresses[:8])))
        start = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big") % len(members)
        return Place(tuple(members[start:] + members[:start]))

    def _receive(self, record: Record, target: Path, replace: bool, resume: bool, keys: Keys | None) -> None:
        download = Download(record, self.register(record.name, record.home).peers, keys)
        try:
            file, part = _part_file(record, target, resume)
            with file:  # its lock excludes other writers of the part, until it has its name
                is_there = not resume
                try:
                    download.write_to(file, resume)
                    file.flush()
                    os.fchmod(file.fileno(), 0o644 if record.mode is None else record.mode & 0o777)
                    os.utime(file.fileno(), ns=(max(-MAX_TIME, min(record.modified_nanoseconds, MAX_TIME)),) * 2)
                    os.fsync(file.fileno())
                    if replace:
                        os.rename(part, target)
                        is_there = False
                    else:
                        os.link(part, target)  # fails where a rename would replace
                        is_there = True
                finally:
                    if is_there:
                        os.unlink(part)
        except FileExistsError as error:
            raise DfssError(Code.DestinationExists, f"{target} exists now; allow replacing it") from error
        except OSError as error:
            raise DfssError(Code.DestinationUnwritable, f"{target}: {error.strerror or error}") from error

    def _moved_meanwhile(self, record: Record, error: DfssError) -> Entry:
        """Chunks are gone: because the file moved, or there is another one now; or for the reason given."""
        try:
            entry = self.info(record.name)
            same = entry.record.file_id == record.file_id
            if same and entry.record.epoch > record.epoch:
                return entry
        except DfssError as now:
            same = now.code is not Code.FileNotFound
        if same:
            raise error
        message = f"'{record.name}' was replaced or removed meanwhile; fetch it again"
        raise DfssError(Code.FileChanged, message) from error


def _part_file(record: Record, target: Path, resume: bool) -> tuple[BinaryIO, str]:
    """An open file beside the destination: with `resume` always the same one for a content and a destination, locked.

    Its name can be guessed, so it is used only where it is a regular file of this user.
    """
    if not resume:
        descriptor, part = tempfile.mkstemp(prefix=".dfss-", suffix=".tmp", dir=target.parent)
        return open(descriptor, "r+b"), part
    key = hashlib.sha256(os.fsencode(target.name) + b"\0" + record.file_id).hexdigest()[:32]
    part = str(target.parent / f".dfss-{key}.part")
    while True:
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        descriptor = os.open(part, flags, 0o600)
        try:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid():
                message = f"{part} is in the way: it is no regular file, or another user's"
                raise DfssError(Code.DestinationUnwritable, message)
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_at(part, found):
                file, descriptor = open(descriptor, "r+b"), -1
                return file, part
        except BlockingIOError as error:
            message = f"{target} is being fetched by another command; wait for it"
            raise DfssError(Code.DestinationUnwritable, message, retryable=True) from error
        finally:
            if descriptor >= 0:
                os.close(descriptor)


def _make_folder(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DfssError(Code.DestinationUnwritable, f"the folder {path} cannot be made: {error.strerror}") from error


def _is_at(path: str, file: os.stat_result) -> bool:
    """Whether the file is the one at the path still: a fetch that was quicker may have given it its name."""
    try:
        return os.path.samestat(os.lstat(path), file)
    except FileNotFoundError:
        return False


# ---- The command ----------------------------------------------------------------------------------------------------


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="dfss.py", description="A client of DFSS, a distributed file store.")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--peer", default=os.environ.get("DFSS_PEER", ""), metavar="HOST:PORT,...",
                        help="the peers to ask; without it, $DFSS_PEER")
    commands = parser.add_subparsers(dest="command", required=True)
    store = commands.add_parser("store", parents=[common], help="store files; run again to resume")
    store.add_argument("path", nargs="+", metavar="PATH")
    store.add_argument("--name", help="the name of a single file; without it, the last part of its path")
    store.add_argument("--replace", action="store_true", help="replace what the name holds")
    fetch = commands.add_parser("fetch", parents=[common], help="fetch a file")
    fetch.add_argument("name", metavar="NAME")
    fetch.add_argument("dest", nargs="?", metavar="DEST",
                       help="a path, or a folder (with / at its end it is made); without it, the current folder")
    fetch.add_argument("--replace", action="store_true", help="replace the destination")
    fetch.add_argument("--resume", action="store_true", help="keep what was verified if it fails, and use it")
    fetch.add_argument("--key", action="append", default=[], metavar="PATH",
                       help="a key of an encrypted file: of New-DfssEncryptionKey, or a certificate's key in PEM")
    listing = commands.add_parser("list", parents=[common], help="list files")
    listing.add_argument("prefix", nargs="?", default="")
    listing.add_argument("--key", action="append", default=[], metavar="PATH",
                         help="for --hidden-name: a key of New-DfssEncryptionKey")
    for one in (fetch, listing):
        one.add_argument("--hidden-name", action="store_true",
                         help="the names are hidden from the peers with a key of --key")
    commands.add_parser("info", parents=[common], help="show a file's record").add_argument("name", metavar="NAME")
    return parser


def _show(entry: Entry) -> None:
    record, home = entry.record, entry.record.home
    shown = {"name": record.name, "version": record.version, "current": "yes" if entry.current else "not known",
             "length": record.content_length, "encrypted": "yes" if record.encryption else "no",
             "file id": record.file_id.hex(), "chunk size": record.chunk_size,
             "chunks": record.chunks, "modified": _time(record.modified_nanoseconds),
             "home": ", ".join(m.addresses[0] if m.addresses else "?" for m in home)}
    for key, value in shown.items():
        print(f"{key + ':':12}{value}")


def _time(nanoseconds: int) -> str:
    try:
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(nanoseconds // 1_000_000_000))
    except (ValueError, OverflowError, OSError):
        return f"{nanoseconds} ns"  # beyond the calendar


def _run(client: Client, options: argparse.Namespace) -> None:
    if options.command == "store":
        for path in options.path:
            record = client.store(path, options.name, replace=options.replace)
            print(f"{record.file_id.hex()}  {record.name}", flush=True)
    elif options.command == "list":
        keys = Keys(options.key)
        for record, _ in client.list(HiddenNames.PREFIX if options.hidden_name else options.prefix):
            name = keys.reveal(record.name) if options.hidden_name else record.name
            if name and name.startswith(options.prefix):
                print(f"{record.content_length:>15}  {_time(record.modified_nanoseconds)}  {name}")
    else:
        if options.command == "fetch":
            entry = client.fetch(options.name, options.dest, replace=options.replace, resume=options.resume,
                                 keys=Keys(options.key) if options.key else None, hidden=options.hidden_name)
        else:
            entry = client.info(options.name)
            _show(entry)
        if not entry.current:
            print(f"dfss.py: '{entry.record.name}' may be old: no majority of its home answered", file=sys.stderr)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit code."""
    parser = _arguments()
    options = parser.parse_args(arguments)
    if options.command == "store" and options.name is not None and len(options.path) > 1:
        parser.error("--name names a single file")
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")
    try:
        with Client([peer for peer in options.peer.split(",") if peer.strip()]) as client:
            _run(client, options)
        return 0
    except DfssError as error:
        print(f"dfss.py: {error}", file=sys.stderr)
        return 75 if error.retryable else 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else it fails once more when Python flushes it
        return 141


if __name__ == "__main__":
    sys.exit(main())
