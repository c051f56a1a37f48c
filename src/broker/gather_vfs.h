// SQLite's door to the disk for a store: a VFS over the default one that gathers writes. SQLite
// writes its log in pieces, 24 bytes and a page in turn, and a checkpoint page by page, each with a
// system call of its own; one call for 120 KiB of that costs a twelfth. What is gathered is written
// before the file is synced, read, truncated or closed, so what a sync has covered is on the disk
// as ever, and an error comes from one of those calls. Owner of that part of sqlite3.h.
#pragma once

struct sqlite3;

namespace ghost::broker {

// Its name, for sqlite3_open_v2(). Over what is the default VFS now. For files that nobody else has
// open: there is no shared memory, so a log needs locking_mode = EXCLUSIVE.
const char* gathering_vfs();

// For a database in WAL mode: while on, and if the system gives a thread for it, the sync of its
// file goes on beside the caller. SQLite syncs that file at the end of a checkpoint, so that the
// log may be overwritten: whatever writes to log or file next waits for it first, and fails if it
// failed. What is committed does not depend on it, for until then the log holds all of it, synced.
// Waits for what goes on and gives SQLite's code of a sync that failed, now or before. To be
// switched off before the database is closed: SQLite then removes the log whatever the file says.
int sync_beside(sqlite3* db, bool on);
// The code of a sync beside that has failed by now.
int failed_sync(sqlite3* db);

}  // namespace ghost::broker
