// The attacks that the attacker program (attacker.cc) offers by name.
#pragma once

namespace ghost::attacker {

// Prints "NAME ok" or "NAME ERRNO" for a call; `result` < 0 means that errno tells.
void tell(const char* name, long result);

// All that a process of the same uid might do to process 1.
void attack_init();

// The program files behind /proc/PID/exe of every process that is seen, opened for writing.
void attack_programs();
// Every descriptor that any process shows, taken as a way out to `path` of the host.
void attack_descriptors(const char* path);
// A terminal of its own that it types into.
void attack_terminal();
// A TCP connection to a port of the host's loopback, a datagram to somewhere.
void attack_network(const char* port);
// Leaves something in every place where processes meet, or tells what another left there.
void leave_messages(const char* name);
void read_messages(const char* name);
void turn_clock();
// Prints every system call number that is neither unknown nor refused and not meant to be there.
void try_numbers();

}  // namespace ghost::attacker
