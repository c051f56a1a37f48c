#include "patch/blocks.h"
#include "patch/chars.h"

namespace ghost::patch {
namespace {

bool is_marker(std::string_view line, char c, std::string_view word) {
  line = chomp(line);
  size_t run = 0;
  while (run < line.size() && line[run] == c) ++run;
  if (run < 5 || run > 9) return false;
  return trim(line.substr(run)) == word;
}

bool is_fence(std::string_view line) {
  return trim(line).starts_with("```") || trim(line).starts_with("~~~");
}

// The path on a line before a block: without quotes, list marks and a "File:" before it.
std::string path_on(std::string_view line) {
  std::string_view text = trim(line);
  while (!text.empty() && (text[0] == '#' || text[0] == '*' || text[0] == '`' || text[0] == ' ')) {
    text.remove_prefix(1);
  }
  if (text.starts_with("File:")) text = trim(text.substr(5));
  while (!text.empty() && (text[0] == '`' || text[0] == '*')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == '`' || text.back() == '*' || text.back() == ':')) {
    text.remove_suffix(1);
  }
  return std::string(trim(text));
}

}  // namespace

bool parse_search_blocks(std::string_view text, const Limits& limits,
                         std::vector<SearchBlock>& blocks, Faults& faults) {
  LineCursor lines{text};
  std::string_view named;  // the last line that may name a path
  std::string path;
  const auto fail = [&](uint64_t line, std::string why) {
    return faults.add(refusal("corrupt_patch", path, line, std::move(why)));
  };
  while (lines.next()) {
    if (!is_marker(lines.line, '<', "SEARCH")) {
      if (!trim(lines.line).empty() && !is_fence(lines.line)) named = lines.line;
      continue;
    }
    if (blocks.size() >= limits.hunks_max) {
      return faults.add(refusal("too_large", path, lines.number,
                                "more than " + std::to_string(limits.hunks_max) + " blocks"));
    }
    SearchBlock block;
    block.line = lines.number;
    if (!named.empty()) path = path_on(named);
    named = {};
    block.path = path;
    if (path.empty()) return fail(lines.number, "no path stands before the first block");
    std::string* side = &block.search;
    bool closed = false;
    while (!closed && lines.next()) {
      if (side == &block.search && is_marker(lines.line, '=', "")) {
        side = &block.replace;
      } else if (side == &block.replace && is_marker(lines.line, '>', "REPLACE")) {
        closed = true;
      } else if (is_marker(lines.line, '<', "SEARCH")) {
        return fail(lines.number, "a block begins inside another one");
      } else {
        *side += lines.line;
      }
    }
    if (!closed) return fail(block.line, "the block has no end (>>>>>>> REPLACE)");
    blocks.push_back(std::move(block));
  }
  if (blocks.empty()) return faults.add(refusal("no_patch", "", 0, "the text holds no block"));
  return true;
}

namespace {

class EnvelopeParser {
 public:
  EnvelopeParser(std::string_view text, const Limits& limits, std::vector<EnvelopeFile>& out,
                 Faults& faults)
      : lines_{text}, limits_(limits), out_(out), faults_(faults) {}
  bool run();

 private:
  bool fail(std::string why) {
    return faults_.add(refusal("corrupt_patch", out_.empty() ? "" : out_.back().path, lines_.number,
                               std::move(why)));
  }
  bool directive(std::string_view name, std::string_view& rest) const {
    const std::string_view line = chomp(lines_.line);
    if (!line.starts_with(name)) return false;
    rest = trim(line.substr(name.size()));
    return true;
  }
  bool body_line();
  bool update_line(EnvelopeFile& file);
  EnvelopeChunk& chunk(EnvelopeFile& file);

