#include "relay/submission.h"

#include <algorithm>
#include <map>

#include "base/bytes.h"
#include "base/log.h"
#include "relay/block_form.h"
#include "relay/query.h"
#include "wire/request_check.h"

namespace ghost::relay {
namespace {

using http::Json;
using http::JsonArray;
using http::JsonObject;

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  return out;
}

std::string without_blanks(std::string text) {
  text.erase(std::remove_if(text.begin(), text.end(), [](char c) { return c == ' ' || c == '\t'; }),
             text.end());
  return text;
}

// Lower case, parameters apart.
struct MediaType {
  std::string type, charset;
};
MediaType read_media_type(const std::string& content_type) {
  const std::string text = without_blanks(lower(content_type));
  MediaType out{text.substr(0, text.find(';')), ""};
  const size_t at = text.find(";charset=");
  if (at != text.npos) {
    out.charset = text.substr(at + 9, text.find(';', at + 1) - at - 9);
    out.charset.erase(std::remove(out.charset.begin(), out.charset.end(), '"'), out.charset.end());
  }
  return out;
}

// A number where it is one; otherwise the text, so that the decoder says what it expected.
Json number_or_text(const std::string& text) {
  if (!text.empty() && text.size() <= 18 && text.find_first_not_of("0123456789") == text.npos) {
    return static_cast<int64_t>(std::stoll(text));
  }
  return boost::json::string(text);
}

Json bool_or_text(const std::string& text) {
  if (text == "true" || text == "1" || text.empty()) return true;
  if (text == "false" || text == "0") return false;
  return boost::json::string(text);
}

// Builds the request of a bare patch from its query.
class QueryForm {
 public:
  explicit QueryForm(const http::Query& query) : query_(query) {}

  Result<Json> run(JsonObject patch) {
    plain(&out_,
          {"id", "description", "lane", "idempotencyKey", "network", "notBefore", "deadline"});
    numbers(&out_, {"priority", "maxAttempts"});
    lists(&out_, {{"dependsOn", "dependsOn"},
                  {"artifact", "artifacts"},
                  {"protect", "protectedPaths"},
                  {"secretEnv", "secretEnv"}});
    pairs("label", "labels");
    pairs("requires", "requires");
    if (const auto strip = query_.one("strip")) patch["strip"] = number_or_text(*strip);
    if (!patch.empty()) out_["patch"] = std::move(patch);
    base();
    part("apply", {"mode", "whitespace", "eol"}, {"maxFuzz", "maxOffset"});
    part("limits", {},
         {"wallMs", "cpuMs", "memoryBytes", "pids", "diskBytes", "inodes", "outputBytes"});
    gates();
    delivery();
    if (error_) return *error_;
    if (Status s = query_.finish(); !s) return s.error();
    return Json(std::move(out_));
  }

