"""Door to cryptography: seal, open; Secret never prints."""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from runtime.errors import BadKey, WrongKey
from runtime.secret import Secret
from runtime.vault_key import key_file_text, make_key

__all__ = ["Secret", "Vault", "make_key"]

_NONCE_BYTES = 12
_ID_CHARS = 12
_VERSION = "v1"
_KEY_BYTES = 32
_SHORTEST_KEY = 16
_SALT = b"vanka vault 1"
"""Fixed, because the same text must give the same key in every home: a backup is opened by its text alone."""


class Vault:
    """Seals and opens values with AES-256-GCM, bound to an owner and a name. Safe from any thread; keeps no values.

    A sealed text is "v1:<key id>:<base64url of nonce and ciphertext>". Owner, name and key id are authenticated with
    it: a text that was copied to another record, or altered, does not open.

    Keys. 32 bytes as base64 or 64 hexadecimal digits are used as they are. Any other text of 16 characters or more goes
    through scrypt (n = 2**15, r = 8, p = 1: about 0.1 s and 32 MB, once a key and start) because a text that a
    person made up can be guessed: HKDF would let whoever has a backup try millions of guesses a second, scrypt a few.
    """

    def __init__(self, keys: Sequence[Secret], *, on_value: Callable[[Secret], None] | None = None) -> None:
        """The first key seals, all open. `on_value` as with `listen`. BadKey when there is none or one is unusable."""
        if not keys:
            raise BadKey("no key was given", "Give at least one in VANKA_SECRET_KEY.")
        self._keys = [_Key(key) for key in keys]
        self._by_id = {key.id: key for key in self._keys}
        self._listeners: list[Callable[[Secret], None]] = [on_value] if on_value is not None else []

    @classmethod
    def from_settings(
        cls,
        text: str | None,
        key_file: Path,
        *,
        on_value: Callable[[Secret], None] | None = None,
        on_notice: Callable[[str], None] | None = None,
    ) -> Vault:
        """From the text of VANKA_SECRET_KEY (keys with commas between), else from `key_file`, made at the first start.

        A key file that others may read is tightened to 0600 and told to `on_notice`; one that exists is never written.
        Raises BadKey for an unusable key or file, StoreFull when the file cannot be made.
        """
        if text is None or not text.strip():
            text = key_file_text(key_file, on_notice)
        keys = [Secret(part.strip()) for part in text.split(",") if part.strip()]
        return cls(keys, on_value=on_value)

    def listen(self, on_value: Callable[[Secret], None]) -> None:
        """Tell `on_value` each value that is sealed or opened from now on, in that thread, before the call returns.

        For the log, that must know what to hide. What it raises goes to the caller of `seal` or `open`.
        """
        self._listeners.append(on_value)

    def seal(self, owner: str, name: str, value: Secret) -> str:
        """Text to store, that opens only for the same owner and name: ASCII, 4/3 as long as the value and 60 more."""
        self._tell(value)
        return self._keys[0].seal(_bound_to(owner, name, self._keys[0].id), value)

    def open(self, owner: str, name: str, sealed: str) -> Secret:
        """The value. WrongKey when no key of this vault opens it, or it was altered, or belongs elsewhere."""
        key_id, body = _parts(sealed, owner, name)
        key = self._by_id.get(key_id)
        if key is None:
            raise WrongKey(
                f"{owner}: {name} was sealed with the key {key_id}, which is not among those given",
                "Put that key back into VANKA_SECRET_KEY, or set the value again. Nothing was changed.",
            )
        value = key.open(_bound_to(owner, name, key_id), body)
        if value is None:
            raise _does_not_open(owner, name)
        self._tell(value)
        return value

    def reseal(self, owner: str, name: str, sealed: str) -> str:
        """The value under the first key; the same text when it is so already. It is opened first: WrongKey."""
        value = self.open(owner, name, sealed)
        return sealed if self.is_current(sealed) else self.seal(owner, name, value)

    def is_current(self, sealed: str) -> bool:
        """Whether the text says that the first key sealed it."""
        return sealed.startswith(f"{_VERSION}:{self._keys[0].id}:")

    def _tell(self, value: Secret) -> None:
        for listener in self._listeners:
            listener(value)

    def __repr__(self) -> str:
        return f"Vault(keys={[key.id for key in self._keys]})"


