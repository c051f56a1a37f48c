// The attacks that the attacker program (attacker.cc) offers by name.
#pragma once

namespace ghost::attacker {

// Prints "NAME ok" or "NAME ERRNO" for a call; `result` < 0 means that errno tells.
void tell(const char* name, long result);

// All that a process of the same uid might do to process 1.
void attack_init();

}  // namespace ghost::attacker
