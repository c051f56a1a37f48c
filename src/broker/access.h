// Who may say what to the broker: by the key that a peer has proved to hold, its role and its name.
// Addresses without keys are of this host alone, and whoever reaches them is trusted. Keeps the
// folder's key book at hand and notices when it changes. One owner, the broker's thread.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/rate_bucket.h"
#include "broker/inbound.h"
#include "wire/key_book.h"
#include "wire/zap.h"

namespace ghost::broker {

// The names of the sockets in questions of ZAP.
inline constexpr const char* kClientsDomain = "clients";
inline constexpr const char* kRunnersDomain = "runners";

class Access {
 public:
  // An empty folder: no keys, and none can be added.
  explicit Access(std::string folder) : folder_{std::move(folder)} {}

  // Error codes io_error, bad_config.
  Status load();

  // Reads the book again when it was changed, at most every kRefreshMs. What was added and revoked
  // by others since. A book that cannot be read leaves everything as it was, and is said in the
  // log.
  struct Changes {
    std::vector<wire::Key> added, revoked;
  };
  Changes refresh(MonoMs now);
  MonoMs next_deadline() const;

  // For ZAP, with the reason of a refusal in the log.
  bool accepts(const wire::ZapRequest& request);

  // The route of a message that may be heard: routing id and key. Nothing for a routing id that the
  // peer chose, and for a key that is no longer accepted.
  std::optional<std::string> route_of(wire::Incoming& in);
  // Whether the owner of the route's key may ask for this; a client's name is put in as the actor.
  // Error code forbidden.
  // What the peer is told is less than what the log says.
  Status allows(const std::string& route, Inbound* inbound);
  // Whether anything may still be sent there.
  bool hears(const std::string& route) const;

  const std::vector<wire::Key>& keys() const { return book_.keys(); }
  // Written when they return. Error codes as KeyBook's; conflict where there is no key folder.
  Status put(wire::Key key, WallMs now);
  Result<wire::Key> revoke(const std::string& name, WallMs now);

  // An address of that side that asks for keys, with the key that a peer should expect there; and
  // where its peers should connect from now on, while the broker's key changes. Said by the doors.
  struct Addresses {
    std::optional<wire::Address> keyed, move;
  };
  Addresses& addresses(Side side) { return addresses_[side == Side::kClients ? 0 : 1]; }

  // Connections and messages refused, by reason.
  const std::map<std::string, uint64_t>& refused() const { return refused_; }
  void count_refused(const std::string& reason, uint64_t n = 1) { refused_[reason] += n; }

  static constexpr int64_t kRefreshMs = 500;

 private:
  static Status judge(const wire::Key& key, Inbound* inbound);
  const wire::Key* active(std::string_view public_key) const;
  void reread();
  void index();

  wire::KeyFolder folder_;
  wire::KeyBook book_;
  std::unordered_map<std::string, const wire::Key*> by_key_;  // not revoked
  std::string stamp_;                                         // of the book's file when it was read
  Changes changes_;                                           // found and not yet told
  MonoMs refresh_at_ = 0;
  Addresses addresses_[2];
  std::map<std::string, uint64_t> refused_;
  RateBucket log_{600};  // refusals written down
};

}  // namespace ghost::broker
