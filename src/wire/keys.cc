#include "wire/keys.h"

#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "base/bytes.h"
#include "base/fs.h"
#include "base/ids.h"
#include "wire/token_book.h"

namespace ghost::wire {
namespace {

constexpr std::string_view kFormat = "ghost1";
constexpr size_t kTextBytesMax = 4096;

// libzmq's functions speak Z85 (RFC 32 of the ZeroMQ project), five characters for four bytes.
using Z85Key = std::array<char, 41>;

std::string hex_of(const Z85Key& key) {
  std::array<uint8_t, 32> raw;
  GHOST_CHECK(zmq_z85_decode(raw.data(), key.data()) != nullptr);
  return to_hex({reinterpret_cast<const char*>(raw.data()), raw.size()});
}

Error no_membership(const char* why) {
  return {"bad_config", std::string("the join string is not one: ") + why, ""};
}

std::string_view trimmed(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

}  // namespace

bool is_key(std::string_view text) {
  return text.size() == 64 && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

KeyPair make_key_pair() {
  Z85Key public_key{}, secret_key{};
  GHOST_CHECK(zmq_curve_keypair(public_key.data(), secret_key.data()) == 0);
  return {hex_of(public_key), hex_of(secret_key)};
}

Result<KeyPair> key_pair_of(const std::string& secret_key) {
  if (!is_key(secret_key)) return Error{"bad_config", "a key is 64 hex digits", ""};
  const std::string raw = from_hex(secret_key);
  Z85Key secret_z85{}, public_z85{};
  GHOST_CHECK(zmq_z85_encode(secret_z85.data(), reinterpret_cast<const uint8_t*>(raw.data()),
                             raw.size()) != nullptr);
  GHOST_CHECK(zmq_curve_public(public_z85.data(), secret_z85.data()) == 0);
  return KeyPair{hex_of(public_z85), secret_key};
}

std::string print_membership(const Membership& m) {
  std::string out(kFormat);
  for (const std::string& part :
       {std::string(to_string(m.role)), m.name, m.secret_key, m.broker_key, m.endpoint}) {
    out += "/" + part;
  }
  return out;
}

Result<Membership> parse_membership(const std::string& text) {
  std::string_view rest = trimmed(text);
  if (rest.size() > kTextBytesMax) return no_membership("too long");
  std::array<std::string, 5> parts;
  for (std::string& part : parts) {
    const size_t slash = rest.find('/');
    if (slash == rest.npos) return no_membership("it has too few parts");
    part = rest.substr(0, slash);
    rest.remove_prefix(slash + 1);
  }
  if (parts[0] != kFormat) return no_membership("it does not begin with ghost1/");
  const auto role = parse_key_role(parts[1]);
  if (!role) return no_membership("its role is none of runner, relay, client");
  if (!is_name(parts[2])) return no_membership("its name is none");
  if (!is_key(parts[3]) || !is_key(parts[4])) return no_membership("a key is not 64 hex digits");
  if (rest.rfind("tcp://", 0) != 0) return no_membership("its address is not tcp://HOST:PORT");
  return Membership{*role, parts[2], parts[3], parts[4], std::string(rest)};
}

Result<std::string> read_secret_file(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) == 0 && (info.st_mode & 077) != 0) {
    return Error{"bad_config", path + " can be read by others: chmod 600 it", ""};
  }
  return read_file(path);
}

Status write_secret_file(const std::string& path, const std::string& text) {
  return write_file_atomic(path, text, 0600);
}

Result<Membership> load_membership(const std::string& text) {
  if (text.empty() || text[0] != '@') return parse_membership(text);
  const std::string path = text.substr(1);
  Result<std::string> held = read_secret_file(path);
  if (!held) return held.error();
  Result<Membership> read = parse_membership(*held);
  if (!read) return Error{"bad_config", path + ": " + read.error().message, ""};
  return read;
}

Result<BrokerAddress> broker_address(KeyRole role, const std::string& join, const std::string& file,
                                     const std::string& endpoint) {
  const bool kept = !file.empty() && ::access(file.c_str(), F_OK) == 0;
  if (join.empty() && !kept) {
    if (is_local_endpoint(endpoint)) return BrokerAddress{endpoint, {}, ""};
    return Error{"bad_config",
                 "broker: " + endpoint +
                     " is not on this host: join the farm with --join, as `ghost keys add` says",
                 ""};
  }
  const Result<Membership> member = load_membership(join.empty() ? "@" + file : join);
  if (!member) return member.error();
  if (member->role != role) {
    return Error{"bad_config",
                 "the join string is that of a " + std::string(to_string(member->role)) +
                     ", not of a " + std::string(to_string(role)),
                 ""};
  }
  if (!join.empty() && !file.empty()) {
    if (Status s = write_secret_file(file, print_membership(*member) + "\n"); !s) return s.error();
  }
  return BrokerAddress{member->endpoint, ClientKeys{member->secret_key, member->broker_key},
                       member->name};
}

Status follow_move(const std::string& file, const Address& move) {
  if (file.empty() || ::access(file.c_str(), F_OK) != 0) return ok_status();
  Result<Membership> member = load_membership("@" + file);
  if (!member) return member.error();
  member->endpoint = move.endpoint;
  member->broker_key = move.broker_key;
  return write_secret_file(file, print_membership(*member) + "\n");
}

void hide_secrets(int argc, char** argv) {
  const auto hide = [](char* text) {
    const bool secret =
        std::string_view(text).starts_with(std::string(kFormat) + "/") || !token_id(text).empty();
    if (secret) std::memset(text, 'x', std::strlen(text));
  };
  const auto value_of = [](char* text) {
    char* const equals = std::strchr(text, '=');
    return equals == nullptr ? text : equals + 1;
  };
  for (int i = 1; i < argc; ++i) {
    hide(std::strncmp(argv[i], "--", 2) == 0 ? value_of(argv[i]) : argv[i]);
  }
  for (char** variable = environ; *variable != nullptr; ++variable) hide(value_of(*variable));
}

}  // namespace ghost::wire
