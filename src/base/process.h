// What a program of Ghost does to itself at its start. Before any other thread is there.
#pragma once

namespace ghost {

// Its memory holds keys, tokens and secrets of others: no core file shows any of it, whatever the
// system does with cores. Programs that it runs inherit that.
void keep_memory_out_of_cores();

}  // namespace ghost