class _Key:
    """One key: what it is called, and the cipher. The bytes stay inside the cipher."""

    __slots__ = ("_cipher", "id")

    def __init__(self, text: Secret) -> None:
        raw = _key_bytes(text)
        # the id tells nothing about the key: it is a hash of 256 unguessable, or dearly derived, bits
        self.id = hashlib.sha256(b"vanka key id" + raw).hexdigest()[:_ID_CHARS]
        self._cipher = AESGCM(raw)

    def seal(self, bound_to: bytes, value: Secret) -> str:
        # 96 random bits a value: safe for far more than the 2**32 values that one key may seal
        nonce = os.urandom(_NONCE_BYTES)
        body = nonce + self._cipher.encrypt(nonce, _bytes(value.reveal()), bound_to)
        return f"{_VERSION}:{self.id}:{base64.urlsafe_b64encode(body).decode('ascii')}"

    def open(self, bound_to: bytes, body: bytes) -> Secret | None:
        try:
            plain = self._cipher.decrypt(body[:_NONCE_BYTES], body[_NONCE_BYTES:], bound_to)
        except InvalidTag:
            return None
        return Secret(plain.decode("utf-8", "surrogatepass"))


def _bytes(text: str) -> bytes:
    """A value may come from the environment with bytes that are no UTF-8: they survive as lone surrogates."""
    return text.encode("utf-8", "surrogatepass")


def _bound_to(owner: str, name: str, key_id: str) -> bytes:
    """Lengths before the parts: "ab" + "c" is not "a" + "bc"."""
    parts = [_bytes(part) for part in (_VERSION, key_id, owner, name)]
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def _parts(sealed: str, owner: str, name: str) -> tuple[str, bytes]:
    version, _, rest = sealed.partition(":")
    key_id, _, body = rest.partition(":")
    if version != _VERSION or not body:
        raise _does_not_open(owner, name)
    try:
        raw = base64.b64decode(body.encode("ascii"), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise _does_not_open(owner, name) from error
    # one way to write a text: base64 leaves bits of the last letter unused
    if len(raw) < _NONCE_BYTES + 16 or base64.urlsafe_b64encode(raw).decode("ascii") != body:
        raise _does_not_open(owner, name)
    return key_id, raw


def _does_not_open(owner: str, name: str) -> WrongKey:
    return WrongKey(
        f"{owner}: {name} does not open: it was altered, or sealed for another owner or name",
        "Set the value again. Nothing was changed.",
    )


def _key_bytes(text: Secret) -> bytes:
    """The 32 bytes behind a key's text. No error repeats any of the text."""
    exact = _exact(text.reveal())
    if exact is not None:
        return exact
    if len(text.reveal()) < _SHORTEST_KEY:
        raise BadKey(
            f"a key in VANKA_SECRET_KEY is shorter than {_SHORTEST_KEY} characters",
            "Take 32 random bytes in base64, such as `openssl rand -base64 32` prints.",
        )
    return Scrypt(salt=_SALT, length=_KEY_BYTES, n=2**15, r=8, p=1).derive(_bytes(text.reveal()))


def _exact(text: str) -> bytes | None:
    """32 bytes written as 64 hexadecimal digits or as base64 of either alphabet, with or without its padding."""
    if len(text) == 2 * _KEY_BYTES:
        try:
            return bytes.fromhex(text)
        except ValueError:
            return None
    if len(text.rstrip("=")) != 43 or not text.isascii():
        return None
    try:
        return base64.b64decode(text.rstrip("=").translate(str.maketrans("-_", "+/")) + "=", validate=True)
    except binascii.Error:
        return None
