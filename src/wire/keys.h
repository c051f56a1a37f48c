// Keys of the CURVE security mechanism (ZMTP-CURVE, RFC 26 of the ZeroMQ project) as people and
// files hold them: 64 hex digits each. What is secret lives in files of mode 0600. Pure but for the
// file functions; any thread.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "wire/messages.gen.h"
#include "wire/socket.h"

namespace ghost::wire {

struct KeyPair {
  std::string public_key, secret_key;  // 64 hex digits
};
KeyPair make_key_pair();
// Error code bad_config: no key.
Result<KeyPair> key_pair_of(const std::string& secret_key);
bool is_key(std::string_view text);  // 64 lower-case hex digits

// All that a host needs to join a farm. As text: "ghost1/ROLE/NAME/SECRET/BROKER/ENDPOINT" with the
// host's own secret key and the broker's public one. The name is the instance that a runner may
// register as.
struct Membership {
  KeyRole role = KeyRole::kRunner;
  std::string name;
  std::string secret_key;
  std::string broker_key;
  std::string endpoint;  // "tcp://HOST:PORT"
  bool operator==(const Membership&) const = default;
};
std::string print_membership(const Membership& membership);
// Error code bad_config. The message never holds what was read: it may be a secret.
Result<Membership> parse_membership(const std::string& text);

// A file that must be its owner's alone. Error codes io_error; bad_config where others may read it.
Result<std::string> read_secret_file(const std::string& path);
// Mode 0600, all or nothing.
Status write_secret_file(const std::string& path, const std::string& text);

// `text` is a membership, or @FILE that holds one. Error codes as those of the two.
Result<Membership> load_membership(const std::string& text);

// How a program of the given role reaches its broker.
struct BrokerAddress {
  std::string endpoint;
  std::optional<ClientKeys> keys;  // none: an address of this host
  std::string name;                // of the membership; empty without one
};
// `join` (see load_membership) is written to `file`, which holds it from then on; an empty one
// means what the file holds, and without a file the plain `endpoint`. Error code bad_config: not of
// that role; an endpoint beyond this host without keys.
Result<BrokerAddress> broker_address(KeyRole role, const std::string& join, const std::string& file,
                                     const std::string& endpoint);
// The broker has moved: writes the new address into the file. Where there is none, nothing.
Status follow_move(const std::string& file, const Address& move);

// Join strings and bearer tokens among a program's arguments and in its environment are
// overwritten, so that the process list does not show them for longer than the start takes.
void hide_secrets(int argc, char** argv);

}  // namespace ghost::wire
