#include "broker/registry_file.h"

#include <boost/json.hpp>

namespace ghost::broker {
namespace {

namespace json = boost::json;

json::object text_map(const std::map<std::string, std::string>& from) {
  json::object to;
  for (const auto& [key, value] : from) to[key] = value;
  return to;
}

json::object to_json(const wire::Instance& i) {
  json::object o;
  o["service"] = i.service;
  o["instance"] = i.instance;
  o["host"] = i.host;
  o["endpoints"] = text_map(i.endpoints);
  o["labels"] = text_map(i.labels);
  o["capacity"] = i.capacity;
  o["version"] = i.version;
  o["state"] = wire::to_string(i.state);
  o["ttlMs"] = i.ttl_ms;
  if (i.registered_at) o["registeredAt"] = format_rfc3339(*i.registered_at);
  if (i.last_seen_at) o["lastSeenAt"] = format_rfc3339(*i.last_seen_at);
  return o;
}

void print(const json::value& value, const std::string& indent, std::string* out) {
  const auto block = [&](char open, char close, const auto& items, auto print_item) {
    if (items.empty()) {
      *out += {open, close};
      return;
    }
    *out += open;
    const char* separator = "\n";
    for (const auto& item : items) {
      *out += separator + indent + "  ";
      print_item(item);
      separator = ",\n";
    }
    *out += "\n" + indent + close;
  };
  if (const json::object* object = value.if_object()) {
    block('{', '}', *object, [&](const json::key_value_pair& pair) {
      *out += json::serialize(pair.key()) + ": ";
      print(pair.value(), indent + "  ", out);
    });
  } else if (const json::array* array = value.if_array()) {
    block('[', ']', *array, [&](const json::value& item) { print(item, indent + "  ", out); });
  } else {
    *out += json::serialize(value);
  }
}

std::string text_of(const json::object& o, std::string_view key) {
  const json::value* v = o.if_contains(key);
  return v != nullptr && v->is_string() ? std::string(v->get_string()) : std::string();
}

uint64_t number_of(const json::object& o, std::string_view key, uint64_t otherwise) {
  const json::value* v = o.if_contains(key);
  if (v == nullptr) return otherwise;
  json::error_code error;
  const uint64_t n = v->to_number<uint64_t>(error);
  return error ? otherwise : n;
}

std::map<std::string, std::string> map_of(const json::object& o, std::string_view key) {
  std::map<std::string, std::string> to;
  const json::value* v = o.if_contains(key);
  if (v == nullptr || !v->is_object()) return to;
  for (const auto& [name, value] : v->get_object()) {
    if (value.is_string()) to[std::string(name)] = std::string(value.get_string());
  }
  return to;
}

// By way of the codec, which checks every field as it does for a message.
Result<wire::Instance> from_json(const json::object& o) {
  wire::Instance i;
  i.service = text_of(o, "service");
  i.instance = text_of(o, "instance");
  i.host = text_of(o, "host");
  i.endpoints = map_of(o, "endpoints");
  i.labels = map_of(o, "labels");
  i.capacity = number_of(o, "capacity", i.capacity);
  i.version = text_of(o, "version");
  i.state = wire::parse_instance_state(text_of(o, "state")).value_or(wire::InstanceState::kReady);
  i.ttl_ms = number_of(o, "ttlMs", i.ttl_ms);
  const auto time = [&](std::string_view key) -> std::optional<WallMs> {
    const Result<WallMs> t = parse_rfc3339(text_of(o, key));
    return t ? std::optional<WallMs>(*t) : std::nullopt;
  };
  i.registered_at = time("registeredAt");
  i.last_seen_at = time("lastSeenAt");
  return wire::decode<wire::Instance>(wire::encode(i));
}

}  // namespace

std::string registry_json(const wire::Instances& instances, WallMs now) {
  json::array items;
  for (const wire::Instance& instance : instances.items) items.push_back(to_json(instance));
  json::object top;
  top["writtenAt"] = format_rfc3339(now);
  top["revision"] = instances.revision;
  top["instances"] = std::move(items);
  std::string out;
  print(top, "", &out);
  return out + "\n";
}

Result<std::vector<wire::Instance>> parse_registry_json(const std::string& text) {
  json::error_code error;
  const json::value top = json::parse(text, error);
  const json::value* list =
      !error && top.is_object() ? top.get_object().if_contains("instances") : nullptr;
  if (list == nullptr || !list->is_array()) {
    return Error{"bad_json", "registry.json: no list of instances in it", ""};
  }
  std::vector<wire::Instance> instances;
  for (const json::value& item : list->get_array()) {
    if (!item.is_object()) continue;
    Result<wire::Instance> instance = from_json(item.get_object());
    if (instance) instances.push_back(std::move(*instance));
  }
  return instances;
}

}  // namespace ghost::broker
