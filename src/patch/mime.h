// Content encodings and character sets of mails, decoded as git-mailinfo does. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace ghost::patch {

// Quoted-printable of one line; a soft line break at its end joins the next line. With `in_header`
// '_' is a blank (RFC 2047).
std::string decode_quoted(std::string_view text, bool in_header);
// Base64; other characters, padding too, are passed over.
std::string decode_base64_loosely(std::string_view text);

// From a character set to UTF-8. False when the set is unknown or the text is not of it. An empty
// set, or UTF-8, leaves the text as it is.
bool to_utf8(std::string& text, std::string_view charset);

// Encoded words ("=?utf-8?q?J=C3=BCrgen?=") of a header to UTF-8. False when one is damaged.
bool decode_words(std::string& text);

// The value of `name` ("charset=") in a header, quoted or not; false when it is not there.
bool header_attribute(std::string_view value, std::string_view name, std::string& out);
bool equals_ignoring_case(std::string_view a, std::string_view b);
size_t find_ignoring_case(std::string_view text, std::string_view what);

}  // namespace ghost::patch
