// The golden messages of proto_schemas/vectors: what a version once meant, it means for ever.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <sstream>

#include "base/bytes.h"
#include "base/fs.h"
#include "http/json.h"
#include "wire/envelope.h"

namespace ghost::wire {
namespace {

std::string folder() {
  return std::string(GHOST_SOURCE_DIR) + "/proto_schemas/vectors";
}

http::Json vectors(const std::string& name) {
  const auto text = read_file(folder() + "/" + name + ".json");
  EXPECT_TRUE(text.ok());
  auto json = http::parse_json(*text);
  EXPECT_TRUE(json.ok());
  return *json;
}

Frames frames_of(const http::Json& vector) {
  Frames frames;
  for (const http::Json& hex : vector.at("frames").as_array()) {
    frames.push_back(make_blob(from_hex(std::string_view(hex.as_string()))));
  }
  return frames;
}

// {"$bin": base64} as the text that from_msgpack gives for those bytes.
http::Json plain(const http::Json& value) {
  if (const auto* object = value.if_object()) {
    if (object->size() == 1 && object->contains("$bin")) {
      const auto bytes = base64_decode(std::string_view(object->at("$bin").as_string()));
      return http::Json(http::to_utf8_lossy(*bytes));
    }
    http::JsonObject out;
    for (const auto& [key, member] : *object) out[key] = plain(member);
    return out;
  }
  if (const auto* array = value.if_array()) {
    http::JsonArray out;
    for (const auto& item : *array) out.push_back(plain(item));
    return out;
  }
  return value;
}

// Sparse structs are written without what is at its default.
bool left_out(std::string_view name, const http::Json& value) {
  static const http::Json defaults = *http::parse_json(
      R"({"tenant": "default", "lane": "default", "priority": 4, "ref": "", "requires": {},
          "labels": {}, "dependsOn": [], "maxAttempts": 3, "notBeforeMs": 0, "deadlineMs": 0,
          "description": "", "reason": "", "treeOid": "", "commitOid": "", "startedMs": 0})");
  const http::Json* known = http::find_member(defaults, name);
  return known != nullptr && http::print_json(*known) == http::print_json(value);
}

// Everything that `want` says stands in `got` too; `got` may say more (defaults).
bool covers(const http::Json& got, const http::Json& want) {
  if (const auto* object = want.if_object()) {
    return std::all_of(object->begin(), object->end(), [&](const auto& member) {
      const http::Json* found = http::find_member(got, member.key());
      if (found == nullptr) return left_out(member.key(), member.value());
      return covers(*found, member.value());
    });
  }
  if (const auto* array = want.if_array()) {
    if (!got.is_array() || got.as_array().size() != array->size()) return false;
    for (size_t i = 0; i < array->size(); ++i) {
      if (!covers(got.as_array()[i], (*array)[i])) return false;
    }
    return true;
  }
  return http::print_json(got) == http::print_json(want);
}

template <typename T>
bool check_as(const Message& message, const http::Json& body) {
  if (message.header.kind != T::kKind) return false;
  const auto decoded = decode<T>(*message.body);
  EXPECT_TRUE(decoded.ok()) << T::kKind << ": " << decoded.error().message;
  const auto again = decode<T>(encode(*decoded));
  EXPECT_TRUE(again.ok() && encode(*again) == encode(*decoded))
      << T::kKind << " changes when it is written again";
  EXPECT_TRUE(covers(http::to_json(*decoded), plain(body)))
      << T::kKind << ": " << http::print_json(http::to_json(*decoded));
  return true;
}

// Every file but the one of what is refused.
std::vector<std::string> files() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder())) {
    const std::string name = entry.path().stem().string();
    if (entry.path().extension() == ".json" && name != "invalid") names.push_back(name);
  }
  return names;
}

// The kinds of which no file has a message.
template <typename... T>
std::set<std::string> check_all(Kinds<T...>) {
  const std::set<std::string> kinds{std::string(T::kKind)...};
  std::set<std::string> missing = kinds;
  for (const std::string& file : files()) {
    const http::Json all = vectors(file);
    for (const http::Json& vector : all.as_array()) {
      uint64_t correlation = 0;
      const auto message = unpack(frames_of(vector), &correlation);
      EXPECT_TRUE(message.ok()) << http::print_json(vector.at("name"));
      EXPECT_EQ(correlation, 1u);
      if (!kinds.contains(message->header.kind)) continue;
      EXPECT_TRUE((check_as<T>(*message, vector.at("body")) || ...)) << message->header.kind;
      missing.erase(message->header.kind);
    }
  }
  return missing;
}

TEST(Vectors, OfClientsMeanWhatTheySay) {
  EXPECT_EQ(check_all(ClientKinds()), std::set<std::string>());
}
TEST(Vectors, OfRunnersMeanWhatTheySay) {
  EXPECT_EQ(check_all(RunnerKinds()), std::set<std::string>());
}
TEST(Vectors, OfTheBrokerMeanWhatTheySay) {
  EXPECT_EQ(check_all(BrokerKinds()), std::set<std::string>());
}

// Line by line "DIGEST  FILE": no release may say anything else under the same version.
TEST(Vectors, ThatAreFrozenAreWhatTheyWere) {
  std::istringstream lines(*read_file(folder() + "/FROZEN"));
  std::set<std::string> names;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with('#')) continue;
    const std::string name = line.substr(66);
    EXPECT_EQ(sha256_hex(*read_file(folder() + "/" + name)), line.substr(0, 64))
        << name << " is frozen: what is new goes into a file of its own, see make_vectors.py";
    names.insert(name);
  }
  for (const char* name : {"client.json", "runner.json", "broker.json", "invalid.json"}) {
    EXPECT_TRUE(names.contains(name)) << name;
  }
}

TEST(Protocols, TheGreatestThatBothKnowIsSpoken) {
  EXPECT_EQ(choose_protocol({}), 1u);
  EXPECT_EQ(choose_protocol({1}), 1u);
  EXPECT_EQ(choose_protocol({7, 1, 2}), 1u);
  EXPECT_EQ(choose_protocol({2, 3}), std::nullopt);
}

template <typename... T>
std::string code_of(Kinds<T...>, const Message& message) {
  std::string code = "unknown_kind";
  const auto attempt = [&]<typename M>() {
    if (message.header.kind != M::kKind) return;
    const auto decoded = decode<M>(*message.body);
    code = decoded ? "" : decoded.error().code;
  };
  (attempt.template operator()<T>(), ...);
  return code;
}

TEST(Vectors, InvalidOnesAreRefusedWithTheirCode) {
  const http::Json all = vectors("invalid");
  for (const http::Json& vector : all.as_array()) {
    uint64_t correlation = 0;
    const auto message = unpack(frames_of(vector), &correlation);
    const std::string code = message ? code_of(ClientKinds(), *message) : message.error().code;
    EXPECT_EQ(code, http::get_string(vector, "code")) << http::print_json(vector.at("name"));
  }
}

}  // namespace
}  // namespace ghost::wire
