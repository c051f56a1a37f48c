// The C++ heap of the broker's program: jemalloc behind operator new and delete. What C libraries
// take by malloc, libzmq's queues and SQLite's pages, stays glibc's: 10,000 connections take a
// fifth more in jemalloc's size classes.
#pragma once

namespace ghost::broker {

// At the start of the program. glibc's heap keeps what was freed, too: by itself it gives the top
// of it back at once, and every turn of the loop would fault it in again.
void keep_freed_memory();

// Gives memory that was freed back to the system, of both heaps. Takes milliseconds after much was
// freed: for when the loop has nothing to do. Called by the loop's thread, whose own spare blocks
// go with it.
void return_free_memory();

}  // namespace ghost::broker
