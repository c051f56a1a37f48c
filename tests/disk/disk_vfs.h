// SQLite's door to simulated disks: a VFS that takes every file below the directory of a mounted
// disk to it, and is the default one of this process. Owner of that part of sqlite3.h.
#pragma once

#include <string>

namespace ghost::disk {

class Disk;

void mount(const std::string& dir, Disk* disk);  // null: takes it away

// Every database opened from now on gets `PRAGMA synchronous = OFF` by sync_nothing_now(): what a
// store would be that does not wait for the disk.
void remember_databases();
void sync_nothing_now();

}  // namespace ghost::disk
