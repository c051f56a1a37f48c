// Who may speak with a broker: the public keys that its operator accepted, as a file of one line a
// key that people can read, `ghost keys` edits and the broker watches:
//   ROLE NAME PUBLIC-KEY tenant=TENANT added=TIME [revoked=TIME]
// Lines that begin with # are comments and are lost by the next change. Values; one owner.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "wire/keys.h"

namespace ghost::wire {

class KeyBook {
 public:
  static constexpr size_t kKeysMax = 50'000;

  // Error code bad_config, which names file and line.
  static Result<KeyBook> parse(const std::string& text, const std::string& path);
  std::string print() const;

  // By the public key; nullptr: not known. A revoked one is known.
  const Key* find(std::string_view public_key) const;
  const std::vector<Key>& keys() const { return keys_; }

  // Error codes: conflict (the name is in use by a key that is not revoked, or the key is known),
  // bad_field, rate_limited (the book is full). A revoked name may be given again.
  Status add(Key key);
  // Error code not_found.
  Status revoke(const std::string& name, WallMs now);

 private:
  std::vector<Key> keys_;
};

// The files of a broker's key folder.
struct KeyFolder {
  std::string path;
  std::string book() const { return path + "/authorized"; }
  std::string tokens() const { return path + "/tokens"; }  // see token_book.h
  std::string lock() const { return path + "/lock"; }
  std::string broker() const { return path + "/broker.key"; }
  std::string next_broker() const { return path + "/broker-next.key"; }
};

// The broker's own key, as its file holds it: "secret HEX", and for a key that is to come
// "clients ENDPOINT" and "runners ENDPOINT", where it is offered beside the present one.
struct BrokerKey {
  KeyPair pair;
  std::string clients, runners;
};
// nullopt: there is no such file. Error codes io_error, bad_config.
Result<std::optional<BrokerKey>> load_broker_key(const std::string& path);
Status save_broker_key(const std::string& path, const BrokerKey& key);

// The book of a folder; one that is not there is empty.
Result<KeyBook> load_key_book(const KeyFolder& folder);
// Reads, changes and writes the book under a lock, so that the broker and `ghost keys` may both.
Status change_key_book(const KeyFolder& folder, const std::function<Status(KeyBook&)>& change);

}  // namespace ghost::wire
