// URLs of repositories in the catalogue: which are let in, by scheme and by where their host is.
// The broker asks before one is kept, the runner again before git is given it, with what the name
// resolves to then. Pure but for resolve_host; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace ghost::wire {

// IPv6, or IPv4 mapped into it, in the order of the network.
using NetAddress = std::array<uint8_t, 16>;
std::string print_address(const NetAddress& address);

// Networks that repositories may be in although they are not the public Internet's.
class Networks {
 public:
  // "10.0.0.0/8,fd00::/8", "all", or nothing. Error code bad_config.
  static Result<Networks> parse(const std::string& text);
  bool hold(const NetAddress& address) const;

 private:
  struct Net {
    NetAddress address{};
    unsigned bits = 0;
  };
  std::vector<Net> nets_;
};

// Whether an address is one of the public Internet: not of this host, a private network, a link, a
// test network or a group, also where it is wrapped in an IPv6 form (RFC 6890 and the IANA
// registries of special-purpose addresses).
bool is_public(const NetAddress& address);

struct RepoUrl {
  std::string scheme;  // file, git, http, https or ssh
  std::string host;    // without brackets; empty for file
  std::string port;    // as written; empty: the scheme's
};
// Takes URLs, absolute paths (file) and HOST:PATH (ssh). Refused: what git would take for an option
// or a helper, passwords inside, hosts in forms over which readers could disagree (numbers that are
// not plain IPv4, escapes, zones). Error code url_refused; the message does not hold the URL.
Result<RepoUrl> parse_repo_url(std::string_view url);

// `schemes` as in "file:git:https:ssh". A host that is an address must be public or allowed; a name
// is not looked up. Error code url_refused.
Status check_repo_url(std::string_view url, const std::string& schemes, const Networks& allowed);

// Every address that a name has now, or the address that it is. Error code io_error.
using Resolve = std::function<Result<std::vector<NetAddress>>(const std::string& host)>;
Result<std::vector<NetAddress>> resolve_host(const std::string& host);

// The addresses of a host, each of them public or allowed. Error codes url_refused, io_error.
Result<std::vector<NetAddress>> vet_host(const std::string& host, const Networks& allowed,
                                         const Resolve& resolve);

}  // namespace ghost::wire
