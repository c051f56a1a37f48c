#include "wire/repo_url.h"

#include <arpa/inet.h>
#include <netdb.h>

#include <algorithm>
#include <cstring>
#include <sstream>

#include "base/log.h"

namespace ghost::wire {
namespace {

constexpr NetAddress kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0};

Error refused(const std::string& why) {
  return {"url_refused", "the repository's URL " + why, ""};
}

NetAddress mapped(const uint8_t* v4) {
  NetAddress out = kMapped;
  std::copy(v4, v4 + 4, out.begin() + 12);
  return out;
}

bool in_net(const NetAddress& address, const NetAddress& net, unsigned bits) {
  const unsigned bytes = bits / 8, rest = bits % 8;
  if (!std::equal(net.begin(), net.begin() + bytes, address.begin())) return false;
  if (rest == 0) return true;
  const unsigned mask = 0xff00u >> rest & 0xffu;
  return (net[bytes] & mask) == (address[bytes] & mask);
}

bool read_address(const std::string& text, NetAddress* out) {
  uint8_t v4[4];
  if (inet_pton(AF_INET, text.c_str(), v4) == 1) {
    *out = mapped(v4);
    return true;
  }
  return inet_pton(AF_INET6, text.c_str(), out->data()) == 1;
}

struct Special {
  const char* net;
  unsigned bits;
};
constexpr Special kSpecial4[] = {{"0.0.0.0", 8},      {"10.0.0.0", 8},     {"100.64.0.0", 10},
                                 {"127.0.0.0", 8},    {"169.254.0.0", 16}, {"172.16.0.0", 12},
                                 {"192.0.0.0", 24},   {"192.0.2.0", 24},   {"192.88.99.0", 24},
                                 {"192.168.0.0", 16}, {"198.18.0.0", 15},  {"198.51.100.0", 24},
                                 {"203.0.113.0", 24}, {"224.0.0.0", 4},    {"240.0.0.0", 4}};
// Of IPv6 only 2000::/3 is in use; of that these are not.
constexpr Special kSpecial6[] = {{"2001::", 23}, {"2001:db8::", 32}, {"3fff::", 20}};

bool in_any(const NetAddress& address, const Special* begin, const Special* end, unsigned shift) {
  return std::any_of(begin, end, [&](const Special& special) {
    NetAddress net;
    return read_address(special.net, &net) && in_net(address, net, special.bits + shift);
  });
}

// The host and port of "user@host:port". Nothing but what every reader takes for the same.
Status read_authority(std::string_view authority, RepoUrl* out) {
  const size_t at = authority.rfind('@');
  if (at != authority.npos) {
    const std::string_view user = authority.substr(0, at);
    if (user.find(':') != user.npos) {
      return refused("holds a password: keep it in a credential on the runner hosts");
    }
    if (user.starts_with('-') || user.find_first_of("@/\\?#") != user.npos) {
      return refused("names no user that could be meant");
    }
    authority.remove_prefix(at + 1);
  }
  std::string_view host = authority;
  const bool bracketed = host.starts_with('[');
  const size_t colon = bracketed ? host.find(':', host.find(']')) : host.find(':');
  if (colon != host.npos) {
    out->port = host.substr(colon + 1);
    host = host.substr(0, colon);
    if (out->port.size() > 5 || out->port.find_first_not_of("0123456789") != std::string::npos) {
      return refused("names a port that is none");
    }
  }
  if (bracketed) {
    if (!host.ends_with(']')) return refused("names no host");
    host = host.substr(1, host.size() - 2);
  }
  out->host = host;
  constexpr std::string_view kLetters =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._";
  NetAddress address;
  if (bracketed || host.find(':') != host.npos) {
    if (!read_address(out->host, &address)) return refused("names no host");
    return ok_status();
  }
  if (host.empty() || host.size() > 255 || host.front() == '-' ||
      host.find_first_not_of(kLetters) != host.npos) {
    return refused("names no host");
  }
  // What ends in a number is an IPv4 address to every reader, in forms that few agree about:
  // "2130706433", "0x7f.1", "0177.0.0.1" (WHATWG URL, "ends in a number").
  std::string_view last = host.ends_with('.') ? host.substr(0, host.size() - 1) : host;
  last = last.substr(last.rfind('.') + 1);
  const bool number = !last.empty() && last.find_first_not_of("0123456789") == last.npos;
  const bool hex = last.starts_with("0x") || last.starts_with("0X");
  if ((number || hex) && !read_address(out->host, &address)) {
    return refused("names an address that is not written as four plain numbers");
  }
  return ok_status();
}

}  // namespace

std::string print_address(const NetAddress& address) {
  char text[INET6_ADDRSTRLEN] = {};
  if (in_net(address, kMapped, 96)) {
    inet_ntop(AF_INET, address.data() + 12, text, sizeof text);
  } else {
    inet_ntop(AF_INET6, address.data(), text, sizeof text);
  }
  return text;
}

