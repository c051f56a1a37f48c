#include "wire/token_book.h"

#include <unistd.h>

#include <algorithm>
#include <sstream>

#include "base/bytes.h"
#include "base/fs.h"
#include "base/ids.h"

namespace ghost::wire {
namespace {

constexpr std::string_view kPrefix = "ghost_";
constexpr size_t kIdDigits = 16, kSecretDigits = 48;

bool is_hex(std::string_view text) {
  return text.find_first_not_of("0123456789abcdef") == text.npos;
}

Error bad(const std::string& what) {
  return {"bad_config", what, ""};
}

Status read_time(const std::string& name, const std::string& value, std::optional<WallMs>* out) {
  const Result<WallMs> at = parse_rfc3339(value);
  if (!at) return bad(name + ": not a time");
  *out = *at;
  return ok_status();
}

Status read_scopes(const std::string& value, std::vector<Scope>* out) {
  std::istringstream list(value);
  std::string word;
  while (std::getline(list, word, ',')) {
    const auto scope = parse_scope(word);
    if (!scope) return bad("scopes: expected submit, read, operate or admin");
    out->push_back(*scope);
  }
  return ok_status();
}

// One optional part of a line, "name=value".
Status read_part(const std::string& name, const std::string& value, BearerToken* token) {
  if (name == "tenant") {
    if (!is_name(value)) return bad("tenant: not a name");
    token->tenant = value;
    return ok_status();
  }
  if (name == "scopes") return read_scopes(value, &token->scopes);
  if (name == "added") return read_time(name, value, &token->added_at);
  if (name == "expires") return read_time(name, value, &token->expires_at);
  if (name == "revoked") return read_time(name, value, &token->revoked_at);
  return bad("expected tenant=, scopes=, added=, expires= or revoked=");
}

Status read_part(const std::string& name, const std::string& value, Tenant* tenant) {
  uint64_t* const field = name == "rate"            ? &tenant->rate
                          : name == "in-flight"     ? &tenant->in_flight
                          : name == "payload-bytes" ? &tenant->payload_bytes
                                                    : nullptr;
  if (field == nullptr) return bad("expected rate=, in-flight= or payload-bytes=");
  if (value.empty() || value.size() > 12 || value.find_first_not_of("0123456789") != value.npos) {
    return bad(name + ": not a number");
  }
  *field = std::stoull(value);
  return ok_status();
}

template <typename T>
Status read_parts(std::istringstream& words, T* into) {
  std::string part;
  while (words >> part) {
    const size_t equals = part.find('=');
    const std::string value = equals == part.npos ? "" : part.substr(equals + 1);
    if (Status s = read_part(part.substr(0, equals), value, into); !s) return s;
  }
  return ok_status();
}

Status check(const BearerToken& token) {
  if (!is_name(token.name)) return Error{"bad_field", "name: not a name", "name"};
  if (!is_name(token.tenant)) return Error{"bad_field", "tenant: not a name", "tenant"};
  if (token.id.size() != kIdDigits || !is_hex(token.id)) {
    return Error{"bad_field", "id: expected 16 hex digits", "id"};
  }
  if (token.sha256.size() != 64 || !is_hex(token.sha256)) {
    return Error{"bad_field", "sha256: expected 64 hex digits", "sha256"};
  }
  if (token.scopes.empty()) return Error{"bad_field", "scopes: expected at least one", "scopes"};
  return ok_status();
}

}  // namespace

MintedToken mint_token() {
  const std::string digits = to_hex(random_bytes((kIdDigits + kSecretDigits) / 2));
  const std::string id = digits.substr(0, kIdDigits);
  return {id, std::string(kPrefix) + id + "_" + digits.substr(kIdDigits)};
}

std::string_view token_id(std::string_view text) {
  if (text.size() != kPrefix.size() + kIdDigits + 1 + kSecretDigits) return {};
  if (!text.starts_with(kPrefix) || text[kPrefix.size() + kIdDigits] != '_') return {};
  const std::string_view id = text.substr(kPrefix.size(), kIdDigits);
  return is_hex(id) ? id : std::string_view();
}

std::string token_digest(std::string_view text) {
  return sha256_hex(text);
}

Status TokenBook::read_line(const std::string& line) {
  std::istringstream words(line);
  std::string kind;
  words >> kind;
  if (kind == "token") {
    BearerToken token;
    words >> token.name >> token.id >> token.sha256;
    if (Status s = read_parts(words, &token); !s) return s;
    if (Status s = check(token); !s) return bad(s.error().message);
    tokens_.push_back(std::move(token));
    return ok_status();
  }
  if (kind != "tenant") return bad("expected token or tenant");
  Tenant tenant;
  words >> tenant.name;
  if (!is_name(tenant.name)) return bad("not a name");
  if (Status s = read_parts(words, &tenant); !s) return s;
  tenants_.push_back(std::move(tenant));
  return ok_status();
}

Result<TokenBook> TokenBook::parse(const std::string& text, const std::string& path) {
  TokenBook out;
  std::istringstream lines(text);
  std::string line;
  for (int number = 1; std::getline(lines, line); ++number) {
    if (line.find_first_not_of(" \t\r") == line.npos || line[0] == '#') continue;
    if (Status s = out.read_line(line); !s) {
      return bad(path + ", line " + std::to_string(number) + ": " + s.error().message);
    }
  }
  return out;
}

std::string TokenBook::print() const {
  std::string out =
      "# Bearer tokens, by their SHA-256, and limits of tenants. Change it with `ghost token` and\n"
      "# `ghost tenant`.\n";
  for (const BearerToken& token : tokens_) {
    out += "token " + token.name + " " + token.id + " " + token.sha256 + " tenant=" + token.tenant +
           " scopes=";
    for (size_t i = 0; i < token.scopes.size(); ++i) {
      out += (i == 0 ? "" : ",") + std::string(to_string(token.scopes[i]));
    }
    if (token.added_at) out += " added=" + format_rfc3339(*token.added_at);
    if (token.expires_at) out += " expires=" + format_rfc3339(*token.expires_at);
    if (token.revoked_at) out += " revoked=" + format_rfc3339(*token.revoked_at);
    out += "\n";
  }
  for (const Tenant& tenant : tenants_) {
    out += "tenant " + tenant.name + " rate=" + std::to_string(tenant.rate) +
           " in-flight=" + std::to_string(tenant.in_flight) +
           " payload-bytes=" + std::to_string(tenant.payload_bytes) + "\n";
  }
  return out;
}

const BearerToken* TokenBook::find(std::string_view id) const {
  for (const BearerToken& token : tokens_) {
    if (token.id == id) return &token;
  }
  return nullptr;
}

Status TokenBook::add(BearerToken token) {
  if (Status s = check(token); !s) return s;
  if (tokens_.size() >= kTokensMax) return Error{"rate_limited", "the token book is full", ""};
  if (find(token.id) != nullptr) return Error{"conflict", "this token is known already", "id"};
  for (const BearerToken& known : tokens_) {
    if (known.name == token.name && !known.revoked_at) {
      return Error{"conflict", "there is a token named " + token.name + "; revoke it first",
                   "name"};
    }
  }
  tokens_.push_back(std::move(token));
  return ok_status();
}

Status TokenBook::revoke(const std::string& name, WallMs now) {
  for (BearerToken& token : tokens_) {
    if (token.name != name || token.revoked_at) continue;
    token.revoked_at = now;
    return ok_status();
  }
  return Error{"not_found", "there is no token named " + name, "name"};
}

Result<Tenant> TokenBook::patch(const PatchTenant& change) {
  if (!is_name(change.name)) return Error{"bad_field", "name: not a name", "name"};
  auto at = std::find_if(tenants_.begin(), tenants_.end(),
                         [&](const Tenant& tenant) { return tenant.name == change.name; });
  if (at == tenants_.end()) {
    if (tenants_.size() >= kTenantsMax) {
      return Error{"rate_limited", "there are too many tenants", "name"};
    }
    at = tenants_.insert(at, Tenant{});
    at->name = change.name;
  }
  if (change.rate) at->rate = *change.rate;
  if (change.in_flight) at->in_flight = *change.in_flight;
  if (change.payload_bytes) at->payload_bytes = *change.payload_bytes;
  return *at;
}

Result<TokenBook> load_token_book(const KeyFolder& folder) {
  if (::access(folder.tokens().c_str(), F_OK) != 0 && errno == ENOENT) return TokenBook();
  const Result<std::string> text = read_secret_file(folder.tokens());
  if (!text) return text.error();
  return TokenBook::parse(*text, folder.tokens());
}

Status change_token_book(const KeyFolder& folder, const std::function<Status(TokenBook&)>& change) {
  if (Status s = make_dirs(folder.path, 0700); !s) return s;
  give_to_owner_of_folder(folder.path);
  const Result<FileLock> lock = FileLock::take(folder.lock());
  if (!lock) return lock.error();
  Result<TokenBook> book = load_token_book(folder);
  if (!book) return book.error();
  if (Status s = change(*book); !s) return s;
  Status written = write_file_atomic(folder.tokens(), book->print(), 0600);
  if (written) give_to_owner_of_folder(folder.tokens());
  return written;
}

}  // namespace ghost::wire
