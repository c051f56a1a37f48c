// Landlock: what keeps a gate from files, sockets and processes that are not its own where no
// namespace does. Raw system calls, as the headers of the C library lag behind the kernel. Part of
// the launcher program; used by a gate's process before it runs its program.
#pragma once

#include <string>
#include <vector>

namespace ghost::runner {

// 0: this kernel has none, or it is switched off.
int landlock_version();

struct LandlockPlaces {
  std::vector<int> writable;           // folders in which all is allowed
  std::vector<std::string> read_only;  // folders and files that may be read and run
};

// From now on this process and its children reach no file outside of `places` and the harmless
// devices, and (from version 6) no abstract socket and no process of others. Needs no_new_privs.
// False with errno when the kernel refuses.
bool keep_to_places(const LandlockPlaces& places);

// Only the part about abstract sockets; nothing where the kernel does not know it.
void keep_from_sockets();

// What gates are shown of the host's /etc: what programs need to run and nothing that could hold a
// secret. Names below /etc.
extern const std::vector<const char*> kShownEtc;
// Folders of the host's programs.
extern const std::vector<const char*> kShownRoots;

}  // namespace ghost::runner