Result<Networks> Networks::parse(const std::string& text) {
  Networks out;
  if (text == "all") {
    out.nets_.push_back({{}, 0});
    return out;
  }
  std::istringstream list(text);
  std::string word;
  while (std::getline(list, word, ',')) {
    const Error bad{"bad_config",
                    "\"" + word + "\": expected a network as in 10.0.0.0/8 or fd00::/8, or all",
                    ""};
    const size_t slash = word.find('/');
    Net net;
    if (!read_address(word.substr(0, slash), &net.address)) return bad;
    const unsigned shift = word.find(':') == word.npos ? 96 : 0;
    unsigned bits = 128 - shift;
    if (slash != word.npos) {
      const std::string size = word.substr(slash + 1);
      if (size.empty() || size.size() > 3 || size.find_first_not_of("0123456789") != size.npos) {
        return bad;
      }
      bits = static_cast<unsigned>(std::stoul(size));
    }
    if (bits > 128 - shift) return bad;
    net.bits = bits + shift;
    out.nets_.push_back(net);
  }
  return out;
}

bool Networks::hold(const NetAddress& address) const {
  return std::any_of(nets_.begin(), nets_.end(),
                     [&](const Net& net) { return in_net(address, net.address, net.bits); });
}

bool is_public(const NetAddress& address) {
  if (in_net(address, kMapped, 96)) {
    return !in_any(address, std::begin(kSpecial4), std::end(kSpecial4), 96);
  }
  // An IPv4 address within another form goes where that one goes: 6to4, NAT64, IPv4-compatible.
  NetAddress net;
  if (read_address("2002::", &net) && in_net(address, net, 16)) {
    return is_public(mapped(address.data() + 2));
  }
  if (read_address("64:ff9b::", &net) && in_net(address, net, 96)) {
    return is_public(mapped(address.data() + 12));
  }
  if (!read_address("2000::", &net) || !in_net(address, net, 3)) return false;
  return !in_any(address, std::begin(kSpecial6), std::end(kSpecial6), 0);
}

Result<RepoUrl> parse_repo_url(std::string_view url) {
  if (url.empty() || url.front() == '-') return refused("is no URL");
  for (const char c : url) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      return refused("holds a control character");
  }
  if (url.find("::") != url.npos && url.find("::") < url.find_first_of("/[")) {
    return refused("names a remote helper, which is not allowed");
  }
  RepoUrl out;
  const size_t colon = url.find("://");
  if (colon == url.npos) {
    if (url.front() == '/') {
      out.scheme = "file";
      return out;
    }
    // "host:path" is ssh to git; "a/b" would be relative to wherever the runner was started.
    const size_t bracket = url.find(']');
    const size_t end =
        url.find(':', url.find('[') < url.find('/') && bracket != url.npos ? bracket : 0);
    if (end == url.npos || end > url.find('/'))
      return refused("is neither an absolute path nor a URL");
    out.scheme = "ssh";
    if (Status s = read_authority(url.substr(0, end), &out); !s) return s.error();
    return out;
  }
  out.scheme = url.substr(0, colon);
  const std::string_view rest = url.substr(colon + 3);
  const std::string_view authority = rest.substr(0, rest.find('/'));
  if (out.scheme == "file") {
    if (!authority.empty() && authority != "localhost")
      return refused("names another host for a file");
    return out;
  }
  if (Status s = read_authority(authority, &out); !s) return s.error();
  return out;
}

Status check_repo_url(std::string_view url, const std::string& schemes, const Networks& allowed) {
  const Result<RepoUrl> parsed = parse_repo_url(url);
  if (!parsed) return parsed.error();
  if ((":" + schemes + ":").find(":" + parsed->scheme + ":") == std::string::npos) {
    return refused("uses a protocol that is not allowed here (allowed: " + schemes + ")");
  }
  NetAddress address;
  if (read_address(parsed->host, &address) && !is_public(address) && !allowed.hold(address)) {
    return refused("is in a private network: --allow-private of broker and runners can name it");
  }
  return ok_status();
}

Result<std::vector<NetAddress>> resolve_host(const std::string& host) {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int rc = getaddrinfo(host.c_str(), nullptr, &wanted, &found); rc != 0) {
    return Error{"io_error", std::string("look up the repository's host: ") + gai_strerror(rc), ""};
  }
  std::vector<NetAddress> out;
  for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
    NetAddress address;
    if (at->ai_family == AF_INET) {
      sockaddr_in v4;
      std::memcpy(&v4, at->ai_addr, sizeof v4);
      address = mapped(reinterpret_cast<const uint8_t*>(&v4.sin_addr));
    } else if (at->ai_family == AF_INET6) {
      sockaddr_in6 v6;
      std::memcpy(&v6, at->ai_addr, sizeof v6);
      std::memcpy(address.data(), &v6.sin6_addr, address.size());
    } else {
      continue;
    }
    if (std::find(out.begin(), out.end(), address) == out.end()) out.push_back(address);
  }
  freeaddrinfo(found);
  return out;
}

Result<std::vector<NetAddress>> vet_host(const std::string& host, const Networks& allowed,
                                         const Resolve& resolve) {
  NetAddress literal;
  Result<std::vector<NetAddress>> found =
      read_address(host, &literal) ? std::vector<NetAddress>{literal} : resolve(host);
  if (!found) return found;
  if (found->empty()) return Error{"io_error", "the repository's host has no address", ""};
  for (const NetAddress& address : *found) {
    if (is_public(address) || allowed.hold(address)) continue;
    log::warn("repository's host refused", {{"host", host}, {"address", print_address(address)}});
    return refused(
        "leads into a private network: --allow-private of broker and runners can name it");
  }
  return found;
}

}  // namespace ghost::wire
