// The state of one reading of a diff, shared by the files that read headers and hunks. Internal to
// parse_diff.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "patch/chars.h"
#include "patch/diff_names.h"
#include "patch/diff_parse.h"

namespace ghost::patch {

enum class Number { kOk, kBad, kOverflow };
// Decimal digits at text[at]; moves `at` behind them. Past 2^31 - 1 it is an overflow.
Number read_number(std::string_view text, size_t& at, uint32_t& value);

class DiffParser {
 public:
  DiffParser(std::string_view text, const ParseOptions& options, const Limits& limits,
             std::vector<FilePatch>& files, Faults& faults)
      : text_(text), options_(options), limits_(limits), files_(files), faults_(faults) {
    names_.strip = options.strip;
    line_ = options.first_line;
  }

  bool run();

 private:
  enum class Found { kFile, kNone, kFault };

  std::string_view rest() const { return text_.substr(at_); }
  std::string_view line_at(size_t at) const {
    return text_.substr(at, line_size(text_.substr(at)));
  }
  void advance(std::string_view line) {
    at_ += line.size();
    ++line_;
  }
  bool fail(std::string code, const std::string& path, uint64_t line, std::string message) {
    return faults_.add(refusal(std::move(code), path, line, std::move(message)));
  }

  Found find_header(FilePatch& file);
  bool is_context_diff(std::string_view line) const;
  Number hunk_header(std::string_view line, Hunk& hunk) const;
  Found stray_hunk(std::string_view line);
  Found git_header(FilePatch& file);
  Found plain_header(FilePatch& file);
  bool header_line(std::string_view line, FilePatch& file, bool& done);
  bool side_name(std::string_view rest, Known gone, std::optional<std::string>& name,
                 const char* side);
  bool read_mode(std::string_view rest, uint32_t& mode);
  void read_index(std::string_view rest, FilePatch& file, bool& ok);
  void guess_strip(std::string_view old_rest, std::string_view new_rest);
  bool check_names(const FilePatch& file);
  bool read_hunks(FilePatch& file);
  bool read_hunk(FilePatch& file, Hunk& hunk);
  bool count_hunk(FilePatch& file, Hunk& hunk);
  bool ends_hunk(std::string_view line) const;
  bool bare_header(std::string_view header, Hunk& hunk) const;
  bool check_order(const FilePatch& file, const Hunk& hunk);
  bool check_leftover(const FilePatch& file);
  bool read_binary(FilePatch& file);
  bool read_binary_hunk(FilePatch& file, bool& present);
  bool finish_file(FilePatch& file);
  bool nothing_found();

  std::string_view text_;
  ParseOptions options_;
  const Limits& limits_;
  std::vector<FilePatch>& files_;
  Faults& faults_;
  NameReader names_;
  bool strip_known_ = false;
  size_t at_ = 0;
  uint64_t line_ = 1;  // number of the line at at_
  size_t hunks_ = 0;
};

}  // namespace ghost::patch
