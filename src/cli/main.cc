#include "cli/arguments.h"

int main(int argc, char** argv) {
  return ghost::cli::run(argc, argv);
}
