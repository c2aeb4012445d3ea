"""The files of one embedded server around its data directory."""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from vedette.store.embedded.account import Account
from vedette.store.embedded.errors import EmbeddedPostgresError

# sockaddr_un holds 108 bytes on Linux and 104 on macOS, a final zero included.
SOCKET_PATH_LIMIT = 103
SOCKET_NAME = ".s.PGSQL.5432"
# What pg_ctl's own double quotes do not survive when it calls the shell.
_UNQUOTABLE = set('"$`\\\n')
LOG_LIMIT_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Layout:
    """Where things are. The folder itself stays ours; what the server writes is its account's."""

    directory: Path

    @property
    def data(self) -> Path:
        """The data directory of the server."""
        return self.directory / "data"

    @property
    def log(self) -> Path:
        """What the server writes to."""
        return self.directory / "postgres.log"

    @property
    def socket(self) -> Path:
        """The folder of its Unix socket."""
        return self.directory / "socket"

    def prepare(self) -> None:
        """Make the folder; as root, one that the server's account can pass through, not list.

        Raises EmbeddedPostgresError for a path that its settings can't hold.
        """
        if _UNQUOTABLE & set(str(self.directory)):
            raise EmbeddedPostgresError(
                f"PostgreSQL cannot use {self.directory}: choose another VEDETTE_DATA_DIR,"
                " without quotation marks, dollar signs and backslashes"
            )
        self.directory.mkdir(parents=True, exist_ok=True)
        self.directory.chmod(0o711 if os.geteuid() == 0 else 0o700)

    def open_log(self, account: Account | None) -> None:
        """Make sure the account can write its log, and keep one predecessor of a long one."""
        if self.log.exists() and self.log.stat().st_size > LOG_LIMIT_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))
        flags = os.O_CREAT | os.O_APPEND | os.O_WRONLY | os.O_NOFOLLOW
        handle = os.open(self.log, flags, 0o600)
        try:
            if account:
                os.fchown(handle, account.uid, account.gid)
        finally:
            os.close(handle)

    def fresh_socket_folder(self, account: Account | None, before: Path | None = None) -> Path:
        """A private, empty folder for the socket, elsewhere if its path would not do.

        Empty, because PostgreSQL takes a stale lock file whose process id is in use again for a
        living server. The one of `before`, if given, is emptied: clients know its path.
        """
        if before is not None:
            for left in before.iterdir():
                left.unlink()
            return before
        path = os.fsencode(self.socket / SOCKET_NAME)
        # asyncpg takes a comma in the DSN for the end of a first host.
        if len(path) > SOCKET_PATH_LIMIT or b"," in path:
            folder = Path(tempfile.mkdtemp(prefix="vedette-"))
        else:
            folder = self.socket
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(mode=0o700)
        if account:
            os.chown(folder, account.uid, account.gid)
        return folder

    def log_size(self) -> int:
        """The log's length in bytes, to tell what is written from now on."""
        return self.log.stat().st_size if self.log.exists() else 0

    def log_tail(self, *, since: int = 0, lines: int = 20) -> str:
        """The last lines that the log got after its first `since` bytes."""
        with self.log.open("rb") as file:
            file.seek(since)
            text = file.read().decode(errors="replace")
        return "\n".join(text.splitlines()[-lines:])
