// The golden messages of proto_schemas/vectors: what a version once meant, it means for ever.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/fs.h"
#include "http/json.h"
#include "wire/envelope.h"

namespace ghost::wire {
namespace {

http::Json vectors(const std::string& name) {
  const auto text =
      read_file(std::string(GHOST_SOURCE_DIR) + "/proto_schemas/vectors/" + name + ".json");
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

// Everything that `want` says stands in `got` too; `got` may say more (defaults).
bool covers(const http::Json& got, const http::Json& want) {
  if (const auto* object = want.if_object()) {
    return std::all_of(object->begin(), object->end(), [&](const auto& member) {
      const http::Json* found = http::find_member(got, member.key());
      return found != nullptr && covers(*found, member.value());
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

template <typename... T>
std::set<std::string> check_all(Kinds<T...>, const std::string& file) {
  std::set<std::string> missing{std::string(T::kKind)...};
  const http::Json all = vectors(file);
  for (const http::Json& vector : all.as_array()) {
    uint64_t correlation = 0;
    const auto message = unpack(frames_of(vector), &correlation);
    EXPECT_TRUE(message.ok()) << http::print_json(vector.at("name"));
    EXPECT_EQ(correlation, 1u);
    EXPECT_TRUE((check_as<T>(*message, vector.at("body")) || ...)) << message->header.kind;
    missing.erase(message->header.kind);
  }
  return missing;
}

TEST(Vectors, OfClientsMeanWhatTheySay) {
  EXPECT_EQ(check_all(ClientKinds(), "client"), std::set<std::string>());
}
TEST(Vectors, OfRunnersMeanWhatTheySay) {
  EXPECT_EQ(check_all(RunnerKinds(), "runner"), std::set<std::string>());
}
TEST(Vectors, OfTheBrokerMeanWhatTheySay) {
  EXPECT_EQ(check_all(BrokerKinds(), "broker"), std::set<std::string>());
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
