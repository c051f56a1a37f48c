// Who may speak with a farm over HTTP, and how much of it each tenant may use: the file "tokens" of
// a broker's key folder, one line a token or tenant, that `ghost token` and `ghost tenant` edit and
// the broker watches:
//   token NAME ID SHA256 tenant=TENANT scopes=SCOPE,... added=TIME [expires=TIME] [revoked=TIME]
//   tenant NAME rate=N in-flight=N payload-bytes=N
// Lines that begin with # are comments and are lost by the next change. Values; one owner.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "wire/key_book.h"
#include "wire/messages.gen.h"

namespace ghost::wire {

// "ghost_ID_SECRET": a public part, by which the token is found, and 192 random bits. Only the
// SHA-256 of the whole is ever kept, so nothing slower than that is needed.
struct MintedToken {
  std::string id, text;
};
MintedToken mint_token();
// The public part of what may be a token; empty: it is none.
std::string_view token_id(std::string_view text);
std::string token_digest(std::string_view text);  // 64 hex digits

class TokenBook {
 public:
  static constexpr size_t kTokensMax = 50'000, kTenantsMax = 10'000;

  // Error code bad_config, which names file and line, never its text.
  static Result<TokenBook> parse(const std::string& text, const std::string& path);
  std::string print() const;

  const std::vector<BearerToken>& tokens() const { return tokens_; }
  const std::vector<Tenant>& tenants() const { return tenants_; }
  const BearerToken* find(std::string_view id) const;

  // Error codes: conflict (the name is in use, or the id is known), bad_field, rate_limited (the
  // book is full). A name that was revoked may be given again.
  Status add(BearerToken token);
  // Error code not_found.
  Status revoke(const std::string& name, WallMs now);
  // What is left out stays. Gives the tenant as it is then. Error codes bad_field, rate_limited.
  Result<Tenant> patch(const PatchTenant& change);

 private:
  Status read_line(const std::string& line);

  std::vector<BearerToken> tokens_;
  std::vector<Tenant> tenants_;
};

// The book of a folder; one that is not there is empty. Error code bad_config also where others may
// read or write the file.
Result<TokenBook> load_token_book(const KeyFolder& folder);
// Reads, changes and writes the book under the folder's lock; makes the folder where needed.
Status change_token_book(const KeyFolder& folder, const std::function<Status(TokenBook&)>& change);

}  // namespace ghost::wire
