#include "runner_worker/commit.h"

#include <algorithm>

namespace ghost::runner {
namespace {

// As git's own ident.c cleans names: no control characters, no angle brackets, no crud at the ends.
std::string clean_ident(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f || c == '<' || c == '>') continue;
    out += c;
  }
  const auto crud = [](char c) {
    return std::string_view(" .,:;\"\\'").find(c) != std::string::npos;
  };
  while (!out.empty() && crud(out.back())) out.pop_back();
  size_t begin = 0;
  while (begin < out.size() && crud(out[begin])) ++begin;
  return out.substr(begin);
}

bool is_date(const std::string& text) {
  const size_t space = text.find(' ');
  if (space == std::string::npos || space == 0 || space > 12 || text.size() != space + 6) {
    return false;
  }
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  return std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(space), digit) &&
         (text[space + 1] == '+' || text[space + 1] == '-') &&
         std::all_of(text.begin() + static_cast<std::ptrdiff_t>(space) + 2, text.end(), digit);
}

}  // namespace

std::string commit_object(const CommitText& c) {
  const std::string accepted = std::to_string(std::max<WallMs>(c.accepted_ms, 0) / 1000) + " +0000";
  std::string name = clean_ident(c.author_name);
  std::string email = clean_ident(c.author_email);
  if (c.author_name.empty()) email = kGhostEmail;
  if (name.empty()) name = kGhostName;
  std::string out = "tree " + c.tree.hex() + "\n";
  for (const auto& parent : c.parents) out += "parent " + parent.hex() + "\n";
  out += "author " + name + " <" + email + "> " +
         (is_date(c.author_date) ? c.author_date : accepted) + "\n";
  out += "committer " + std::string(kGhostName) + " <" + kGhostEmail + "> " + accepted + "\n\n";
  std::string message;
  std::copy_if(c.message.begin(), c.message.end(), std::back_inserter(message),
               [](char ch) { return ch != '\0'; });
  while (!message.empty() && message.back() == '\n') message.pop_back();
  return out + message + "\n";
}

}  // namespace ghost::runner
