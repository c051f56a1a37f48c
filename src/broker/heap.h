// The heap of the broker's program.
#pragma once

namespace ghost::broker {

// Gives memory that was freed back to the system. Takes milliseconds after much was freed: for when
// the loop has nothing to do. Called by the loop's thread, whose own spare blocks go with it.
void return_free_memory();

}  // namespace ghost::broker
