// The bearer tokens of HTTP and the limits of tenants, as the broker's folder holds them: answers
// relays, which keep none of it for longer than a moment, and notices when the file changes. One
// owner, the broker's thread.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "base/time.h"
#include "wire/token_book.h"

namespace ghost::broker {

class TokenDesk {
 public:
  // An empty folder: no tokens, and none can be added.
  explicit TokenDesk(std::string folder) : folder_{std::move(folder)} {}

  // Error codes io_error, bad_config.
  Status load();

  // Reads the book again when it was changed, at most every kRefreshMs; what others changed since.
  // A book that cannot be read leaves everything as it was, and is said in the log.
  struct Changes {
    std::vector<wire::BearerToken> tokens;  // added or revoked
    std::vector<wire::Tenant> tenants;      // with new limits; all zero: none any more
    bool first = false;                     // what was there at the start: no change
  };
  Changes refresh(MonoMs now);
  MonoMs next_deadline() const { return folder_.path.empty() ? INT64_MAX : refresh_at_; }

  // Those that are good at `now`, and their tenants as far as these have limits.
  wire::TokensChecked check(const wire::CheckTokens& question, WallMs now) const;
  std::vector<wire::BearerToken> list() const;  // without digests
  // Written when they return. Error codes as TokenBook's; conflict where there is no folder.
  Result<wire::BearerToken> put(wire::BearerToken token, WallMs now);
  Result<wire::BearerToken> revoke(const std::string& name, WallMs now);
  Result<wire::Tenant> patch(const wire::PatchTenant& change);

  static constexpr int64_t kRefreshMs = 500;

 private:
  void reread();
  Status take(wire::TokenBook book);
  Status change(const std::function<Status(wire::TokenBook&)>& edit);

  wire::KeyFolder folder_;
  wire::TokenBook book_;
  std::unordered_map<std::string, size_t> by_id_;  // not revoked: place in the book
  std::unordered_map<std::string, wire::Tenant> tenants_;
  std::string stamp_;  // of the book's file when it was read
  Changes changes_;    // found and not yet told
  MonoMs refresh_at_ = 0;
};

}  // namespace ghost::broker
