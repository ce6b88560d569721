"""Django's SQLite backend with a queue for writers.

SQLite lets one connection write at a time. The others do not queue: they sleep, look again, and
sleep longer, so that under load an unlucky one waits for seconds while others go past it. Here a
transaction first takes a lock of the operating system, which wakes the waiting ones in turn.

The lock belongs to the open file, so it is also given back by a process that dies.
"""

import fcntl
import os

from django.db.backends.sqlite3 import base


class DatabaseWrapper(base.DatabaseWrapper):
    _queue: int | None = None

    def get_new_connection(self, conn_params):
        connection = super().get_new_connection(conn_params)
        if not self.is_in_memory_db():
            path = f"{self.settings_dict['NAME']}-queue"
            self._queue = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        return connection

    def _start_transaction_under_autocommit(self):
        self._flock(fcntl.LOCK_EX)
        try:
            super()._start_transaction_under_autocommit()
        except BaseException:
            self._flock(fcntl.LOCK_UN)
            raise

    def _commit(self):
        # A commit that fails is followed by a rollback, which is where the lock is given back.
        super()._commit()
        self._flock(fcntl.LOCK_UN)

    def _rollback(self):
        try:
            super()._rollback()
        finally:
            self._flock(fcntl.LOCK_UN)

    def _close(self):
        try:
            super()._close()
        finally:
            if self._queue is not None:
                os.close(self._queue)
                self._queue = None

    def _flock(self, operation: int) -> None:
        if self._queue is not None:
            fcntl.flock(self._queue, operation)
