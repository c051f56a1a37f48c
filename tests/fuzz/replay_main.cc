// Stands in for libFuzzer where the compiler has none: every file of the corpus, then seeded
// mutations of them. Takes libFuzzer's -runs=N and -seed=N and folders.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

void run(const std::string& input) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(input.data()), input.size());
}

std::string mutated(std::string input, const std::string& other, std::mt19937& random) {
  for (unsigned n = 1 + random() % 4; n > 0; --n) {
    const size_t at = input.empty() ? 0 : random() % input.size();
    switch (random() % 6) {
      case 0:
        if (!input.empty()) input[at] = static_cast<char>(random());
        break;
      case 1:
        if (!input.empty()) input[at] = static_cast<char>(input[at] ^ (1 << random() % 8));
        break;
      case 2:
        input.insert(at, 1 + random() % 8, static_cast<char>(random()));
        break;
      case 3:
        input.erase(at, 1 + random() % 16);
        break;
      case 4:
        input.resize(at);
        break;
      default: {
        const size_t from = other.empty() ? 0 : random() % other.size();
        input.insert(at, other.substr(from, random() % 64));
      }
    }
  }
  return input;
}

}  // namespace

int main(int argc, char** argv) {
  size_t runs = 20000;
  unsigned seed = 1;
  std::vector<std::string> corpus;
  for (int i = 1; i < argc; ++i) {
    const std::string arg = argv[i];
    if (arg.rfind("-runs=", 0) == 0) {
      runs = std::stoul(arg.substr(6));
    } else if (arg.rfind("-seed=", 0) == 0) {
      seed = static_cast<unsigned>(std::stoul(arg.substr(6)));
    } else {
      for (const auto& entry : std::filesystem::directory_iterator(arg)) {
        std::ifstream file(entry.path(), std::ios::binary);
        corpus.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
      }
    }
  }
  if (corpus.empty()) {
    std::fprintf(stderr, "no corpus\n");
    return 1;
  }
  std::sort(corpus.begin(), corpus.end());
  for (const std::string& input : corpus) run(input);
  std::mt19937 random(seed);
  for (size_t i = 0; i < runs; ++i) {
    run(mutated(corpus[random() % corpus.size()], corpus[random() % corpus.size()], random));
  }
  std::printf("%zu inputs, %zu mutations, seed %u\n", corpus.size(), runs, seed);
}
