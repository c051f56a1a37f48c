// ghost-history-check FILE...: judges histories (README.md). "-" is standard input. Exit 0: nothing
// found; 1: violations, one a line; 2: a file cannot be read.
#include <cstdio>
#include <fstream>
#include <iostream>

#include "history/checker.h"

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: %s FILE...\n", argv[0]);
    return 2;
  }
  bool clean = true;
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    std::ifstream file;
    if (name != "-") file.open(name);
    std::istream& in = name == "-" ? std::cin : file;
    history::Checker checker;
    const std::string wrong =
        in ? history::read(in, [&](const history::Event& e) { checker.take(e); })
           : "cannot be opened";
    if (!wrong.empty()) {
      std::fprintf(stderr, "%s: %s\n", name.c_str(), wrong.c_str());
      return 2;
    }
    for (const history::Violation& v : checker.finish()) {
      clean = false;
      const std::string at = v.event == SIZE_MAX ? "end" : std::to_string(v.event + 1);
      std::printf("%s:%s: %s: %s\n", name.c_str(), at.c_str(), v.rule.c_str(), v.text.c_str());
    }
    std::printf("%s: %zu events, %zu violations\n", name.c_str(), checker.events(),
                checker.violations().size());
  }
  return clean ? 0 : 1;
}