 private:
  void plain(JsonObject* into, std::initializer_list<const char*> names) {
    for (const char* name : names) {
      if (auto text = query_.one(name)) (*into)[name] = std::move(*text);
    }
  }
  void numbers(JsonObject* into, std::initializer_list<const char*> names) {
    for (const char* name : names) {
      if (const auto text = query_.one(name)) (*into)[name] = number_or_text(*text);
    }
  }
  void lists(JsonObject* into, std::initializer_list<std::pair<const char*, const char*>> names) {
    for (const auto& [parameter, field] : names) {
      JsonArray list;
      for (std::string& text : query_.all(parameter)) list.emplace_back(std::move(text));
      if (!list.empty()) (*into)[field] = std::move(list);
    }
  }
  void pairs(const char* parameter, const char* field) {
    JsonObject map;
    for (const std::string& text : query_.all(parameter)) {
      const size_t equals = text.find('=');
      if (equals == text.npos || equals == 0) {
        fail(parameter, "expected name=value");
      } else {
        map[text.substr(0, equals)] = text.substr(equals + 1);
      }
    }
    if (!map.empty()) out_[field] = std::move(map);
  }
  void part(const char* field, std::initializer_list<const char*> texts,
            std::initializer_list<const char*> counts) {
    JsonObject object;
    plain(&object, texts);
    numbers(&object, counts);
    if (!object.empty()) out_[field] = std::move(object);
  }
  // base is the ref; baseJob another job's result.
  void base() {
    JsonObject object;
    if (auto repo = query_.one("repo")) object["repo"] = std::move(*repo);
    const auto base_ref = query_.one("base"), ref = query_.one("ref");
    if (base_ref && ref) fail("ref", "base says the same");
    if (base_ref || ref) object["ref"] = base_ref ? *base_ref : *ref;
    if (auto job = query_.one("baseJob")) object["job"] = std::move(*job);
    if (!object.empty()) out_["base"] = std::move(object);
  }
  void gates() {
    JsonArray list;
    const auto timeout = query_.one("timeoutMs"), retries = query_.one("retries");
    std::map<std::string, int> names;
    for (const auto& [parameter, phase] :
         {std::pair("precheck", "precheck"), std::pair("build", "build"),
          std::pair("gate", "validate")}) {
      for (const std::string& text : query_.all(parameter)) {
        JsonObject gate;
        std::string name = log::escape_control(http::to_utf8_lossy(text)).substr(0, 180);
        while (!is_utf8(name)) name.pop_back();
        if (name.empty()) name = parameter;
        const int count = ++names[name];
        if (count > 1) name += " #" + std::to_string(count);
        gate["name"] = std::move(name);
        gate["phase"] = phase;
        gate["run"] = text;
        if (timeout) gate["timeoutMs"] = number_or_text(*timeout);
        if (retries) gate["retries"] = number_or_text(*retries);
        list.push_back(std::move(gate));
      }
    }
    if (!list.empty()) out_["gates"] = std::move(list);
  }
  void delivery() {
    JsonObject done, commit;
    plain(&done, {"branch", "tag", "onBaseMoved"});
    if (const auto push = query_.one("push")) done["push"] = bool_or_text(*push);
    if (auto message = query_.one("message")) commit["message"] = std::move(*message);
    if (const auto author = query_.one("author")) {
      const size_t open = author->find('<');
      if (open == author->npos || author->back() != '>') {
        fail("author", "expected Name <address>");
      } else {
        std::string name = author->substr(0, open);
        while (!name.empty() && name.back() == ' ') name.pop_back();
        commit["author"] = JsonObject{
            {"name", name}, {"email", author->substr(open + 1, author->size() - open - 2)}};
      }
    }
    lists(&commit, {{"include", "include"}});
    if (!commit.empty()) done["commit"] = std::move(commit);
    if (!done.empty()) out_["onSuccess"] = std::move(done);
  }
  void fail(const char* name, const char* what) {
    if (!error_) error_ = Error{"bad_field", std::string(name) + ": " + what, name};
  }

  QueryReader query_;
  JsonObject out_;
  std::optional<Error> error_;
};

// Decodes base64 in place: the wire carries bytes.
Status decode_text(JsonObject& object, const char* member, const std::string& path,
                   uint64_t bytes_max) {
  Json* text = object.if_contains(member);
  if (text == nullptr || !text->is_string()) return ok_status();
  const Json* encoding = object.if_contains("encoding");
  const boost::json::string& given = text->get_string();
  if (encoding != nullptr && encoding->is_string() && encoding->get_string() == "base64") {
    Result<std::string> bytes = base64_decode(std::string_view(given.data(), given.size()));
    if (!bytes) return Error{"bad_field", path + ": " + bytes.error().message, path};
    *text = boost::json::string(*bytes);
    object.erase("encoding");
  }
  if (text->get_string().size() > bytes_max) {
    return Error{"too_large",
                 path + ": " + std::to_string(text->get_string().size()) + " bytes, at most " +
                     std::to_string(bytes_max) + " are taken",
                 path};
  }
  return ok_status();
}

Status decode_texts(Json& body, uint64_t bytes_max) {
  if (!body.is_object()) return ok_status();
  Json* patch = body.get_object().if_contains("patch");
  if (patch == nullptr || !patch->is_object()) return ok_status();
  if (Status s = decode_text(patch->get_object(), "data", "patch.data", bytes_max); !s) return s;
  Json* items = patch->get_object().if_contains("items");
  if (items == nullptr || !items->is_array()) return ok_status();
  for (size_t i = 0; i < items->get_array().size(); ++i) {
    Json& item = items->get_array()[i];
    if (!item.is_object()) continue;
    const std::string path = "patch.items[" + std::to_string(i) + "].contents";
    if (Status s = decode_text(item.get_object(), "contents", path, bytes_max); !s) return s;
  }
  return ok_status();
}

}  // namespace

