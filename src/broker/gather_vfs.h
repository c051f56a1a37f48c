// SQLite's door to the disk for a store: a VFS over the default one that gathers writes. SQLite
// writes its log in pieces, 24 bytes and a page in turn, and a checkpoint page by page, each with a
// system call of its own; one call for 120 KiB of that costs a twelfth. What is gathered is written
// before the file is synced, read, truncated or closed, so what a sync has covered is on the disk
// as ever, and an error comes from one of those calls. Owner of that part of sqlite3.h.
#pragma once

namespace ghost::broker {

// Its name, for sqlite3_open_v2(). Over what is the default VFS now. For files that nobody else has
// open: there is no shared memory, so a log needs locking_mode = EXCLUSIVE.
const char* gathering_vfs();

}  // namespace ghost::broker
