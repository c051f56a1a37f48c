#include <iostream>
#include <string_view>

#include "cli/up.h"

int main(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == "up") return ghost::cli::run_up(argc - 1, argv + 1);
  std::cerr << "ghost: no such command\n";
  return 2;
}