  LineCursor lines_;
  const Limits& limits_;
  std::vector<EnvelopeFile>& out_;
  Faults& faults_;
  size_t chunks_ = 0;
  bool fresh_ = true;  // the next line of an update begins a chunk
};

EnvelopeChunk& EnvelopeParser::chunk(EnvelopeFile& file) {
  if (fresh_) {
    file.chunks.emplace_back();
    ++chunks_;
    file.chunks.back().line = lines_.number;
    fresh_ = false;
  }
  return file.chunks.back();
}

bool EnvelopeParser::update_line(EnvelopeFile& file) {
  std::string_view line = lines_.line;
  if (line.starts_with("@@")) {
    // Several @@ lines in a row narrow the place down together.
    const bool more = !fresh_ && !file.chunks.empty() && file.chunks.back().before.empty() &&
                      file.chunks.back().after_lines == 0;
    if (!more) fresh_ = true;
    std::string_view anchor = trim(line.substr(2));
    if (anchor.ends_with("@@")) anchor = trim(anchor.substr(0, anchor.size() - 2));
    EnvelopeChunk& c = chunk(file);
    // Line numbers, as in a diff's header, say nothing here.
    if (!anchor.empty() && !(anchor[0] == '-' && anchor.find(" +") != anchor.npos)) {
      c.anchors.push_back(anchor);
    }
    return true;
  }
  const char kind = line[0] == '\n' || line == "\r\n" ? ' ' : line[0];
  if (kind != ' ' && kind != '+' && kind != '-') {
    return fail("expected a line that begins with ' ', '+', '-' or \"@@\"");
  }
  if (line[0] == kind) line.remove_prefix(1);
  EnvelopeChunk& c = chunk(file);
  if (c.at_end) return fail("lines behind \"*** End of File\"");
  if (!line.ends_with('\n')) return fail("the last line has no newline");
  if (c.before.size() >= limits_.tolerant_lines_max) {
    return faults_.add(
        refusal("too_large", file.path, lines_.number, "the part has too many lines"));
  }
  if (kind != '+') c.before.push_back(line);
  if (kind != '-') {
    c.after += line;
    ++c.after_lines;
  }
  return true;
}

bool EnvelopeParser::body_line() {
  std::string_view rest;
  const auto begin = [&](EnvelopeFile::Op op) {
    out_.emplace_back();
    out_.back().op = op;
    out_.back().path = std::string(rest);
    out_.back().line = lines_.number;
    fresh_ = true;
    return true;
  };
  if (directive("*** Add File:", rest)) return begin(EnvelopeFile::Op::kAdd);
  if (directive("*** Delete File:", rest)) return begin(EnvelopeFile::Op::kDelete);
  if (directive("*** Update File:", rest)) return begin(EnvelopeFile::Op::kUpdate);
  if (out_.empty()) {
    return trim(lines_.line).empty() ? true : fail("expected \"*** Add, Delete or Update File:\"");
  }
  EnvelopeFile& file = out_.back();
  if (directive("*** Move to:", rest)) {
    if (file.op != EnvelopeFile::Op::kUpdate || !file.chunks.empty() || file.move_to) {
      return fail("\"*** Move to:\" stands right behind \"*** Update File:\"");
    }
    file.move_to = std::string(rest);
    return true;
  }
  if (directive("*** End of File", rest)) {
    if (file.op == EnvelopeFile::Op::kUpdate && !file.chunks.empty()) {
      file.chunks.back().at_end = true;
    }
    fresh_ = true;
    return true;
  }
  if (file.op == EnvelopeFile::Op::kUpdate) return update_line(file);
  if (file.op == EnvelopeFile::Op::kAdd && lines_.line[0] == '+') {
    if (!lines_.line.ends_with('\n')) return fail("the last line has no newline");
    file.contents += lines_.line.substr(1);
    return true;
  }
  if (trim(lines_.line).empty()) return true;
  return fail(file.op == EnvelopeFile::Op::kAdd ? "a line of an added file begins with '+'"
                                                : "a deleted file has no lines");
}

bool EnvelopeParser::run() {
  bool begun = false, ended = false;
  while (lines_.next()) {
    const std::string_view line = trim(lines_.line);
    if (!begun) {
      begun = line == "*** Begin Patch";
    } else if (line == "*** End Patch") {
      ended = true;
      break;
    } else if (!body_line()) {
      return false;
    } else if (out_.size() > limits_.files_max || chunks_ > limits_.hunks_max) {
      return faults_.add(refusal("too_large", out_.back().path, lines_.number,
                                 "more than " + std::to_string(limits_.files_max) + " files or " +
                                     std::to_string(limits_.hunks_max) + " parts"));
    }
  }
  if (!begun) return fail("\"*** Begin Patch\" is missing");
  if (!ended) return fail("\"*** End Patch\" is missing: the patch is cut short");
  if (out_.empty()) return faults_.add(refusal("no_patch", "", 0, "the envelope is empty"));
  for (const EnvelopeFile& file : out_) {
    for (const EnvelopeChunk& c : file.chunks) {
      if (c.before.empty() && c.after_lines == 0) {
        return faults_.add(refusal("corrupt_patch", file.path, c.line, "a part changes nothing"));
      }
    }
  }
  return true;
}

}  // namespace

bool parse_envelope(std::string_view text, const Limits& limits, std::vector<EnvelopeFile>& out,
                    Faults& faults) {
  return EnvelopeParser(text, limits, out, faults).run();
}

}  // namespace ghost::patch
