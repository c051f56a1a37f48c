#include "cli/tables.h"

#include <algorithm>
#include <iostream>

#include "base/time.h"

namespace ghost::cli {

const http::JsonArray& items_of(const http::Json& document) {
  static const http::JsonArray empty;
  const http::Json* items = http::find_member(document, "items");
  return items != nullptr && items->is_array() ? items->get_array() : empty;
}

std::string pairs_text(const http::Json& object, const char* key) {
  std::string out;
  const http::Json* pairs = http::find_member(object, key);
  if (pairs == nullptr || !pairs->is_object()) return out;
  for (const auto& [name, value] : pairs->get_object()) {
    if (!value.is_string()) continue;
    out += (out.empty() ? "" : " ") + safe_line(std::string_view(name.data(), name.size())) + "=" +
           safe_line(std::string_view(value.get_string().data(), value.get_string().size()));
  }
  return out;
}

std::string safe_member(const http::Json& object, const char* key) {
  return safe_line(http::get_string(object, key));
}

std::string number_member(const http::Json& object, const char* key) {
  return std::to_string(http::get_int(object, key));
}

std::string age_member(const http::Json& object, const char* key) {
  const auto at = parse_rfc3339(http::get_string(object, key));
  return at ? show_ms(std::max<int64_t>(0, wall_now_ms() - *at)) : "";
}

int show_list(Session& session, const std::string& target, std::vector<std::string> head,
              const std::function<std::vector<std::string>(const http::Json&)>& row,
              const char* none) {
  auto answer = session.call("GET", target);
  if (!answer) return session.fail(answer.error());
  if (session.json()) {
    print_json_document(*answer);
    return kPassed;
  }
  Table table(std::move(head));
  for (const http::Json& item : items_of(*answer)) table.add(row(item));
  if (table.empty()) {
    std::cerr << none << "\n";
  } else {
    print(table.print(session.table_width(), session.out_style()));
  }
  return kPassed;
}

int send_change(Session& session, const std::string& method, const std::string& target,
                const http::Json& body, const std::string& said) {
  auto answer = session.call(method, target, body);
  if (!answer) return session.fail(answer.error());
  if (session.json()) {
    print_json_document(*answer);
  } else {
    print(said + "\n");
  }
  return kPassed;
}

}  // namespace ghost::cli
