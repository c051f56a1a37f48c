// What single lines and header fields of a mail mean, as git mailinfo reads them. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ghost::patch {

// "From x Tue Jun  3 10:20:30 2008": what begins a mail in a mailbox.
bool is_from_line(std::string_view line);
bool is_header_line(std::string_view line);
// Where the diff of a mail begins.
bool is_patch_break(std::string_view line);
// "-- >8 -- cut here -- >8 --", as git mailinfo --scissors knows it: mostly perforation.
bool is_scissors(std::string_view line);

// The value when `line` is the header `name`.
std::optional<std::string_view> header_value(std::string_view line, std::string_view name);
// A subject without "Re:", "[PATCH]" and the like.
std::string clean_subject(std::string text);
// "A U Thor <author@example.org>" and its older forms (RFC 5322).
void split_author(const std::string& from, std::string& name, std::string& email);

void rtrim(std::string& text);
// Every run of white space becomes one blank.
std::string squeeze(std::string_view text);
// As git stripspace: no trailing blanks, no empty lines at either end, single ones between.
std::string strip_space(std::string_view text);

}  // namespace ghost::patch
