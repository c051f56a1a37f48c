// Lists that the relay gives ({"items": [...]}) as tables. For the main thread.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cli/session.h"

namespace ghost::cli {

// The items of a list document; none when there is no such list.
const http::JsonArray& items_of(const http::Json& document);

// A member that holds texts by name, as "k=v k=v", made harmless.
std::string pairs_text(const http::Json& object, const char* key);

std::string safe_member(const http::Json& object, const char* key);
std::string number_member(const http::Json& object, const char* key);
// How long ago the time in a member was; empty without one.
std::string age_member(const http::Json& object, const char* key);

// Fetches a list and prints it: the document with --json, `none` on standard error when it is
// empty. Gives the exit code.
int show_list(Session& session, const std::string& target, std::vector<std::string> head,
              const std::function<std::vector<std::string>(const http::Json&)>& row,
              const char* none);

// Sends a change and shows the answer: its document with --json, else `said`.
int send_change(Session& session, const std::string& method, const std::string& target,
                const http::Json& body, const std::string& said);

}  // namespace ghost::cli
