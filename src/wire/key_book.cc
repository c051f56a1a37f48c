#include "wire/key_book.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <sstream>

#include "base/fs.h"
#include "base/ids.h"

namespace ghost::wire {
namespace {

// One optional part of a line, "name=value".
Status read_part(const std::string& part, Key* key) {
  const size_t equals = part.find('=');
  const std::string name = part.substr(0, equals);
  const std::string value = equals == part.npos ? "" : part.substr(equals + 1);
  if (name == "tenant") {
    if (!is_name(value)) return Error{"bad_config", "tenant: not a name", ""};
    key->tenant = value;
    return ok_status();
  }
  if (name != "added" && name != "revoked") {
    return Error{"bad_config", "expected tenant=, added= or revoked=", ""};
  }
  const Result<WallMs> at = parse_rfc3339(value);
  if (!at) return Error{"bad_config", name + ": not a time", ""};
  (name == "added" ? key->added_at : key->revoked_at) = *at;
  return ok_status();
}

Result<Key> read_line(const std::string& line) {
  std::istringstream words(line);
  std::string role, part;
  Key key;
  words >> role >> key.name >> key.public_key;
  const auto known = parse_key_role(role);
  if (!known) return Error{"bad_config", "expected runner, relay or client", ""};
  key.role = *known;
  if (!is_name(key.name)) return Error{"bad_config", "not a name: " + key.name, ""};
  if (!is_key(key.public_key)) return Error{"bad_config", "a key is 64 hex digits", ""};
  while (words >> part) {
    if (Status s = read_part(part, &key); !s) return s.error();
  }
  return key;
}

}  // namespace

Result<KeyBook> KeyBook::parse(const std::string& text, const std::string& path) {
  KeyBook out;
  std::istringstream lines(text);
  std::string line;
  for (int number = 1; std::getline(lines, line); ++number) {
    if (line.find_first_not_of(" \t\r") == line.npos || line[0] == '#') continue;
    Result<Key> key = read_line(line);
    if (!key) {
      return Error{"bad_config",
                   path + ", line " + std::to_string(number) + ": " + key.error().message, ""};
    }
    out.keys_.push_back(std::move(*key));
  }
  return out;
}

std::string KeyBook::print() const {
  std::string out = "# Keys that may speak with this broker. Change it with `ghost keys`.\n";
  for (const Key& key : keys_) {
    out += std::string(to_string(key.role)) + " " + key.name + " " + key.public_key +
           " tenant=" + key.tenant;
    if (key.added_at) out += " added=" + format_rfc3339(*key.added_at);
    if (key.revoked_at) out += " revoked=" + format_rfc3339(*key.revoked_at);
    out += "\n";
  }
  return out;
}

const Key* KeyBook::find(std::string_view public_key) const {
  for (const Key& key : keys_) {
    if (key.public_key == public_key) return &key;
  }
  return nullptr;
}

Status KeyBook::add(Key key) {
  if (!is_name(key.name)) return Error{"bad_field", "name: not a name", "name"};
  if (!is_key(key.public_key)) {
    return Error{"bad_field", "publicKey: expected 64 hex digits", "publicKey"};
  }
  if (keys_.size() >= kKeysMax) return Error{"rate_limited", "the key book is full", ""};
  if (find(key.public_key) != nullptr) {
    return Error{"conflict", "this key is known already", "publicKey"};
  }
  for (const Key& known : keys_) {
    if (known.name == key.name && !known.revoked_at) {
      return Error{"conflict", "there is a key named " + key.name + "; revoke it first", "name"};
    }
  }
  keys_.push_back(std::move(key));
  return ok_status();
}

Status KeyBook::revoke(const std::string& name, WallMs now) {
  for (Key& key : keys_) {
    if (key.name != name || key.revoked_at) continue;
    key.revoked_at = now;
    return ok_status();
  }
  return Error{"not_found", "there is no key named " + name, "name"};
}

Result<std::optional<BrokerKey>> load_broker_key(const std::string& path) {
  if (::access(path.c_str(), F_OK) != 0) return std::optional<BrokerKey>();
  const Result<std::string> text = read_secret_file(path);
  if (!text) return text.error();
  BrokerKey out;
  std::istringstream lines(*text);
  std::string name, value, secret_key;
  while (lines >> name >> value) {
    if (name == "secret") secret_key = value;
    if (name == "clients") out.clients = value;
    if (name == "runners") out.runners = value;
  }
  Result<KeyPair> pair = key_pair_of(secret_key);
  if (!pair) return Error{"bad_config", path + ": " + pair.error().message, ""};
  out.pair = std::move(*pair);
  return std::optional<BrokerKey>(std::move(out));
}

Status save_broker_key(const std::string& path, const BrokerKey& key) {
  std::string text = "secret " + key.pair.secret_key + "\n";
  if (!key.clients.empty()) text += "clients " + key.clients + "\n";
  if (!key.runners.empty()) text += "runners " + key.runners + "\n";
  Status written = write_secret_file(path, text);
  if (written) give_to_owner_of_folder(path);
  return written;
}

Result<KeyBook> load_key_book(const KeyFolder& folder) {
  if (::access(folder.book().c_str(), F_OK) != 0 && errno == ENOENT) return KeyBook();
  Result<std::string> text = read_file(folder.book());
  if (!text) return text.error();
  return KeyBook::parse(*text, folder.book());
}

Status change_key_book(const KeyFolder& folder, const std::function<Status(KeyBook&)>& change) {
  const Result<FileLock> lock = FileLock::take(folder.lock());
  if (!lock) return lock.error();
  Result<KeyBook> book = load_key_book(folder);
  if (!book) return book.error();
  if (Status s = change(*book); !s) return s;
  Status written = write_file_atomic(folder.book(), book->print(), 0600);
  if (written) give_to_owner_of_folder(folder.book());
  return written;
}

}  // namespace ghost::wire