Status check_query(const http::Query& query) {
  const Result<Json> read = QueryForm(query).run({});
  return read ? ok_status() : Status(read.error());
}

// Beside a block in the old form, which has no place for them, the query gives base and the like.
Result<Json> with_query(Json body, const http::Query& query) {
  if (query.empty()) return body;
  if (!body.is_object() || !is_block_form(body.get_object())) {
    const std::string name =
        log::escape_control(http::to_utf8_lossy(query.front().first.substr(0, 100)));
    return Error{"unknown_field", name + ": unknown query parameter; a JSON body holds everything",
                 name};
  }
  Result<Json> rest = QueryForm(query).run({});
  if (!rest) return rest.error();
  for (auto& [key, value] : rest->get_object()) {
    if (body.get_object().contains(key)) {
      const std::string name(key);
      return Error{"bad_field", name + ": given in the query and in the body", name};
    }
    // A block says its delivery under final.git; from the query it comes in today's form.
    if (key == "onSuccess") {
      return Error{"bad_field", "onSuccess: a block says this under final.git", "onSuccess"};
    }
    body.get_object()[key] = std::move(value);
  }
  return body;
}

Result<Json> request_json(const std::string& content_type, const http::Query& query,
                          std::string body) {
  const MediaType media = read_media_type(content_type);
  if (media.type == "application/json") {
    if (!media.charset.empty() && media.charset != "utf-8") {
      return Error{"unsupported_media_type", "JSON is taken in UTF-8 only", ""};
    }
    Result<Json> parsed = http::parse_json(body);
    if (!parsed) return parsed.error();
    return with_query(std::move(*parsed), query);
  }
  JsonObject patch;
  if (media.type == "text/x-diff" || media.type == "text/x-patch") {
    patch["format"] = "unified";
  } else if (media.type == "message/rfc822" || media.type == "application/mbox") {
    patch["format"] = "mbox";
  } else {
    return Error{"unsupported_media_type",
                 (media.type.empty() ? std::string("no Content-Type")
                                     : "\"" + log::escape_control(media.type) + "\"") +
                     ": expected application/json, text/x-diff or message/rfc822",
                 ""};
  }
  patch["data"] = boost::json::string(body);
  return QueryForm(query).run(std::move(patch));
}

Result<wire::PatchRequest> read_request(Json body, const SubmissionRules& rules) {
  if (body.is_array()) {
    return Error{"bad_field", "expected an object; a list goes to /v1/patches:batch", ""};
  }
  Origins origins;
  if (body.is_object() && is_block_form(body.get_object())) {
    Result<Json> converted = from_block_form(body.get_object(), &origins);
    if (!converted) return converted.error();
    body = std::move(*converted);
  }
  if (Status s = decode_texts(body, rules.payload_bytes_max); !s) {
    return in_clients_words(s.error(), origins);
  }
  Result<wire::PatchRequest> request = http::from_json<wire::PatchRequest>(body);
  if (!request) return in_clients_words(request.error(), origins);
  if (Status s = wire::check_request(*request); !s) return in_clients_words(s.error(), origins);
  return request;
}

std::string request_hash(std::string_view content_type, std::string_view raw_query,
                         std::string_view body) {
  // Lengths in front, so that no two different triples give the same text.
  std::string head = std::to_string(content_type.size()) + ":" + std::to_string(raw_query.size()) +
                     ":" + std::string(content_type) + std::string(raw_query);
  return sha256(head + sha256(body));
}

wire::Submission make_submission(const wire::PatchRequest& r, const std::string& tenant,
                                 std::string hash) {
  wire::Submission out;
  out.id = r.id.value_or("");
  out.tenant = tenant;
  out.idempotency_key = r.idempotency_key;
  out.request_hash = std::move(hash);
  out.lane = r.lane;
  out.priority = r.priority;
  out.repo = r.base.repo;
  out.ref = r.base.ref.value_or("");
  out.base_job = r.base.job;
  out.requires_ = r.requires_;
  out.labels = r.labels;
  out.depends_on = r.depends_on;
  out.max_attempts = r.max_attempts;
  out.not_before_ms = r.not_before.value_or(0);
  out.deadline_ms = r.deadline.value_or(0);
  out.description = r.description.value_or("");
  return out;
}

}  // namespace ghost::relay
